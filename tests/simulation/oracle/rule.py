"""What every rule of the oracle is: a witness with a case, that looks at all views once a sweep."""

from collections import Counter
from dataclasses import dataclass, field

from escalate_daemon.core.views import EscalationView, MemberView
from simulation.machine import Machine
from simulation.oracle.claims import Claims
from simulation.oracle.fairness import Fairness
from simulation.oracle.truth import Truth
from simulation.witness import Witness
from simulation.world import World


class RuleBroken(Exception):
    """A rule of design.md's "What must always hold" does not hold. The text says which, where and when."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"rule {rule}: {text}")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Look:
    """What one running node shows at this moment."""

    machine: Machine
    members: tuple[MemberView, ...]
    escalations: tuple[EscalationView, ...]


@dataclass(slots=True)
class Case:
    """What the rules share."""

    world: World
    truth: Truth
    fairness: Fairness
    claims: Claims
    stakes: Counter[str] = field(default_factory=Counter)


class Rule(Witness):
    """One rule, or a few that share their evidence. `sweep` sees all running nodes, every half second or so."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.world = case.world
        self.truth = case.truth
        self.fairness = case.fairness
        self.claims = case.claims
        self._counted: set[object] = set()

    def sweep(self, looks: list[Look]) -> None:
        """Judge what the nodes show now."""

    def final(self, looks: list[Look]) -> None:
        """Judge the end of a run: all healed, all quiet."""

    def stake(self, rule: str, once: object = None) -> None:
        """The rule could have been broken here; with `once`, counted once for that key."""
        if once is not None:
            key = (rule, once)
            if key in self._counted:
                return
            self._counted.add(key)
        self.case.stakes[rule] += 1

    def broken(self, rule: str, text: str) -> None:
        """Stop the run."""
        raise RuleBroken(rule, f"{text} (at {self.world.now} ms)")
