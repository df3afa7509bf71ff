"""The replica: the newest signed slot of every member that this node knows, and its fingerprint.

Merging is choosing the higher version; form, admission and signature are judged before (`merging.py`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.ids import HASH_BYTES, MemberId
from escalate_daemon.core.wire import HaveEntry, Record, SlotKey, Version, wire_size

_B = TypeVar("_B", bound=slots.Body)
_MODULUS: Final = 1 << (8 * HASH_BYTES)
_ORDER: Final = {
    name: rank
    for rank, name in enumerate((slots.PROFILE, slots.STATE, slots.ANSWERS, slots.RECEIPTS, slots.GRANTS, slots.LINKS))
}
_UNKNOWN_RANK: Final = 3
_NOBODY: Final = frozenset[MemberId]()
_FOLLOWED: Final = frozenset(  # somebody asks what changed
    {slots.PROFILE, slots.STATE, slots.ANSWERS, slots.RECEIPTS, slots.LINKS}
)
BUCKETS: Final = 64  # of slots, for comparing: half for `links`, which change whenever somebody comes or goes


def slot_rank(slot: str) -> int:
    """Order in which slots travel: what admits first, what says who is linked last.

    A reader that believes a link is up must already hold what came over it, or an ended hand would look
    active for a moment.
    """
    return _ORDER.get(slot, _UNKNOWN_RANK)


def bucket_of(key: SlotKey) -> int:
    """The bucket of a slot, 0 to BUCKETS - 1. Member ids are hashes, so they spread evenly."""
    half = BUCKETS // 2
    return key.member[-1] % half + (half if key.slot == slots.LINKS else 0)


def in_buckets(keys: Iterable[SlotKey]) -> dict[int, list[SlotKey]]:
    """The keys in each bucket that has any, in their order."""
    found: dict[int, list[SlotKey]] = {}
    for key in keys:
        found.setdefault(bucket_of(key), []).append(key)
    return found


@dataclass(slots=True)
class Held:
    """A record as this node holds it. `age_base` is the record's age in ms at the moment `since`.

    `by_wall`: the age is from my disk and my own wall clock, which may have jumped: the owner, who would end its
    hand by it, is told only `sure`, the part in which the wall had none.
    """

    record: Record
    version: Version
    since: int
    age_base: int
    decoded: slots.Body | None = None
    by_wall: bool = False
    sure: int = 0
    term: int = 0  # its share in the replica's fingerprint

    def age(self, now: int) -> int:
        """The record's age in ms: what was said of it, and all the time that it was held here."""
        return self.age_base + max(0, now - self.since)

    def hear_age(self, age: int, now: int) -> None:
        """Take the owner's own word for the age, but never less than the time it was held here."""
        self.age_base = max(0, age - max(0, now - self.since))
        self.by_wall = False

    def told_age(self, to: MemberId, now: int) -> int:
        """The age to tell a peer, in ms."""
        if self.by_wall and to == self.record.member:
            return self.sure + max(0, now - self.since)
        return self.age(now)


