import msgspec
import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.replica import Held, Replica, decode_body, slot_rank
from escalate_daemon.core.slots import Links, Profile, Receipts, State
from escalate_daemon.core.wire import SlotKey
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")
ANA, BEN = CAST.id("ana"), CAST.id("ben")


def held(slot: str, version: tuple[int, int] = (1, 1), body: slots.Body | bytes = b"x", who: str = "ana") -> Held:
    return CAST.held(CAST.record(who, slot, body, version))


def test_empty_replica_knows_nobody() -> None:
    replica = Replica()
    assert (len(replica), list(replica.members()), replica.keys()) == (0, [], [])
    assert replica.fingerprint() == bytes(16)
    assert replica.get(SlotKey(ANA, slots.STATE)) is None
    assert replica.profile(ANA) is None
    assert replica.state(ANA) is None
    assert (replica.receipts(ANA), replica.links(ANA), replica.grants(ANA)) == ((), (), ())


def test_replica_reads_what_is_held() -> None:
    replica = Replica()
    replica.put(CAST.held(CAST.profile_record("ana")))
    replica.put(held(slots.STATE, body=State(presence=slots.BUSY)))
    replica.put(held(slots.LINKS, body=Links((BEN,))))
    assert replica.profile(ANA) == CAST.profile("ana")
    assert replica.state(ANA) == State(presence=slots.BUSY)
    assert replica.links(ANA) == (BEN,)
    assert (ANA in replica, BEN in replica) == (True, False)


def test_put_and_forget_of_the_same_slots_leave_the_fingerprint_as_it_was() -> None:
    replica = Replica()
    replica.put(held(slots.STATE))
    before = replica.fingerprint()
    replica.put(held(slots.STATE, (1, 2)))
    assert replica.fingerprint() != before
    replica.put(held(slots.STATE))
    replica.put(held(slots.LINKS, who="ben"))
    replica.forget(SlotKey(BEN, slots.LINKS))
    replica.forget(SlotKey(BEN, slots.LINKS))
    assert replica.fingerprint() == before
    assert BEN not in replica


@pytest.mark.parametrize(
    "other", [((2, 1), b"x"), ((1, 2), b"x"), ((1, 1), b"y")], ids=["incarnation", "seq", "content"]
)
def test_fingerprint_tells_every_part_of_a_version(other: tuple[tuple[int, int], bytes]) -> None:
    one, two = Replica(), Replica()
    one.put(held(slots.STATE, (1, 1), b"x"))
    two.put(held(slots.STATE, *other))
    assert one.fingerprint() != two.fingerprint()


def test_whose_slot_changed_is_told_once_and_newcomers_with_their_links() -> None:
    replica = Replica()
    replica.put(held(slots.STATE))
    assert (replica.changed(slots.STATE), replica.changed(slots.LINKS)) == ({ANA}, {ANA})
    assert (replica.changed(slots.STATE), replica.changed(slots.LINKS)) == (set(), set())
    replica.put(held(slots.STATE, (1, 2)))
    assert (replica.changed(slots.STATE), replica.changed(slots.LINKS)) == ({ANA}, set())
    replica.forget(SlotKey(ANA, slots.STATE))
    assert replica.changed(slots.STATE) == {ANA}


def test_fingerprint_does_not_depend_on_age() -> None:
    one, two = Replica(), Replica()
    one.put(CAST.held(CAST.record("ana", slots.STATE, b"x", age=5), since=1))
    two.put(CAST.held(CAST.record("ana", slots.STATE, b"x", age=99), since=2))
    assert one.fingerprint() == two.fingerprint()


def test_unreadable_body_is_held_and_read_as_nothing() -> None:
    replica = Replica()
    for slot in (slots.PROFILE, slots.STATE, slots.LINKS, slots.RECEIPTS, slots.GRANTS):
        replica.put(held(slot, body=b"\xc1"))
    assert replica.profile(ANA) is None
    assert replica.state(ANA) is None
    assert (replica.receipts(ANA), replica.links(ANA), replica.grants(ANA)) == ((), (), ())
    assert len(replica.keys()) == 5


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91" * 2000, b"\x94\xa1\xff", msgspec.msgpack.encode({})])
def test_body_that_cannot_be_read_is_none(data: bytes) -> None:
    assert decode_body(data, State) is None


def test_body_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    longer = msgspec.msgpack.encode([slots.BUSY, "", None, None, {"new": 1}])
    assert decode_body(longer, State) == State(presence=slots.BUSY)
    shorter = msgspec.msgpack.encode([])
    assert decode_body(shorter, Receipts) == Receipts()
    assert decode_body(shorter, Profile) is None


def test_only_the_lowest_unknown_names_are_kept_whatever_the_order() -> None:
    names = ["later-c", "later-a", "later-d", "later-b"]
    one, two = Replica(), Replica()
    for name in names:
        one.put(held(name))
    for name in reversed(names):
        two.put(held(name))
    assert sorted(one.of(ANA)) == sorted(names)[: tuning.UNKNOWN_SLOTS_MAX]
    assert one.fingerprint() == two.fingerprint()


def test_surplus_that_is_dropped_is_told() -> None:
    replica = Replica()
    for name in ("b", "c", "d"):
        assert replica.put(held(name)) == ()
    assert not replica.room_for(SlotKey(ANA, "e"))
    assert replica.room_for(SlotKey(ANA, "a"))
    assert replica.put(held("a")) == (SlotKey(ANA, "d"),)
    assert replica.room_for(SlotKey(ANA, slots.ANSWERS))


def test_entry_announces_version_size_and_age() -> None:
    replica = Replica()
    record = CAST.record("ana", slots.STATE, b"body", (3, 4), age=100)
    replica.put(CAST.held(record, since=1_000))
    entry = replica.entry(SlotKey(ANA, slots.STATE), BEN, 1_500)
    content = wire.version_of(CAST.charter.space, record).content
    assert entry == wire.HaveEntry(ANA, slots.STATE, 3, 4, content, wire.wire_size(record), 600)
    assert replica.entry(SlotKey(BEN, slots.STATE), ANA, 0) is None


def test_age_grows_with_my_own_clock_and_is_never_less_than_held() -> None:
    record = CAST.held(CAST.record("ana", slots.STATE, b"x", age=10), since=1_000)
    assert record.age(1_500) == 510
    record.hear_age(2_000, 1_500)
    assert record.age(1_500) == 2_000
    record.hear_age(3, 1_600)
    assert record.age(1_600) == 600
    assert record.age(0) == 0, "a clock behind its own past makes no negative age"


def test_owner_is_not_told_an_age_that_my_own_wall_made_up() -> None:
    record = CAST.record("ana", slots.STATE, b"x")
    held = Held(record, CAST.held(record).version, since=1_000, age_base=99_999, by_wall=True, sure=10)
    assert held.told_age(ANA, 1_500) == 510
    assert held.told_age(BEN, 1_500) == 100_499
    held.hear_age(2_000, 1_500)
    assert held.told_age(ANA, 1_500) == 2_000


def test_slots_travel_with_what_admits_first_and_links_last() -> None:
    ranks = [slot_rank(s) for s in (slots.PROFILE, slots.STATE, slots.ANSWERS, "later", slots.GRANTS, slots.LINKS)]
    assert ranks == sorted(ranks)
    assert slot_rank(slots.PROFILE) < slot_rank(slots.STATE) < slot_rank(slots.LINKS)
