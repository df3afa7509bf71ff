"""What is true in the world, taken from what owners really wrote: hands, ends, groups, presence, contents."""

from dataclasses import dataclass

from escalate_daemon.core import slots
from escalate_daemon.core.commands import Command, EndMine, LeaveSpace, SetPresence, Start
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store, Urgency
from escalate_daemon.core.ids import HandId, MemberId, fold
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import Hand, Profile, State, Target
from escalate_daemon.core.tuning import RING_ATTEMPTS
from escalate_daemon.core.views import EndReason
from escalate_daemon.core.wire import Record, decode_record
from simulation.machine import Machine
from simulation.oracle.person import Person
from simulation.witness import Witness

REPEAT_EARLY = 50  # ms
STEP_EARLY = 100  # ms: clocks and ages are whole milliseconds, and each machine rounds for itself
HERE = 5_000  # ms: so near to a change nobody can say who was here

Targets = tuple[Target, ...]
_ENDING = Start | EndMine | LeaveSpace | SetPresence


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
    jumped: bool = False  # some wall jumped while it was up: what a disk says of its age may be anything
    raised_in: str = slots.AVAILABLE  # its owner's presence then

    @property
    def red(self) -> bool:
        """Whether it names anybody, its ladder apart."""
        return bool(self.hand.named)

    @property
    def rings(self) -> bool:
        """Whether it may ring anybody."""
        return bool(self.hand.named or self.hand.ladder)


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
    rang_at: int | None = None  # when a ring was asked for last
    hushed: bool = False  # somebody was coming before the last ring had sounded: it begins anew
    again: int = 0  # rings more that are right: repeats, and what was hushed


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
        if (state.presence, state.room) != (person.presence, person.room):
            person.presence, person.room, person.presence_at = state.presence, state.room, now
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
            self.hands[hand_id] = TrueHand(state.hand, machine.index, now, raised_in=state.presence)
            self.up[machine.index] = hand_id

    def _was_asked(self, machine: Machine, state: State, hand: HandId) -> bool:
        """Whether a person's command, or old age, ends it in this very step."""
        told = self.told_last.get(machine.index)
        if told is not None and told[0] == machine.world.now and isinstance(told[1], _ENDING):
            return True
        return state.end is not None and state.end.id == hand and state.end.reason == EndReason.MAX_AGE

    def told(self, machine: Machine, command: Command) -> None:
        self.told_last[machine.index] = (machine.world.now, command)
        self.people[machine.index].told(command)
        if isinstance(command, LeaveSpace | SetPresence) and machine.index in self.up:
            machine.world.witness.at_stake("13")

    def did(self, machine: Machine, command: Command) -> None:
        self.people[machine.index].did(command, machine.world.now)

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
                elif record.member == machine.member and record.slot == slots.STATE:
                    state = decode_body(record.body, State) or State()
                    person.presence, person.room, person.presence_at = state.presence, state.room, now

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        self.people[machine.index].down_at = machine.world.now
        self.people[machine.index].stopped()
        for hand in sorted(in_window):
            self.tale(hand, machine.index).window_crashes += 1

    def woke(self, machine: Machine) -> None:
        self.people[machine.index].awake_at = machine.world.now

    def restored(self, machine: Machine) -> None:
        person = self.people[machine.index]
        person.forked = True
        person.restored_at = machine.world.now
        person.groups = {}
        person.presence, person.room = slots.AVAILABLE, ""
        person.mute_doubt = True
        for hand in self.hands.values():
            if hand.owner == machine.index:
                hand.doubt = True
        for (_, index), tale in self.rings.items():
            if index == machine.index:
                tale.rings = tale.window_crashes = 0
                tale.asked_ever = 0

    def jumped(self, machine: Machine, shift: int) -> None:
        for hand in self.hands.values():
            hand.jumped |= hand.ended_at is None
            if hand.owner == machine.index and shift > 0:
                hand.age_doubt = True

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        if show.kind is ShowKind.UPDATE and show.hush:
            tale = self.tale(show.hand, machine.index)
            tale.hushed = tale.rang_at is not None and not tale.sounded
        if show.kind is ShowKind.SHOW:
            tale = self.tale(show.hand, machine.index)
            self._asked_to_ring(machine, show, tale)
            tale.asked_ever += 1
            tale.asked_now = True
            tale.loud_asked_now |= show.urgency is not Urgency.QUIET

    def _asked_to_ring(self, machine: Machine, show: Show, tale: RingTale) -> None:
        if show.urgency is not Urgency.RING:
            return
        now, repeat = machine.world.now, self.repeat(machine)
        repeats = bool(repeat) and tale.rang_at is not None and now - tale.rang_at >= repeat - REPEAT_EARLY
        tale.again += tale.hushed or repeats
        tale.hushed, tale.rang_at = False, now

    def repeat(self, machine: Machine) -> int:
        """After how long, ms, a ring may come again there, also in the very step that sets it; 0: never."""
        times = (machine.policy.repeat, self.people[machine.index].policy.repeat)
        return min((each for each in times if each), default=0)

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

    def parts(self, hand: TrueHand) -> list[tuple[int, Targets]]:
        """Whom it names, and whom each step of its ladder names, with the time from which it does."""
        return [(hand.raised_at, hand.hand.named)] + [
            (hand.raised_at + step.after, step.named) for step in hand.hand.ladder
        ]

    def named_since(self, hand: TrueHand, machine: int) -> int | None:
        """Since when the hand, its ladder apart, names this machine's member for certain; None: not, or who knows."""
        if machine == hand.owner:
            return None
        times = [self._meant_since(hand.raised_at, target, machine) for target in hand.hand.named]
        return min((at for at in times if at is not None), default=None)

    def rings_since(self, hand: TrueHand, machine: int, now: int) -> int | None:
        """Since when, but for claims, it must ring there: named, its policy lets it; None: not, or nobody can say."""
        person = self.people[machine]
        if machine == hand.owner or not person.is_sure() or person.keeps_out(self.machines[hand.owner].name, now):
            return None
        times: list[int] = []
        for since, targets in self.parts(hand):
            if since > now:
                continue
            for target in targets:
                kept = target.word and (person.presence == slots.BUSY or person.silences(target.word, now))
                at = None if kept else self._meant_since(since, target, machine)
                if at is not None:
                    times.append(at)
        return max(min(times), person.quiet_at) if times else None

    def is_named(self, hand: TrueHand, machine: int, now: int) -> bool:
        """Whether it names this machine's member by now, whatever keeps it from ringing."""
        targets = [target for since, targets in self.parts(hand) if since <= now for target in targets]
        here = any(fold(target.word) == "@here" for target in targets)
        return here or any(self._meant_since(hand.raised_at, target, machine) is not None for target in targets)

    def _meant_since(self, since: int, target: Target, machine: int) -> int | None:
        if not target.word:
            return since if self.index.get(target.member) == machine else None
        folded, person = fold(target.word), self.people[machine]
        if folded == "@everyone":
            return since
        if folded == "@here":
            return since if self._was_here(machine, since, slack=HERE) else None
        if folded.startswith("@room:"):
            there = person.presence == slots.ROOM and fold(person.room) == folded.removeprefix("@room:")
            return max(since, person.presence_at) if there and not person.forked else None
        worn = person.groups.get(folded.removeprefix("@"))
        return None if worn is None else max(worn, since)

    def may_ring(self, hand: TrueHand, machine: int, now: int) -> bool:
        """Whether a ring there can be right: named by now, or @here where nobody can tell to the second."""
        if machine == hand.owner:
            return False
        return any(
            self._may_mean(since, target, machine, now)
            for since, targets in self.parts(hand)
            if since <= now + STEP_EARLY or hand.jumped or hand.age_doubt or hand.doubt
            for target in targets
        )

    def _may_mean(self, since: int, target: Target, machine: int, now: int) -> bool:
        person = self.people[machine]
        if target.word and not person.forked:
            silenced = person.is_sure() and person.silences(target.word, now)
            if person.presence == slots.BUSY or silenced:
                return False
        if fold(target.word) == "@here":
            return self._was_here(machine, since, slack=-HERE)
        return self._meant_since(since, target, machine) is not None

    def _was_here(self, machine: int, at: int, *, slack: int) -> bool:
        """Whether it was available at `at`; with positive slack: surely, with negative: possibly."""
        person = self.people[machine]
        away = person.presence != slots.AVAILABLE
        if slack > 0:
            if person.forked or away or person.presence_at > at - slack or person.started_at > at - slack:
                return False
            return all(b < at or a > at for a, b in person.down_spans)
        if away and person.presence_at <= at + slack:
            return False
        surely_down = any(a < at - 125_000 and b > at + 125_000 for a, b in person.down_spans)
        return not surely_down