class Replica:
    """All slots of all members. Members keep at most the known slots and a few of a later version."""

    def __init__(self) -> None:
        self._members: dict[MemberId, dict[str, Held]] = {}
        self._sum = 0
        self._sums = [0] * BUCKETS
        self._changed: dict[str, set[MemberId]] = {}

    def __contains__(self, member: MemberId) -> bool:
        return member in self._members

    def __len__(self) -> int:
        return len(self._members)

    def members(self) -> Iterator[MemberId]:
        """Every member that has at least one slot here."""
        return iter(self._members)

    def get(self, key: SlotKey) -> Held | None:
        """The slot as held, or None."""
        held = self._members.get(key.member)
        return None if held is None else held.get(key.slot)

    def of(self, member: MemberId) -> Mapping[str, Held]:
        """All slots of one member."""
        return self._members.get(member, {})

    def put(self, held: Held) -> tuple[SlotKey, ...]:
        """Hold this record instead of what was held of its key; returns keys of slots dropped for it."""
        key = held.record.key
        own = self._members.get(key.member)
        if own is None:
            own = self._members[key.member] = {}
            self._note(key.member, slots.LINKS)
        before = own.get(key.slot)
        held.term = _term(key, held.version)
        own[key.slot] = held
        self._note(key.member, key.slot)
        self._count(key, held.term - (0 if before is None else before.term))
        return () if key.slot in _ORDER else self._drop_surplus(key.member)

    def forget(self, key: SlotKey) -> None:
        """Hold nothing of this key (own slots that were set aside, surplus)."""
        own = self._members.get(key.member)
        if own is None or key.slot not in own:
            return
        self._count(key, -own.pop(key.slot).term)
        self._note(key.member, key.slot)
        if not own:
            del self._members[key.member]

    def changed(self, slot: str) -> Set[MemberId]:
        """Whose slot of this name came, changed or went since this was asked last; for `links`, newcomers too.

        Told once: each name has one asker.
        """
        return self._changed.pop(slot) if slot in self._changed else _NOBODY

    def _note(self, member: MemberId, slot: str) -> None:
        if slot in _FOLLOWED:
            self._changed.setdefault(slot, set()).add(member)

    def _count(self, key: SlotKey, change: int) -> None:
        bucket = bucket_of(key)
        self._sum = (self._sum + change) % _MODULUS
        self._sums[bucket] = (self._sums[bucket] + change) % _MODULUS

    def room_for(self, key: SlotKey) -> bool:
        """Whether an unknown slot of this name would be kept: the lowest names are, so all replicas agree."""
        if key.slot in _ORDER:
            return True
        unknown = sorted({s for s in self.of(key.member) if s not in _ORDER} | {key.slot})
        return key.slot in unknown[: tuning.UNKNOWN_SLOTS_MAX]

    def _drop_surplus(self, member: MemberId) -> tuple[SlotKey, ...]:
        unknown = sorted(s for s in self._members[member] if s not in _ORDER)
        surplus = tuple(SlotKey(member, slot) for slot in unknown[tuning.UNKNOWN_SLOTS_MAX :])
        for key in surplus:
            self.forget(key)
        return surplus

    def fingerprint(self) -> bytes:
        """16 bytes that are equal exactly where all versions are equal (up to chance)."""
        return self._sum.to_bytes(HASH_BYTES, "big")

    def digests(self) -> tuple[bytes, ...]:
        """The fingerprint of each bucket alone."""
        return tuple(each.to_bytes(HASH_BYTES, "big") for each in self._sums)

    def aging(self) -> Iterator[SlotKey]:
        """The slots whose age decides something: hands that are up, and invites that expire."""
        for member in self._members:
            state = self.state(member)
            if state is not None and state.hand is not None:
                yield SlotKey(member, slots.STATE)
            if self.grants(member):
                yield SlotKey(member, slots.GRANTS)

    def entry(self, key: SlotKey, to: MemberId, now: int) -> HaveEntry | None:
        """The row that announces this slot to a peer, or None where it is not held."""
        held = self.get(key)
        if held is None:
            return None
        version = held.version
        return HaveEntry(
            key.member,
            key.slot,
            version.incarnation,
            version.seq,
            version.content,
            wire_size(held.record),
            held.told_age(to, now),
        )

    def keys(self) -> list[SlotKey]:
        """All keys, unordered."""
        return [SlotKey(member, slot) for member, held in self._members.items() for slot in held]

    def profile(self, member: MemberId) -> slots.Profile | None:
        """The member's profile, or None where it is missing or unreadable."""
        return self._body(SlotKey(member, slots.PROFILE), slots.Profile)

    def state(self, member: MemberId) -> slots.State | None:
        """The member's state, or None where it is missing or unreadable."""
        return self._body(SlotKey(member, slots.STATE), slots.State)

    def receipts(self, member: MemberId) -> tuple[slots.Receipt, ...]:
        """The member's receipts; empty where missing or unreadable."""
        body = self._body(SlotKey(member, slots.RECEIPTS), slots.Receipts)
        return () if body is None else body.receipts

    def answers(self, member: MemberId) -> slots.Answers:
        """The member's claims and lines, no more than it may have; empty where missing or unreadable."""
        body = self._body(SlotKey(member, slots.ANSWERS), slots.Answers)
        if body is None:
            return slots.Answers()
        if len(body.claims) > tuning.CLAIMS_MAX or len(body.lines) > tuning.LINES_KEPT:
            return slots.Answers(body.claims[-tuning.CLAIMS_MAX :], body.lines[-tuning.LINES_KEPT :])
        return body

    def links(self, member: MemberId) -> tuple[MemberId, ...]:
        """Whom the member says it holds links with; empty where missing or unreadable."""
        body = self._body(SlotKey(member, slots.LINKS), slots.Links)
        return () if body is None else body.members

    def degree(self, member: MemberId) -> int:
        """How many it says it is linked with."""
        return len(self.links(member))

    def grants(self, member: MemberId) -> tuple[slots.Grant, ...]:
        """The member's reusable invites; empty where missing or unreadable."""
        body = self._body(SlotKey(member, slots.GRANTS), slots.Grants)
        return () if body is None else body.grants

    def _body(self, key: SlotKey, kind: type[_B]) -> _B | None:
        held = self.get(key)
        if held is None:
            return None
        if held.decoded is None:
            held.decoded = decode_body(held.record.body, kind) or slots.Unreadable()
        return held.decoded if isinstance(held.decoded, kind) else None


def decode_body(data: bytes, kind: type[_B]) -> _B | None:
    """The body in `data`, or None: a signed body that cannot be read is still kept and passed on."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _term(key: SlotKey, version: Version) -> int:
    data = b"".join(
        (
            key.member,
            version.incarnation.to_bytes(8, "big"),
            version.seq.to_bytes(8, "big"),
            version.content,
            key.slot.encode("utf-8", "replace"),
        )
    )
    return int.from_bytes(hashlib.sha256(data).digest()[:HASH_BYTES], "big")
