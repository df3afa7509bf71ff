from dataclasses import dataclass

import msgspec
import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.facts import SpaceFull
from escalate_daemon.core.ids import member_id
from escalate_daemon.core.merging import Merging
from escalate_daemon.core.own import store_key
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import State
from escalate_daemon.core.wire import Hello, Record, SlotKey, WireError
from support.core_cast import Cast, cast_of

CAST = cast_of("ana", "ben", "cem", "dora")
ELSEWHERE = Cast("eve", "mallory")


@dataclass(frozen=True)
class Gate:
    """Merging of one member, and what stands behind it."""

    ctx: Context
    replica: Replica
    roster: Roster
    merging: Merging

    def merge(self, record: Record, *, direct: bool = False) -> bool:
        return self.merging.merge(record, direct=direct) is not None


def gate(who: str = "ana", *, admitted: bool = True) -> Gate:
    ctx = CAST.context(who)
    roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
    for name in CAST.names if admitted else (who,):
        roster.admit_chain(CAST.chain(name))
    replica = Replica()
    return Gate(ctx, replica, roster, Merging(ctx, replica, roster))


def state(version: tuple[int, int] = (1, 1), who: str = "ben", presence: str = slots.AVAILABLE) -> Record:
    return CAST.record(who, slots.STATE, State(presence), version)


# --- Newer, older, forged --------------------------------------------------------------------------
def test_newer_record_is_held_and_stored() -> None:
    here = gate()
    record = state()
    assert here.merge(record)
    assert here.ctx.drain() == [Store(Bucket.SLOTS, store_key(record.key), wire.encode(record), 0)]
    assert here.replica.state(CAST.id("ben")) == State()


@pytest.mark.parametrize("version", [(1, 1), (2, 0), (2, 1)], ids=["older boot", "older", "the same"])
def test_record_that_is_not_newer_changes_nothing(version: tuple[int, int]) -> None:
    here = gate()
    here.merge(state((2, 1)))
    here.ctx.drain()
    before = here.replica.fingerprint()
    assert not here.merge(state(version))
    assert (here.replica.fingerprint(), here.ctx.drain()) == (before, [])


def test_of_two_twins_of_one_version_all_hold_the_same() -> None:
    twins = [state(presence=slots.BUSY), state(presence=slots.AWAY)]
    here, there = gate(), gate("cem")
    for record in twins:
        here.merge(record)
    for record in reversed(twins):
        there.merge(record)
    assert here.replica.fingerprint() == there.replica.fingerprint()


FORGED: list[dict[str, object]] = [
    {"body": wire.encode(State(presence=slots.AWAY))},
    {"sig": b"s" * 64},
    {"sig": b""},
    {"seq": 9},
    {"incarnation": 9},
    {"boot": b"eveseve!"},
    {"member": CAST.id("cem")},
    {"slot": slots.ANSWERS},
]


@pytest.mark.parametrize("parts", FORGED, ids=lambda parts: next(iter(parts)))
def test_forged_or_flipped_record_changes_nothing_and_is_its_senders_fault(parts: dict[str, object]) -> None:
    """No honest peer passes on what it could not verify itself."""
    here = gate()
    with pytest.raises(WireError):
        here.merge(msgspec.structs.replace(state(), **parts))
    assert here.ctx.drain() == []
    assert len(here.replica) == 0


def test_malformed_record_is_its_senders_fault() -> None:
    with pytest.raises(WireError):
        gate().merge(msgspec.structs.replace(state(), seq=-1))


def test_clocks_reject_nothing() -> None:
    here = gate()
    assert here.merge(state((tuning.VERSION_MAX, tuning.VERSION_MAX)))
    assert here.merge(msgspec.structs.replace(state(who="cem"), age=tuning.VERSION_MAX))


def test_unreadable_body_is_merged_all_the_same() -> None:
    here = gate()
    assert here.merge(CAST.record("ben", slots.STATE, b"\xc1 of a later version"))
    assert here.replica.state(CAST.id("ben")) is None


