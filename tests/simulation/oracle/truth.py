"""What is true in the world, taken from what owners really wrote: hands, ends, groups, presence, contents."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots
from escalate_daemon.core.commands import Command, EndMine, LeaveSpace, Start
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store, Urgency
from escalate_daemon.core.ids import HandId, MemberId, fold
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import Hand, Profile, State
from escalate_daemon.core.tuning import RING_ATTEMPTS
from escalate_daemon.core.views import EndReason
from escalate_daemon.core.wire import Record, decode_record
from simulation.machine import Machine
from simulation.witness import Witness


@dataclass(slots=True)
class TrueHand:
    """One hand as its owner raised it. `doubt`: the owner's disk was lost or set back since: it may go either way."""

    hand: Hand
    owner: int
    raised_at: int
    ended_at: int | None = None
    doubt: bool = False
    unasked: bool = False  # it ended although nobody told its owner's daemon to
    age_doubt: bool = False  # the owner's wall jumped forward over a restart: it may believe it older

    @property
    def red(self) -> bool:
        """Whether it names anybody."""
        return bool(self.hand.named)


@dataclass(slots=True)
class Person:
    """One machine's person, as its own committed slots tell."""

    groups: dict[str, int] = field(default_factory=dict)  # folded -> worn since, ms
    left: bool = False
    presence_at: int = 0  # when `left` last changed
    forked: bool = False  # its disk was lost or set back
    awake_at: int = 0  # when its daemon started or woke
    started_at: int = 0
    down_at: int | None = None
    down_spans: list[tuple[int, int]] = field(default_factory=list)
    restored_at: int = -1


@dataclass(slots=True)
class RingTale:
    """All that happened with one hand at one named machine."""

    rings: int = 0  # perceived in this life of the disk, with sound or urgent
    rings_all: int = 0
    window_crashes: int = 0
    asked_ever: int = 0
    asked_now: bool = False  # asked to show in this run of the daemon
    perceived: bool = False
    loud: bool = False  # perceived as a ring, or as urgent where sounds are limited
    loud_asked_now: bool = False  # asked for in this run of the daemon
    sounded: bool = False


