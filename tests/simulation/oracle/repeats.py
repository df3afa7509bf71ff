"""Repeats: only where they are on, as far apart as they should be, and not once somebody came or saw it."""

from escalate_daemon.core.commands import Approach, Command, Dismiss, ReportNotShown, ReportSeen, Say
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.tuning import MINUTE, RING_QUIET, RINGS_PER_MINUTE
from simulation.machine import Machine
from simulation.oracle.rule import Case, Rule
from simulation.oracle.truth import REPEAT_EARLY

Key = tuple[HandId, int]


class Repeats(Rule):
    """Every ring after the first, and why it may be."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._rang: dict[Key, tuple[int, int]] = {}  # when, in which run of the daemon
        self._seen: set[Key] = set()  # since its last ring
        self._failed: set[Key] = set()
        self._hushed: set[Key] = set()
        self._sounded: set[Key] = set()
        self._of_owner: dict[tuple[int, int], list[int]] = {}

    def did(self, machine: Machine, command: Command) -> None:
        if isinstance(command, ReportSeen | Dismiss | Approach | Say):
            self._seen.add((command.hand, machine.index))
        elif isinstance(command, ReportNotShown):
            self._failed.add((command.hand, machine.index))

    def restored(self, machine: Machine) -> None:
        self._rang = {key: rang for key, rang in self._rang.items() if key[1] != machine.index}
        self._seen = {key for key in self._seen if key[1] != machine.index}

    def sounded(self, machine: Machine, hand: HandId) -> None:
        self._sounded.add((hand, machine.index))

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        key = (show.hand, machine.index)
        if show.kind is ShowKind.UPDATE and show.hush and key in self._rang and key not in self._sounded:
            self._hushed.add(key)
        if show.kind is not ShowKind.SHOW or show.urgency is not Urgency.RING:
            return
        before, self._rang[key] = self._rang.get(key), (self.world.now, machine.boot)
        anew = key in self._failed or key in self._hushed
        if before is not None and before[1] == machine.boot and not anew:
            self._repeats(machine, key, self.world.now - before[0])
        for notes in (self._failed, self._hushed, self._seen):
            notes.discard(key)
        hand = self.truth.hands.get(show.hand)
        if hand is not None:
            self._of_owner.setdefault((hand.owner, machine.index), []).append(self.world.now)

    def _repeats(self, machine: Machine, key: Key, gap: int) -> None:
        repeat = self.truth.repeat(machine)
        if not repeat or gap < repeat - REPEAT_EARLY:
            self.broken("repeats", f"n{key[1]} is rung again for {key[0]} after {gap} ms, repeats {repeat or 'off'}")
        if key in self._seen:
            self.broken("repeats", f"n{key[1]} is rung again for {key[0]}, which its person saw")
        self.stake("repeats")
        hand = self.truth.hands.get(key[0])
        if hand is None or machine.boot > 1 or machine.desk.habits.fails:
            return
        times = [at for at in self._of_owner.get((hand.owner, key[1]), []) if self.world.now - at < MINUTE]
        if len(times) >= RINGS_PER_MINUTE and self.world.now - times[-1] < RING_QUIET:
            self.broken("repeats", f"n{key[1]} is rung {len(times) + 1} times in a minute by n{hand.owner}")
