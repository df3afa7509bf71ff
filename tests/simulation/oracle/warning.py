"""What the owner's own pop-up tells: that nobody comes, that its hand ends soon. Each once, and never not at all."""

import msgspec

from escalate_daemon.core.commands import Command, ReportNotShown, Say
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.owner import ALONE, COMING, ENDS_SOON
from escalate_daemon.core.ring_record import RingRecord
from escalate_daemon.core.tuning import FIRST_COMPARISON, WARN_BEFORE_END
from simulation.machine import Machine
from simulation.oracle.fairness import MENDED
from simulation.oracle.rule import Case, Look, Rule
from simulation.oracle.truth import TrueHand

DESK = 3_000  # ms
EARLY = 1_000  # ms: after a restart a peer's word on the age may be a little above the disk's


class Warnings(Rule):
    """By the ledger of the owner's machine, and by its desk."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._told: dict[HandId, int] = {}
        self._times: dict[tuple[HandId, int], int] = {}  # how often each bit was told anew
        self._shows: dict[HandId, int] = {}
        self._said: dict[HandId, int] = {}
        self._again: dict[HandId, int] = {}  # shown again after a failure or a crash
        self._perceived: dict[HandId, int] = {}

    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            hand = self._mine(machine, HandId(store.key.decode())) if store.bucket is Bucket.RINGS else None
            if hand is None or store.value is None:
                continue
            hand_id = HandId(hand.hand.id)
            told = msgspec.msgpack.decode(store.value, type=RingRecord).told
            before, self._told[hand_id] = self._told.get(hand_id, 0), told
            for bit in (ALONE, COMING, ENDS_SOON):
                if told & ~before & bit:
                    self._times[hand_id, bit] = self._times.get((hand_id, bit), 0) + 1
            self._is_once(hand_id, hand)

    def _mine(self, machine: Machine, hand_id: HandId) -> TrueHand | None:
        hand = self.truth.hands.get(hand_id)
        return hand if hand is not None and hand.owner == machine.index and not hand.doubt else None

    def _is_once(self, hand_id: HandId, hand: TrueHand) -> None:
        alone, coming = self._times.get((hand_id, ALONE), 0), self._times.get((hand_id, COMING), 0)
        if alone > 1 + coming or self._times.get((hand_id, ENDS_SOON), 0) > 1:
            self.broken("warning", f"n{hand.owner} is told {alone} times that nobody comes to {hand_id}")

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        hand = self._mine(machine, show.hand)
        if show.kind is not ShowKind.SHOW or hand is None:
            return
        self._shows[show.hand] = self._shows.get(show.hand, 0) + 1
        told = sum(times for (hand_id, _), times in self._times.items() if hand_id == show.hand)
        most = told + self._said.get(show.hand, 0) + self._again.get(show.hand, 0)
        if self._shows[show.hand] > most:
            self.broken(
                "warning", f"n{machine.index} shows its own {show.hand} {self._shows[show.hand]} times of {most}"
            )

    def perceived(self, machine: Machine, show: Show) -> None:
        if self._mine(machine, show.hand) is not None:
            self._perceived[show.hand] = self.world.now

    def told(self, machine: Machine, command: Command) -> None:
        if isinstance(command, Say):
            self._said[command.hand] = self._said.get(command.hand, 0) + 1
        elif isinstance(command, ReportNotShown):
            self._again[command.hand] = self._again.get(command.hand, 0) + 1

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        if machine.index in self.truth.up:
            hand = self.truth.up[machine.index]
            self._again[hand] = self._again.get(hand, 0) + 1

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            hand_id = self.truth.up.get(look.machine.index)
            hand = None if hand_id is None else self._mine(look.machine, hand_id)
            if hand_id is not None and hand is not None and not hand.jumped:
                self._is_told(look.machine, hand_id, hand)

    def _is_told(self, machine: Machine, hand_id: HandId, hand: TrueHand) -> None:
        person, now = self.truth.people[machine.index], self.world.now
        able = max(person.started_at + FIRST_COMPARISON + DESK, person.awake_at + MENDED)
        most = hand.hand.max_age
        soon = hand.raised_at + most - min(WARN_BEFORE_END, most // 4)
        due = {ENDS_SOON: soon}
        if person.policy.warn_after and self.claims.is_open(hand_id):
            due[ALONE] = hand.raised_at + person.policy.warn_after
        for bit, at in due.items():
            if now <= max(at, able) + DESK:
                continue
            self.stake("warning" if bit == ALONE else "warning of the end", hand_id)
            if not self._told.get(hand_id, 0) & bit:
                self.broken("warning", f"n{machine.index} is not told of {hand_id}, due at {at}: {bit}")
            if self._perceived.get(hand_id, -1) < at - EARLY and not machine.desk.habits.fails:
                self.broken("warning", f"n{machine.index} never saw what it is to be told of {hand_id}, due at {at}")
