"""The oracle itself: hears all that the world tells, asks every rule, and counts what was at stake."""

from collections import Counter
from collections.abc import Callable

from escalate_daemon.core.commands import Command
from escalate_daemon.core.effects import Show, Store
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.node import Node
from simulation.machine import Machine
from simulation.oracle.agreement import Agreement
from simulation.oracle.answers import Answers, Silence
from simulation.oracle.claims import Claims
from simulation.oracle.ending import Ending
from simulation.oracle.fairness import Fairness
from simulation.oracle.ladder import Ladder
from simulation.oracle.liveness import Liveness
from simulation.oracle.policy import Policy, Presence
from simulation.oracle.receipts import Receipts
from simulation.oracle.repeats import Repeats
from simulation.oracle.ringing import Ringing
from simulation.oracle.rule import Case, Look, Rule
from simulation.oracle.truth import Truth
from simulation.oracle.versions import Versions
from simulation.oracle.warning import Warnings
from simulation.witness import Witness
from simulation.world import World

FRESH_EVERY = 5  # sweeps
RULES: tuple[Callable[[Case], Rule], ...] = (
    *(Versions, Ringing, Ending, Liveness, Receipts, Agreement),
    *(Answers, Silence, Ladder, Presence, Policy, Repeats, Warnings),
)


class Oracle(Witness):
    """Truth first, then the rules in order; RuleBroken ends a run."""

    def __init__(self) -> None:
        self._ears: list[Witness] = []
        self._rules: list[Rule] = []
        self._case: Case
        self._sweeps = 0
        self._seen: dict[int, tuple[tuple[int, int, int], Look]] = {}

    def sit(self, world: World) -> None:
        """The world stands: begin."""
        truth, fairness = Truth(world.machines), Fairness(world)
        claims = Claims(world, truth, fairness)
        self._case = Case(world, truth, fairness, claims)
        self._rules = [make(self._case) for make in RULES]
        self._ears = [truth, fairness, claims, *self._rules]

    @property
    def stakes(self) -> Counter[str]:
        """How often each rule was at stake."""
        return self._case.stakes

    @property
    def truth(self) -> Truth:
        """What is true."""
        return self._case.truth

    # --- Judging -----------------------------------------------------------------------------------
    def sweep(self) -> None:
        """Look at every running node, and judge."""
        self._sweeps += 1
        looks = self._look()
        for rule in self._rules:
            rule.sweep(looks)

    def final(self) -> None:
        """All is healed and quiet: judge the end."""
        self._seen = {}
        looks = self._look()
        for rule in self._rules:
            rule.sweep(looks)
            rule.final(looks)

    def _look(self) -> list[Look]:
        self._case.world.look_at_edges()
        self._case.fairness.look()
        return [self._look_at(machine, node) for machine in self._case.world.machines if (node := machine.awake_node)]

    def _look_at(self, machine: Machine, node: Node) -> Look:
        """Its views; looked up again only where a step may have changed them, and now and then all the same."""
        mark = (machine.boot, machine.changes, (self._sweeps + machine.index) // FRESH_EVERY)
        seen = self._seen.get(machine.index)
        if seen is None or seen[0] != mark:
            now = machine.now
            seen = (mark, Look(machine, tuple(node.members(now)), tuple(node.escalations(now))))
            self._seen[machine.index] = seen
        return seen[1]

    # --- Hearing -----------------------------------------------------------------------------------
    def told(self, machine: Machine, command: Command) -> None:
        for ear in self._ears:
            ear.told(machine, command)

    def did(self, machine: Machine, command: Command) -> None:
        for ear in self._ears:
            ear.did(machine, command)

    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for ear in self._ears:
            ear.wrote(machine, stores, committed=committed)

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        state = "" if show.view is None else show.view.state
        self._case.world.log(f"n{machine.index} {show.kind} {show.hand} {show.urgency} {state}")
        for ear in self._ears:
            ear.asked_to_show(machine, show)

    def perceived(self, machine: Machine, show: Show) -> None:
        self._case.world.log(f"n{machine.index} pop-up {show.hand} {show.urgency}")
        for ear in self._ears:
            ear.perceived(machine, show)

    def sounded(self, machine: Machine, hand: HandId) -> None:
        for ear in self._ears:
            ear.sounded(machine, hand)

    def stated(self, machine: Machine, fact: Fact) -> None:
        self._case.world.log_fact(machine, fact)
        for ear in self._ears:
            ear.stated(machine, fact)

    def started(self, machine: Machine) -> None:
        for ear in self._ears:
            ear.started(machine)

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        for ear in self._ears:
            ear.stopped(machine, in_window=in_window)

    def woke(self, machine: Machine) -> None:
        for ear in self._ears:
            ear.woke(machine)

    def restored(self, machine: Machine) -> None:
        for ear in self._ears:
            ear.restored(machine)

    def fault(self, machines: list[Machine], allowance: int) -> None:
        for ear in self._ears:
            ear.fault(machines, allowance)

    def mended(self, allowance: int) -> None:
        for ear in self._ears:
            ear.mended(allowance)

    def jumped(self, machine: Machine, shift: int) -> None:
        for ear in self._ears:
            ear.jumped(machine, shift)

    def at_stake(self, rule: str, count: int = 1) -> None:
        self._case.stakes[rule] += count