def test_owners_own_word_on_the_age_is_taken_and_a_peers_is_not() -> None:
    here = gate()
    here.merge(msgspec.structs.replace(state(), age=10))
    held = here.replica.get(SlotKey(CAST.id("ben"), slots.STATE))
    assert held is not None
    assert not here.merge(msgspec.structs.replace(state(), age=5_000))
    assert held.age(here.ctx.now) == 10
    assert not here.merge(msgspec.structs.replace(state(), age=5_000), direct=True)
    assert held.age(here.ctx.now) == 5_000


def test_slot_of_a_later_version_is_kept_byte_for_byte_and_the_surplus_forgotten_on_disk() -> None:
    here = gate()
    for name in ("b", "c", "d"):
        here.merge(CAST.record("ben", name, b"anything \xff"))
    here.ctx.drain()
    record = CAST.record("ben", "a", b"anything \xff")
    assert here.merge(record)
    stored, dropped = here.ctx.drain()
    assert stored == Store(Bucket.SLOTS, store_key(record.key), wire.encode(record), 0)
    assert dropped == Store(Bucket.SLOTS, CAST.id("ben") + b"/d", None)
    assert not here.merge(CAST.record("ben", "e", b"too many"))


# --- Admission -------------------------------------------------------------------------------------
def test_slots_of_a_stranger_are_left_out_without_a_word() -> None:
    here = gate(admitted=False)
    assert not here.merge(state())
    assert here.ctx.drain() == []


def test_profile_admits_its_member_when_its_introducer_is_admitted() -> None:
    here = gate(admitted=False)
    for name in sorted(CAST.names, key=lambda name: len(CAST.chain(name))):
        assert here.merge(CAST.profile_record(name))
    assert here.merge(state())
    assert len(here.roster) == len(CAST.names)


@pytest.mark.parametrize(
    "parts",
    [
        {"intro": None},
        {"key": ELSEWHERE.key("eve")},
        {"intro": ELSEWHERE.chain("eve")[-1]},
        {"intro": msgspec.structs.replace(CAST.chain("ben")[-1], sig=b"forged")},
    ],
    ids=["no introduction", "another key", "introduction of another key", "forged introduction"],
)
def test_profile_without_a_good_introduction_is_not_merged(parts: dict[str, object]) -> None:
    here = gate(admitted=False)
    assert not here.merge(CAST.profile_record("ben", **parts))
    assert len(here.replica) == 0
    assert CAST.id("ben") not in here.roster


def test_member_of_another_space_gets_nothing_in() -> None:
    here = gate()
    assert not here.merge(ELSEWHERE.profile_record("eve"))
    assert not here.merge(ELSEWHERE.record("eve", slots.STATE, State()))
    assert len(here.replica) == 0


def test_full_space_is_told_and_evicts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "MEMBERS_MAX", 1)
    here = gate(admitted=False)
    by_creator = next(name for name in CAST.names if len(CAST.chain(name)) == 2)
    assert not here.merge(CAST.profile_record(by_creator))
    assert here.ctx.drain() == [SpaceFull(CAST.id(by_creator))]
    assert here.merge(CAST.profile_record("ana"))


# --- Hello -----------------------------------------------------------------------------------------
def hello(who: str = "ben", /, **parts: object) -> Hello:
    good = Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain(who))
    return msgspec.structs.replace(good, **parts)


def test_hello_admits_its_whole_chain_and_stores_the_new() -> None:
    here = gate(admitted=False)
    assert here.merging.admit_hello(hello(), CAST.key("ben")) == CAST.id("ben")
    fresh = CAST.chain("ben")[1:]
    assert here.ctx.drain() == [Store(Bucket.INTROS, member_id(i.key), wire.encode(i)) for i in fresh]
    assert here.merging.admit_hello(hello(), CAST.key("ben")) == CAST.id("ben")
    assert here.ctx.drain() == []


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({"protocol": 2}, CAST.key("ben")),
        ({"space": ELSEWHERE.charter.space}, CAST.key("ben")),
        ({"chain": ()}, CAST.key("ben")),
        ({}, CAST.key("cem")),
        ({"chain": ELSEWHERE.chain("eve")}, ELSEWHERE.key("eve")),
    ],
    ids=["protocol", "space", "no chain", "a key not proven", "a chain of another space"],
)
def test_bad_hello_is_refused_with_its_reason(parts: dict[str, object], key: bytes) -> None:
    here = gate(admitted=False)
    with pytest.raises(WireError):
        here.merging.admit_hello(hello(**parts), key)
    assert len(here.roster) == 1
    assert here.ctx.drain() == []


