"""Flooding and reconciliation: how a write gets everywhere, and how what was lost on the way is repaired.

Urgent slots go whole to every link at once; the others are announced and pulled. Whatever is lost, by a full
queue, a broken link or a forwarding limit, is repaired by comparing tables and by nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.ids import LinkId, MemberId, member_id
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import Replica, slot_rank
from escalate_daemon.core.slots import PROFILE, URGENT, Introduction
from escalate_daemon.core.wire import Have, HaveEntry, Ping, SlotKey, SlotsFrame, Version, Want

ENTRIES_A_FRAME = 400  # rows of at most 160 B: well inside a frame
WANTS_MAX = 24_000  # rows remembered a link: every slot that a full space can have, and no more
KEYS_A_FRAME = 512
NEVER = tuning.VERSION_MAX  # ms; no deadline
LEAST_BYTES = 128  # what any slot counts as, whatever is said of its size
INTRODUCTION_BYTES = 200  # one introduction in a frame, at most


@dataclass(slots=True)
class Line:
    """What this node still has to say to, and to ask of, one link."""

    link: Link
    announce: dict[SlotKey, None] = field(default_factory=dict)
    announce_at: int | None = None
    wants: dict[SlotKey, HaveEntry] = field(default_factory=dict)
    asked: dict[SlotKey, tuple[int, int]] = field(default_factory=dict)  # key -> size, when
    owed: dict[SlotKey, int] = field(default_factory=dict)  # what was not answered in time, until when that counts
    table_at: int | None = None  # when the whole table is due
    table_sent: int | None = None
    table_heard: bool = False
    differs_since: int | None = None  # no ping nor pong told my fingerprint since
    ask_again_at: int | None = None  # when to ask for the fingerprint once more


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
        self._on_age = on_age
        self._replica = replica
        self._roster = roster
        self._on_compared = on_compared
        self._lines: dict[LinkId, Line] = {}
        self._asked_of: dict[SlotKey, LinkId] = {}
        self._buckets: dict[MemberId, Bucket] = {}
        self._delayed: dict[SlotKey, tuple[int, LinkId | None]] = {}
        self._due = NEVER
        self._changed_at = ctx.now - tuning.QUIET

    # --- Links -------------------------------------------------------------------------------------
    def open(self, link: Link) -> None:
        """A link that stays: tell it the whole table."""
        if link.id not in self._lines:
            self._lines[link.id] = Line(link, table_at=self._ctx.now)
            self._wake_at(self._ctx.now)

    def close(self, link: LinkId) -> None:
        """The link is gone: what was asked of it may be asked of others."""
        line = self._lines.pop(link, None)
        if line is None:
            return
        for key in line.asked:
            self._asked_of.pop(key, None)
        self._ask_all()

    def compare(self, link: LinkId) -> None:
        """Send the whole table, but at most once in COMPARE_EVERY a link."""
        line = self._lines.get(link)
        if line is None or line.table_at is not None:
            return
        sent = line.table_sent
        line.table_at = self._ctx.now if sent is None else max(self._ctx.now, sent + tuning.COMPARE_EVERY)
        self._wake_at(line.table_at)

    def heard_fingerprint(self, link: LinkId, fingerprint: bytes) -> None:
        """A ping or pong told the peer's fingerprint: equal ends a comparison, other begins one."""
        line = self._lines.get(link)
        if line is None:
            return
        if fingerprint == self._replica.fingerprint():
            line.table_heard = True
            line.differs_since = line.ask_again_at = None
            line.wants.clear()
            for key in line.asked:
                self._asked_of.pop(key, None)
            line.asked.clear()
            self._check_compared(line)
        else:
            self._heard_other(line)

    def _heard_other(self, line: Line) -> None:
        """Another fingerprint: while writes are on their way that is no news, so wait for quiet, but not for long."""
        now = self._ctx.now
        if line.differs_since is None:
            line.differs_since = now
        quiet_at = min(self._changed_at + tuning.QUIET, line.differs_since + tuning.DIFFERS_LONG)
        if now >= quiet_at:
            self.compare(line.link.id)
        elif line.ask_again_at is None:
            line.ask_again_at = quiet_at
            self._wake_at(quiet_at)

    # --- Spreading ---------------------------------------------------------------------------------
    def spread(self, key: SlotKey, came_over: LinkId | None) -> None:
        """A newer version is held: pass it on to every link but the one it came over."""
        self._changed_at = self._ctx.now
        for line in self._lines.values():
            if line.wants.pop(key, None) is not None:
                self._check_compared(line)
        if key.member != self._ctx.me and not self._may_forward(key.member):
            at = self._ctx.now + tuning.SECOND // tuning.FORWARD_RATE
            self._delayed.setdefault(key, (at, came_over))
            self._wake_at(at)
            return
        self._spread_now(key, came_over)

    def _spread_now(self, key: SlotKey, came_over: LinkId | None) -> None:
        held = self._replica.get(key)
        if held is None:
            return
        if key.slot in URGENT:
            record = _aged(held.record, held.age(self._ctx.now))
            data = wire.encode(SlotsFrame((record,)))
            for link in self._lines:
                if link != came_over:
                    self._ctx.emit(Send(link, data, urgent=True))
            return
        for link, line in self._lines.items():
            if link != came_over:
                line.announce[key] = None
                if line.announce_at is None:
                    line.announce_at = self._ctx.now + tuning.HAVE_GATHER
                    self._wake_at(line.announce_at)

    def hurry(self) -> None:
        """Send what is announced without gathering longer: a loss is told at once."""
        for line in self._lines.values():
            if line.announce_at is not None:
                line.announce_at = self._ctx.now
                self._wake_at(self._ctx.now)

    def _may_forward(self, owner: MemberId) -> bool:
        now = self._ctx.now
        bucket = self._buckets.setdefault(owner, Bucket(tuning.FORWARD_BURST, now))
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
        if line is None:
            return
        for entry in frame.entries:
            wire.check_entry(entry)
            if self._is_wanted(entry, line.link) and len(line.wants) < WANTS_MAX:
                line.wants[SlotKey(entry.member, entry.slot)] = entry
        if frame.full and frame.last:
            line.table_heard = True
        self._ask(line)
        self._check_compared(line)

    def _is_wanted(self, entry: HaveEntry, link: Link) -> bool:
        key = SlotKey(entry.member, entry.slot)
        held = self._replica.get(key)
        if held is None:
            return self._replica.room_for(key)
        theirs = Version(entry.incarnation, entry.seq, entry.content)
        if theirs == held.version:
            self._on_age(link, entry)
            return False
        if key.member == self._ctx.me:  # also an older twin of my version must be seen: it is not mine
            return theirs > held.version or theirs[:2] == held.version[:2]
        return theirs > held.version

    def on_want(self, link: LinkId, frame: Want) -> None:
        """Answer with the newest of what was asked, introducers first."""
        if link not in self._lines:
            return
        keys = {SlotKey(member, slot) for member, slot in frame.keys[:KEYS_A_FRAME]}  # unknown ones answer nothing
        records: list[wire.Record] = []
        intros: dict[bytes, Introduction] = {}
        size = 0
        for key in sorted(keys, key=self._order):
            held = self._replica.get(key)
            if held is None:
                continue
            unseen = self._unseen_introducers(key)
            cost = wire.wire_size(held.record) + INTRODUCTION_BYTES * len(unseen)
            if records and size + cost > tuning.FRAME_BYTES - 2048:
                self._send_slots(link, records, intros)
                records, intros, size = [], {}, 0
            records.append(_aged(held.record, held.told_age(self._lines[link].link.peer, self._ctx.now)))
            intros.update((intro.key, intro) for intro in unseen)
            size += cost
        if records:
            self._send_slots(link, records, intros)

    def _unseen_introducers(self, key: SlotKey) -> tuple[Introduction, ...]:
        """For a profile: its chain down to its introducer, where some of those have no profile to be sent first."""
        if key.slot != PROFILE:
            return ()
        above = self._roster.chain_of(key.member)[:-1]
        unseen = any(self._replica.profile(member_id(intro.key)) is None for intro in above)
        return above if unseen else ()

    def answered(self, link: LinkId, keys: Iterable[SlotKey]) -> None:
        """Slots came over a link, newer or not: they are no longer asked for there."""
        line = self._lines.get(link)
        if line is None:
            return
        keys = list(keys)
        for key in keys:
            line.owed.pop(key, None)
            line.wants.pop(key, None)
            if line.asked.pop(key, None) is not None and self._asked_of.get(key) == link:
                del self._asked_of[key]
        self._ask(line)
        for other in self._lines.values():  # what came and was no news may be news from another
            if other is not line and any(key in other.wants for key in keys):
                self._ask(other)
        self._check_compared(line)

    def _send_slots(self, link: LinkId, records: list[wire.Record], intros: dict[bytes, Introduction]) -> None:
        frame = SlotsFrame(tuple(records), tuple(intros.values()))
        self._ctx.emit(Send(link, wire.encode(frame), urgent=False))

    def _order(self, key: SlotKey) -> tuple[int, int, bytes, str]:
        rank = slot_rank(key.slot)
        return (rank, self._roster.depth(key.member) if rank == 0 else 0, key.member, key.slot)

    # --- Asking ------------------------------------------------------------------------------------
    def _ask(self, line: Line) -> None:
        """Ask for what is wanted, WANT_BYTES outstanding at most, nothing that another link was just asked."""
        outstanding = sum(size for size, _ in line.asked.values())
        keys: list[tuple[MemberId, str]] = []
        for key, entry in list(line.wants.items()):
            if outstanding >= tuning.WANT_BYTES or len(keys) >= KEYS_A_FRAME or len(line.asked) >= tuning.ASKED_MAX:
                break
            if key in self._asked_of or self._others_may_answer(line, key):
                continue
            if not self._is_wanted(entry, line.link):
                del line.wants[key]
                continue
            size = min(max(entry.size, LEAST_BYTES), tuning.SLOT_BYTES["answers"])
            del line.wants[key]
            line.asked[key] = (size, self._ctx.now)
            self._wake_at(self._ctx.now + tuning.WANT_RETRY)
            self._asked_of[key] = line.link.id
            outstanding += size
            keys.append((key.member, key.slot))
        if keys:
            self._ctx.emit(Send(line.link.id, wire.encode(Want(tuple(keys))), urgent=False))

    def _others_may_answer(self, line: Line, key: SlotKey) -> bool:
        """Whether this link owes an answer while another announces the same: a liar starves nobody."""
        if self._ctx.now >= line.owed.get(key, 0):
            return False
        return any(key in other.wants and key not in other.owed for other in self._lines.values() if other is not line)

    def _ask_all(self) -> None:
        for line in self._lines.values():
            if line.wants:
                self._ask(line)

    def _give_up_late(self, line: Line) -> None:
        """What was asked too long ago is asked of others, or here again at the next comparison."""
        late = [key for key, (_, at) in line.asked.items() if self._ctx.now >= at + tuning.WANT_RETRY]
        for key in late:
            del line.asked[key]
            self._asked_of.pop(key, None)
            if len(line.owed) < tuning.ASKED_MAX:
                line.owed[key] = self._ctx.now + tuning.OWED
        if late:
            line.owed = {key: until for key, until in line.owed.items() if self._ctx.now < until}
            line.table_heard = False
            self._ask_all()

    def _check_compared(self, line: Line) -> None:
        if not line.link.compared and line.table_heard and not line.asked:
            line.wants = {key: entry for key, entry in line.wants.items() if self._is_wanted(entry, line.link)}
            if not line.wants:
                line.link.compared = True
                self._on_compared(line.link)

    # --- Time --------------------------------------------------------------------------------------
    def flush(self) -> None:
        """Do all that is due: tables, announcements, forwards that waited, answers that are late."""
        now = self._ctx.now
        if now < self._due:
            return
        for key, (at, came_over) in list(self._delayed.items()):
            if now >= at and self._may_forward(key.member):
                del self._delayed[key]
                self._spread_now(key, came_over)
            elif now >= at:
                self._delayed[key] = (now + tuning.SECOND // tuning.FORWARD_RATE, came_over)
        for line in list(self._lines.values()):
            if line.table_at is not None and now >= line.table_at:
                line.table_at, line.table_sent = None, now
                self._send_entries(line, sorted(self._replica.keys(), key=self._order), full=True)
            if line.ask_again_at is not None and now >= line.ask_again_at:
                line.ask_again_at = None
                self._ctx.emit(Send(line.link.id, wire.encode(Ping(0, self._replica.fingerprint())), urgent=True))
            if line.announce_at is not None and now >= line.announce_at:
                keys = sorted(line.announce, key=self._order)
                line.announce, line.announce_at = {}, None
                self._send_entries(line, keys, full=False)
            if line.asked:
                self._give_up_late(line)
        self._due = self._next_due()

    def _wake_at(self, at: int) -> None:
        self._due = min(self._due, at)

    def _send_entries(self, line: Line, keys: list[SlotKey], *, full: bool) -> None:
        now = self._ctx.now
        entries = [entry for key in keys if (entry := self._replica.entry(key, line.link.peer, now)) is not None]
        chunks = [tuple(entries[i : i + ENTRIES_A_FRAME]) for i in range(0, len(entries), ENTRIES_A_FRAME)]
        for number, chunk in enumerate(chunks or [()], start=1):
            last = full and number >= len(chunks)
            self._ctx.emit(Send(line.link.id, wire.encode(Have(chunk, full=full, last=last)), urgent=False))

    def next_deadline(self) -> int | None:
        """When something of `flush` is due; it may be early, never late."""
        return None if self._due == NEVER else self._due

    def _next_due(self) -> int:
        times = [at for at, _ in self._delayed.values()]
        for line in self._lines.values():
            times.extend(at for at in (line.table_at, line.announce_at, line.ask_again_at) if at is not None)
            if line.asked:
                times.append(min(at for _, at in line.asked.values()) + tuning.WANT_RETRY)
        return min(times, default=NEVER)


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