class Truth(Witness):
    """Listens to the world; the rules read it."""

    def __init__(self, machines: list[Machine]) -> None:
        self.machines = machines
        self.index = {machine.member: machine.index for machine in machines}
        self.people = [Person() for _ in machines]
        self.hands: dict[HandId, TrueHand] = {}
        self.up: dict[int, HandId] = {}  # owner -> its hand that has not ended
        self.rings: dict[tuple[HandId, int], RingTale] = {}
        self.told_last: dict[int, tuple[int, Command]] = {}
        self.written: dict[tuple[MemberId, str], set[tuple[int, int, bytes, bytes]]] = {}

    def tale(self, hand: HandId, machine: int) -> RingTale:
        """The tale of one hand at one machine."""
        return self.rings.setdefault((hand, machine), RingTale())

    # --- Listening ---------------------------------------------------------------------------------
    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            if store.bucket is not Bucket.SLOTS or store.value is None:
                continue
            record = decode_record(store.value)
            if record.member == machine.member:
                self._own(machine, record)

    def _own(self, machine: Machine, record: Record) -> None:
        contents = self.written.setdefault((record.member, record.slot), set())
        contents.add((record.incarnation, record.seq, record.boot, record.body))
        self._holds(machine, record)

    def _holds(self, machine: Machine, record: Record) -> None:
        """The owner goes by this record of its own now, freshly written or taken back from its disk or peers."""
        person = self.people[machine.index]
        now = machine.world.now
        if record.slot == slots.STATE:
            state = decode_body(record.body, State)
            if state is not None:
                self._state(machine, state, person, now)
        elif record.slot == slots.PROFILE:
            profile = decode_body(record.body, Profile)
            worn = {fold(group) for group in profile.groups} if profile is not None else set()
            person.groups = {group: person.groups.get(group, now) for group in sorted(worn)}

    def _state(self, machine: Machine, state: State, person: Person, now: int) -> None:
        left = state.presence == slots.LEFT
        if left != person.left:
            person.left, person.presence_at = left, now
        before = self.up.get(machine.index)
        hand_id = HandId(state.hand.id) if state.hand is not None else None
        if before is not None and before != hand_id:
            ended = self.hands[before]
            ended.ended_at = now
            ended.unasked = not self._was_asked(machine, state, before)
            del self.up[machine.index]
        if state.hand is None or hand_id is None or hand_id == before:
            return
        if hand_id not in self.hands:
            self.hands[hand_id] = TrueHand(state.hand, machine.index, now)
            self.up[machine.index] = hand_id

    def _was_asked(self, machine: Machine, state: State, hand: HandId) -> bool:
        """Whether a person's command, or old age, ends it in this very step."""
        told = self.told_last.get(machine.index)
        if told is not None and told[0] == machine.world.now and isinstance(told[1], Start | EndMine | LeaveSpace):
            return True
        return state.end is not None and state.end.id == hand and state.end.reason == EndReason.MAX_AGE

    def told(self, machine: Machine, command: Command) -> None:
        self.told_last[machine.index] = (machine.world.now, command)
        if isinstance(command, LeaveSpace) and machine.index in self.up:
            machine.world.witness.at_stake("13")

    def started(self, machine: Machine) -> None:
        person = self.people[machine.index]
        now = machine.world.now
        person.awake_at = person.started_at = now
        if person.down_at is not None:
            person.down_spans.append((person.down_at, now))
        person.down_at = None
        if person.forked:
            for hand in self.hands.values():
                if hand.owner == machine.index and hand.ended_at is None:
                    hand.doubt = True
        for (_, index), tale in self.rings.items():
            if index == machine.index:
                tale.asked_now = tale.loud_asked_now = False
        if person.restored_at >= 0:
            for kept in machine.disk.table(Bucket.SLOTS).values():
                record = decode_record(kept.value)
                if record.member == machine.member and record.slot == slots.PROFILE:
                    self._holds(machine, record)

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        self.people[machine.index].down_at = machine.world.now
        for hand in sorted(in_window):
            self.tale(hand, machine.index).window_crashes += 1

    def woke(self, machine: Machine) -> None:
        self.people[machine.index].awake_at = machine.world.now

    def restored(self, machine: Machine) -> None:
        person = self.people[machine.index]
        person.forked = True
        person.restored_at = machine.world.now
        person.groups = {}
        person.left = False
        for hand in self.hands.values():
            if hand.owner == machine.index:
                hand.doubt = True
        for (_, index), tale in self.rings.items():
            if index == machine.index:
                tale.rings = tale.window_crashes = 0
                tale.asked_ever = 0

    def jumped(self, machine: Machine, shift: int) -> None:
        for hand in self.hands.values():
            if hand.owner == machine.index and shift > 0:
                hand.age_doubt = True

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        if show.kind is ShowKind.SHOW:
            tale = self.tale(show.hand, machine.index)
            tale.asked_ever += 1
            tale.asked_now = True
            tale.loud_asked_now |= show.urgency is not Urgency.QUIET

    def perceived(self, machine: Machine, show: Show) -> None:
        tale = self.tale(show.hand, machine.index)
        tale.perceived = True
        tale.loud |= show.urgency is not Urgency.QUIET or tale.window_crashes >= RING_ATTEMPTS
        if show.urgency is Urgency.RING:
            tale.rings += 1
            tale.rings_all += 1

    def sounded(self, machine: Machine, hand: HandId) -> None:
        self.tale(hand, machine.index).sounded = True

    # --- Asking ------------------------------------------------------------------------------------
    def up_hand(self, owner: int) -> TrueHand | None:
        """The owner's hand that it has not ended."""
        hand = self.up.get(owner)
        return None if hand is None else self.hands[hand]

    def named_since(self, hand: TrueHand, machine: int) -> int | None:
        """Since when the hand names this machine's member for certain; None: not, or nobody can say."""
        if machine == hand.owner:
            return None
        since: int | None = None
        for target in hand.hand.named:
            at = self._meant_since(hand, target.member, target.word, machine)
            if at is not None and (since is None or at < since):
                since = at
        return since

    def _meant_since(self, hand: TrueHand, member: MemberId, word: str, machine: int) -> int | None:
        if not word:
            return hand.raised_at if self.index.get(member) == machine else None
        folded = fold(word)
        if folded == "@everyone":
            return hand.raised_at
        if folded == "@here":
            return hand.raised_at if self._was_here(machine, hand.raised_at, slack=5000) else None
        worn = self.people[machine].groups.get(folded.removeprefix("@"))
        return None if worn is None else max(worn, hand.raised_at)

    def may_ring(self, hand: TrueHand, machine: int) -> bool:
        """Whether a ring there can be right: named, or @here where nobody can tell to the second."""
        if machine == hand.owner:
            return False
        if self.named_since(hand, machine) is not None:
            return True
        words = {fold(target.word) for target in hand.hand.named if target.word}
        return "@here" in words and self._was_here(machine, hand.raised_at, slack=-5000)

    def _was_here(self, machine: int, at: int, *, slack: int) -> bool:
        """Whether it was available at `at`; with positive slack: surely, with negative: possibly."""
        person = self.people[machine]
        if slack > 0:
            if person.forked or person.left or person.presence_at > at - slack or person.started_at > at - slack:
                return False
            return all(b < at or a > at for a, b in person.down_spans)
        if person.left and person.presence_at <= at + slack:
            return False
        surely_down = any(a < at - 125_000 and b > at + 125_000 for a, b in person.down_spans)
        return not surely_down