# --- Disk ------------------------------------------------------------------------------------------
def disk(*records: Record, age: int = 0) -> dict[bytes, Stored]:
    return {store_key(r.key): Stored(wire.encode(r), age) for r in records}


def test_disk_fills_the_replica_whatever_its_order() -> None:
    records = [CAST.profile_record(name) for name in CAST.names] + [state()]
    one, other = gate(admitted=False), gate(admitted=False)
    one.merging.load({}, disk(*records, age=7))
    other.merging.load({}, disk(*reversed(records), age=7))
    assert one.replica.fingerprint() == other.replica.fingerprint()
    assert len(one.replica) == len(CAST.names)
    held = one.replica.get(SlotKey(CAST.id("ben"), slots.STATE))
    assert held is not None
    assert held.age(one.ctx.now + 3) == 10


def test_disk_of_a_member_without_profile_needs_its_introduction() -> None:
    here = gate(admitted=False)
    here.merging.load({}, disk(state()))
    assert len(here.replica) == 0
    again = gate(admitted=False)
    intros = {i.key: Stored(wire.encode(i), 0) for i in CAST.chain("ben")}
    again.merging.load(intros, disk(state()))
    assert again.replica.state(CAST.id("ben")) == State()


def test_bad_rows_on_disk_are_left_out() -> None:
    here = gate(admitted=False)
    forged = msgspec.structs.replace(state(), sig=b"f")
    bad = {b"a": Stored(b"\xc1", 0), b"b": Stored(b"", 0), b"c": Stored(wire.encode(forged), 0)}
    odd = {b"d": Stored(wire.encode(msgspec.structs.replace(state(), seq=-5)), 0)}
    here.merging.load({b"x": Stored(b"junk", 0)}, disk(CAST.profile_record("ben")) | bad | odd)
    assert list(here.replica.of(CAST.id("ben"))) == [slots.PROFILE]


# --- My own, as others hold it ---------------------------------------------------------------------
def test_own_slot_of_others_is_a_twin_only_if_signed_and_not_older() -> None:
    here = gate("ben")
    here.replica.put(CAST.held(state((2, 2))))
    twin = here.merging.twin_of_mine
    assert twin(state((2, 2))) is None, "it is the very same"
    assert twin(state((2, 1))) is None
    assert twin(state((3, 1))) is not None
    assert twin(state((2, 2), presence=slots.AWAY)) is not None
    assert twin(state((2, 2), presence=slots.BUSY)) is not None
    with pytest.raises(WireError):
        twin(msgspec.structs.replace(state((3, 1)), sig=b"forged"))


def test_introductions_beside_slots_admit_whom_no_profile_brought() -> None:
    here = gate(admitted=False)
    deepest = max(CAST.names, key=lambda name: len(CAST.chain(name)))
    here.merging.admit(CAST.chain(deepest)[:-1])
    assert here.merge(CAST.profile_record(deepest))
    fresh = CAST.chain(deepest)[1:-1]
    stored = here.ctx.drain()
    assert stored[: len(fresh)] == [Store(Bucket.INTROS, member_id(i.key), wire.encode(i)) for i in fresh]


def test_bad_introductions_beside_slots_are_left_out() -> None:
    here = gate(admitted=False)
    forged = [msgspec.structs.replace(i, name="mallory") for i in CAST.chain("ben")[1:]]
    here.merging.admit([*forged, *ELSEWHERE.chain("eve"), *ELSEWHERE.chain("mallory")])
    assert (len(here.roster), here.ctx.drain()) == (1, [])
