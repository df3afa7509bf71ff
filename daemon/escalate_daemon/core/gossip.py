"""Flooding: how a write gets everywhere.

Urgent slots go whole to every link: at once, but to those peers a moment later who have a link with the one it came
from, and most likely heard it there. The others are announced and pulled (`asking.py`). Whatever is lost, by a full
queue, a broken link or a forwarding limit, is repaired by comparing (`comparing.py`) and by nothing else.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.asking import KEYS_A_FRAME, Asking
from escalate_daemon.core.comparing import Comparing
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.ids import HASH_BYTES, LinkId, MemberId
from escalate_daemon.core.lines import NEVER, Line, Lines, Question
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import BUCKETS, Replica, slot_rank
from escalate_daemon.core.slots import PROFILE, STATE, URGENT, Introduction, State
from escalate_daemon.core.wire import Have, HaveEntry, SlotKey, SlotsFrame, Want, WireError

INTRODUCTION_BYTES = 200  # one introduction in a frame, at most


@dataclass(slots=True)
class Bucket:
    """Tokens of one owner: how many of its writes may be forwarded now."""

    tokens: float
    at: int


class Gossip:
    """One per node. `on_compared` is called when a link's comparison is complete, `on_age` when a peer tells the age
    of a record that is held here in the same version.
    """

    def __init__(
        self,
        ctx: Context,
        replica: Replica,
        roster: Roster,
        on_compared: Callable[[Link], None],
        on_age: Callable[[Link, HaveEntry], None],
    ) -> None:
        self._ctx = ctx
        self._replica = replica
        self._roster = roster
        self._lines = Lines()
        self._asking = Asking(ctx, replica, self._lines, on_age)
        self._comparing = Comparing(ctx, replica, self._lines, self._asking, order=self._order, on_compared=on_compared)
        self._tokens: dict[MemberId, Bucket] = {}
        self._delayed: dict[SlotKey, int] = {}

    # --- Links -------------------------------------------------------------------------------------
    def open(self, link: Link) -> None:
        """A link that stays: ask what differs."""
        if link.id not in self._lines:
            line = Line(link)
            self._lines.add(line)
            self._comparing.ask(line)

    def close(self, link: LinkId) -> None:
        """The link is gone: what was asked of it may be asked of others."""
        line = self._lines.remove(link)
        if line is not None:
            self._asking.forget(line)
            self._asking.ask_all()

    def compare(self, link: LinkId) -> None:
        """Ask what differs, but at most once in COMPARE_EVERY a link."""
        line = self._lines.get(link)
        if line is not None:
            self._comparing.ask(line)

    def heard_fingerprint(self, link: LinkId, fingerprint: bytes) -> None:
        """A ping or pong told the peer's fingerprint."""
        line = self._lines.get(link)
        if line is not None:
            self._comparing.heard_fingerprint(line, fingerprint)

    # --- Spreading ---------------------------------------------------------------------------------
    def spread(self, key: SlotKey, came_from: MemberId | None) -> None:
        """A newer version is held: pass it on to every peer but the one that it came from, and those that told it."""
        self._comparing.changed_at = self._ctx.now
        told = {line.link.peer for line in self._lines if key in line.wants and self._has_told(line, key)}
        if came_from is not None:
            told.add(came_from)
        if key.member != self._ctx.me and not self._may_forward(key.member):
            at = self._ctx.now + tuning.SECOND // tuning.FORWARD_RATE
            self._delayed.setdefault(key, at)
            self._lines.wake_at(at)
        else:
            self._spread_now(key, told, came_from)

    def _has_told(self, line: Line, key: SlotKey) -> bool:
        """Whether the peer, of which this key is wanted, told of what is held here now or of newer; if not newer, it is
        no longer wanted.
        """
        told = self._asking.is_known(key, line.wants[key])
        if self._asking.settle(line, key):
            self._comparing.check(line)
        return told

    def _spread_now(self, key: SlotKey, told: Container[MemberId], came_from: MemberId | None) -> None:
        lines = [line for line in self._lines if line.link.peer not in told]
        if not self._is_urgent(key):
            for line in lines:
                self._announce(line, key)
            return
        near = () if came_from is None else self._replica.links(came_from)
        self._push(key, [line for line in lines if line.link.peer not in near])
        for line in lines:
            if line.link.peer in near:
                line.later[key] = self._ctx.now + tuning.SECOND_HAND + self._ctx.rng.randrange(tuning.SECOND_HAND)
                self._lines.wake_at(line.later[key])

    def _push(self, key: SlotKey, lines: Iterable[Line]) -> None:
        held = self._replica.get(key)
        if held is not None:
            data = wire.encode(SlotsFrame((_aged(held.record, held.age(self._ctx.now)),)))
            for line in lines:
                line.link.told(self._ctx.now)
                self._ctx.emit(Send(line.link.id, data, urgent=True))

    def _announce(self, line: Line, key: SlotKey) -> None:
        line.announce[key] = None
        if line.announce_at is None:
            line.announce_at = self._ctx.now + tuning.HAVE_GATHER
            self._lines.wake_at(line.announce_at)

    def known_by(self, peer: MemberId, key: SlotKey) -> None:
        """The peer sent what is held here: it needs no copy of mine."""
        for line in self._lines:
            if line.link.peer == peer:
                line.later.pop(key, None)
                line.announce.pop(key, None)

    def _is_urgent(self, key: SlotKey) -> bool:
        """A state that says no more than that its owner is there, as each writes first of all, waits to be pulled."""
        return key.slot in URGENT and (key.slot != STATE or self._replica.state(key.member) != State())

    def hurry(self) -> None:
        """Send what is announced without gathering longer: a loss is told at once."""
        for line in self._lines:
            if line.announce_at is not None:
                line.announce_at = self._ctx.now
                self._lines.wake_at(self._ctx.now)

    def _may_forward(self, owner: MemberId) -> bool:
        now = self._ctx.now
        bucket = self._tokens.setdefault(owner, Bucket(tuning.FORWARD_BURST, now))
        refill = (now - bucket.at) * tuning.FORWARD_RATE / tuning.SECOND
        bucket.tokens, bucket.at = min(tuning.FORWARD_BURST, bucket.tokens + refill), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    # --- Frames ------------------------------------------------------------------------------------
    def on_have(self, link: LinkId, frame: Have) -> None:
        """Note what of the announced is newer than what is held here."""
        line = self._lines.get(link)
        if line is not None:
            self._asking.note(line, frame.entries)
            self._comparing.told(line, frame.told)

    def on_want(self, link: LinkId, frame: Want) -> None:
        """Answer with the newest of what was asked, introducers first; or, later, with what differs."""
        line = self._lines.get(link)
        if line is None:
            return
        if frame.digests:
            self._comparing.asked(line, _question(frame))
        keys = {SlotKey(member, slot) for member, slot in frame.keys[:KEYS_A_FRAME]}  # unknown ones answer nothing
        records: list[wire.Record] = []
        intros: dict[bytes, Introduction] = {}
        size = 0
        for key in sorted(keys, key=self._order):
            held = self._replica.get(key)
            if held is None:
                continue
            above = [intro for intro in self._introducers(key) if intro.key not in intros]
            cost = wire.wire_size(held.record) + INTRODUCTION_BYTES * len(above)
            if records and size + cost > tuning.FRAME_BYTES - 2048:
                self._send_slots(link, records, intros)
                records, intros, size = [], {}, 0
                above = list(self._introducers(key))
            records.append(_aged(held.record, held.told_age(line.link.peer, self._ctx.now)))
            intros.update((intro.key, intro) for intro in above)
            size += cost
        if records:
            self._send_slots(link, records, intros)

    def _introducers(self, key: SlotKey) -> tuple[Introduction, ...]:
        """For a profile: its chain down to its introducer, whose own profile may come later or is held nowhere."""
        return self._roster.chain_of(key.member)[:-1] if key.slot == PROFILE else ()

    def answered(self, link: LinkId, keys: Iterable[SlotKey]) -> None:
        """Slots came over a link, newer or not: they are no longer asked for there."""
        line = self._lines.get(link)
        if line is not None:
            self._asking.answered(line, keys)
            self._comparing.check(line)

    def _send_slots(self, link: LinkId, records: list[wire.Record], intros: dict[bytes, Introduction]) -> None:
        frame = SlotsFrame(tuple(records), tuple(intros.values()))
        self._ctx.emit(Send(link, wire.encode(frame), urgent=False))

    def _order(self, key: SlotKey) -> tuple[int, int, bytes, str]:
        rank = slot_rank(key.slot)
        return (rank, self._roster.depth(key.member) if rank == 0 else 0, key.member, key.slot)

    # --- Time --------------------------------------------------------------------------------------
    def flush(self) -> None:
        """Do all that is due: questions, announcements, forwards that waited, answers that are late."""
        now = self._ctx.now
        if now < self._lines.due:
            return
        self._lines.due = NEVER
        for key, at in list(self._delayed.items()):
            if now >= at and self._may_forward(key.member):
                del self._delayed[key]
                self._spread_now(key, (), None)
            elif now >= at:
                self._delayed[key] = now + tuning.SECOND // tuning.FORWARD_RATE
        for line in self._lines:
            self._comparing.flush(line)
            for key in [key for key, at in line.later.items() if now >= at]:
                del line.later[key]
                self._push(key, (line,))
            if line.announce_at is not None and now >= line.announce_at:
                keys = sorted(line.announce, key=self._order)
                line.announce, line.announce_at = {}, None
                if keys:  # else all was told by the peer meanwhile
                    self._comparing.tell(line, keys, told=0)
            if line.asked:
                self._asking.give_up_late(line)
        self._lines.wake_at(self._next_due())

    def next_deadline(self) -> int | None:
        """When something of `flush` is due; it may be early, never late."""
        return None if self._lines.due == NEVER else self._lines.due

    def _next_due(self) -> int:
        times = list(self._delayed.values())
        for line in self._lines:
            times.extend(self._comparing.times(line))
            times.extend(line.later.values())
            if line.announce_at is not None:
                times.append(line.announce_at)
            if line.asked:
                times.append(min(at for _, at in line.asked.values()) + tuning.WANT_RETRY)
        return min(times, default=NEVER)


def _question(frame: Want) -> Question:
    """WireError unless there is one digest for each bucket."""
    if len(frame.digests) != BUCKETS or any(len(digest) != HASH_BYTES for digest in frame.digests):
        raise WireError("a question's digests are not one for each bucket")
    if not 0 <= frame.start < BUCKETS:
        raise WireError("a question begins with a bucket that is none")
    return Question(frame.digests, frame.start)


def _aged(record: wire.Record, age: int) -> wire.Record:
    return wire.Record(
        record.member,
        record.slot,
        record.incarnation,
        record.seq,
        record.boot,
        record.body,
        record.sig,
        min(age, tuning.VERSION_MAX),
    )
