"""Laws of merging: order, grouping and repetition do not matter; nobody but its owner changes a slot."""

import random
from functools import cache

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.merging import Merging
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Answers, Claim, Line, State
from escalate_daemon.core.wire import Record, SlotKey, WireError
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem", "dora")
SLOTS = (slots.STATE, slots.ANSWERS, slots.LINKS, "later-a", "later-b", "later-c", "later-d")
ANSWERED = Answers((Claim("a1", CAST.id("ana"), 5),), (Line("a1", CAST.id("ana"), 6, "coming"),))
BODIES = (
    wire.encode(State()),
    wire.encode(State(slots.AWAY)),
    wire.encode(ANSWERED),
    b"",
    b"\xc1",
    b"\x95\x01\x02\x03\x04\x05",
)
LAWS = settings(deadline=None, max_examples=120)


@cache
def write(name: str, slot: str, version: tuple[int, int], body: bytes, boot: bytes) -> Record:
    return CAST.record(name, slot, body, version, boot=boot)


@cache
def profile(name: str, seq: int) -> Record:
    return CAST.profile_record(name, (1, seq))


WRITES = st.one_of(
    st.builds(
        write,
        st.sampled_from(CAST.names[1:]),
        st.sampled_from(SLOTS),
        st.tuples(st.integers(1, 2), st.integers(1, 3)),
        st.sampled_from(BODIES),
        st.sampled_from((b"boot-one", b"boot-two")),
    ),
    st.builds(profile, st.sampled_from(CAST.names), st.integers(1, 3)),
)


class Holder:
    """One replica behind its gate."""

    def __init__(self, *, admitted: bool = True) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        for name in CAST.names if admitted else CAST.names[:1]:
            roster.admit_chain(CAST.chain(name))
        self.replica = Replica()
        self.merging = Merging(CAST.context("ana"), self.replica, roster)

    def merge(self, *records: Record) -> "Holder":
        for record in records:
            self.merging.merge(record, direct=False)
        return self

    def held(self) -> dict[SlotKey, bytes]:
        """Every record byte for byte."""
        found = [held for m in self.replica.members() for held in self.replica.of(m).values()]
        return {held.record.key: wire.encode(held.record) for held in found}


@LAWS
@given(st.lists(WRITES, max_size=24), st.randoms(use_true_random=False), st.integers(1, 3))
def test_merge_commutes_and_is_idempotent(records: list[Record], rng: random.Random, times: int) -> None:
    again = records * times
    rng.shuffle(again)
    one, other = Holder().merge(*records), Holder().merge(*again)
    assert one.replica.fingerprint() == other.replica.fingerprint()
    assert one.held() == other.held()


@LAWS
@given(st.lists(WRITES, max_size=12), st.lists(WRITES, max_size=12), st.lists(WRITES, max_size=12))
def test_merge_associates(first: list[Record], second: list[Record], third: list[Record]) -> None:
    def all_of(holder: Holder) -> list[Record]:
        return [wire.decode_record(data) for data in holder.held().values()]

    left = Holder().merge(*all_of(Holder().merge(*first, *second)), *third)
    right = Holder().merge(*first, *all_of(Holder().merge(*second, *third)))
    assert left.held() == right.held()


@LAWS
@given(st.lists(WRITES, max_size=24))
def test_what_is_held_is_the_highest_version_of_each_slot(records: list[Record]) -> None:
    newest: dict[SlotKey, wire.Version] = {}
    for record in records:
        version = wire.version_of(CAST.charter.space, record)
        newest[record.key] = max(version, newest.get(record.key, version))
    held = Holder().merge(*records).held()
    for key, data in held.items():
        assert wire.version_of(CAST.charter.space, wire.decode_record(data)) == newest[key]
    missing = set(newest) - set(held)
    assert all(key.slot.startswith("later-") for key in missing), "only surplus slots of a later version"


@LAWS
@given(st.lists(WRITES, max_size=16))
def test_versions_only_rise(records: list[Record]) -> None:
    holder, seen = Holder(), dict[SlotKey, wire.Version]()
    for record in records:
        holder.merge(record)
        held = holder.replica.get(record.key)
        if held is not None:
            assert held.version >= seen.get(record.key, held.version)
            seen[record.key] = held.version


@LAWS
@given(st.permutations([profile(name, 1) for name in CAST.names]), st.integers(1, 4))
def test_members_learnt_in_any_order_are_all_admitted_after_enough_rounds(order: list[Record], extra: int) -> None:
    holder = Holder(admitted=False)
    for _ in range(len(CAST.names) - 1 + extra):
        holder.merge(*order)
    assert len(holder.replica) == len(CAST.names)


@LAWS
@given(WRITES, WRITES, st.data())
def test_flipped_bit_anywhere_changes_nothing(good: Record, other: Record, data: st.DataObject) -> None:
    holder = Holder().merge(good)
    before = holder.held()
    raw = bytearray(wire.encode(other))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        flipped = wire.decode_record(bytes(raw))
        if flipped != msgspec.structs.replace(other, age=flipped.age):
            holder.merge(flipped)
    except WireError:
        pass
    assert holder.held() == before


@LAWS
@given(
    name=st.text(min_size=1, max_size=12).filter(lambda n: n not in tuning.SLOT_BYTES),
    body=st.binary(max_size=600),
    extra=st.lists(st.one_of(st.integers(0, 9), st.text(max_size=9), st.none()), max_size=3),
)
def test_slots_and_fields_of_a_later_version_are_kept_byte_for_byte(
    name: str, body: bytes, extra: list[object]
) -> None:
    unknown = CAST.record("ben", name, body)
    longer = CAST.record("ben", slots.STATE, msgspec.msgpack.encode([slots.BUSY, "", None, None, *extra]))
    holder = Holder()
    try:
        wire.check_form(unknown)
    except WireError:
        assert len(name.encode("utf-8", "replace")) > 32
        return
    holder.merge(unknown, longer)
    assert holder.held() == {unknown.key: wire.encode(unknown), longer.key: wire.encode(longer)}
    assert holder.replica.state(CAST.id("ben")) == State(slots.BUSY)
