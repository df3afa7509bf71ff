"""What is true of answers: who is coming to whose hand, since when, until when it may silence whom; what was said."""

from collections import Counter
from dataclasses import dataclass

from escalate_daemon.core.commands import Command, Say
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import Answers
from escalate_daemon.core.tuning import CLAIM_OUTLIVES, LINES_KEPT
from escalate_daemon.core.wire import decode_record
from simulation.machine import Machine
from simulation.oracle.fairness import Fairness
from simulation.oracle.truth import Truth
from simulation.witness import Witness
from simulation.world import World

LAPSED = CLAIM_OUTLIVES + 30_000  # ms: as late as rule 8 lets a vanished member be noticed


@dataclass(slots=True)
class TrueClaim:
    """ "I am coming." `gone_at`: withdrawn, or the claimant left. `doubt`: its disk was lost or set back since."""

    at: int
    gone_at: int | None = None
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One line, as its writer's daemon took it."""

    hand: HandId
    text: str
    at: int


class Claims(Witness):
    """Listens to what claimants really wrote."""

    def __init__(self, world: World, truth: Truth, fairness: Fairness) -> None:
        self._world = world
        self._truth = truth
        self._fairness = fairness
        self.made: dict[HandId, dict[int, TrueClaim]] = {}
        self.said: dict[int, list[Said]] = {}
        self._saying: set[int] = set()
        self._died: Counter[int] = Counter()  # lines whose step died: written, or not

    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            if store.bucket is not Bucket.SLOTS or store.value is None or not store.key.endswith(b"/answers"):
                continue
            record = decode_record(store.value)
            if record.member == machine.member:
                self._answered(machine.index, decode_body(record.body, Answers) or Answers())

    def _answered(self, who: int, answers: Answers) -> None:
        now, coming = self._world.now, {HandId(claim.hand) for claim in answers.claims}
        for hand in coming:
            claim = self.made.setdefault(hand, {}).get(who)
            if claim is None or claim.gone_at is not None:
                self.made[hand][who] = TrueClaim(now, doubt=claim is not None and claim.doubt)
        for hand, claims in self.made.items():
            if hand not in coming and who in claims and claims[who].gone_at is None:
                claims[who].gone_at = now

    def told(self, machine: Machine, command: Command) -> None:
        self._saying.discard(machine.index)
        if isinstance(command, Say):
            self._saying.add(machine.index)

    def did(self, machine: Machine, command: Command) -> None:
        if isinstance(command, Say):
            self._saying.discard(machine.index)
            self.said.setdefault(machine.index, []).append(Said(command.hand, command.text, self._world.now))

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        self._died[machine.index] += machine.index in self._saying
        self._saying.discard(machine.index)

    def restored(self, machine: Machine) -> None:
        self.said.pop(machine.index, None)
        for claims in self.made.values():
            if machine.index in claims:
                claims[machine.index].doubt = True

    # --- Asking ------------------------------------------------------------------------------------
    def lines(self, who: int) -> list[Said]:
        """What everybody must come to hold of this writer: its newest lines in all threads."""
        if self._truth.people[who].forked:
            return []
        return self.said.get(who, [])[-max(1, LINES_KEPT - self._died[who]) :]

    def silence_ends(self, hand: HandId, viewer: int) -> int | None:
        """From when surely no claim on it counts there any more, ms; None: one may yet."""
        last = 0
        for claimant, claim in self.made.get(hand, {}).items():
            ends = self._counts_until(viewer, claimant, claim)
            if ends is None:
                return None
            last = max(last, ends)
        return last

    def _counts_until(self, viewer: int, claimant: int, claim: TrueClaim) -> int | None:
        if claim.doubt or self._truth.people[claimant].forked:
            return None
        person = self._truth.people[claimant]
        gone = claim.gone_at if claim.gone_at is not None else person.presence_at if person.left else None
        if viewer == claimant:
            return gone
        times: list[int] = []
        if gone is not None and self._world.machines[claimant].runs:
            due = self._fairness.due(claimant, viewer, gone)
            if due is not None:
                times.append(due)
        vanished = self._fairness.vanished_at(viewer, claimant)
        if vanished is not None:
            times.append(max(vanished, self._truth.people[viewer].awake_at) + LAPSED)
        return min(times, default=None)

    def is_open(self, hand: HandId) -> bool:
        """Whether nobody ever said that they come: then nothing can have silenced it."""
        return hand not in self.made

    def is_coming(self, hand: HandId, who: int) -> TrueClaim | None:
        """Its claim that stands, None where there is none or nobody can say."""
        claim = self.made.get(hand, {}).get(who)
        if claim is None or claim.gone_at is not None or claim.doubt or self._truth.people[who].forked:
            return None
        return claim
