import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.own import INCARNATION, OwnSlots, store_key
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Links, State
from escalate_daemon.core.wire import SlotKey, Version
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")


@pytest.fixture
def ctx() -> Context:
    return CAST.context("ana")


@pytest.fixture
def written() -> list[SlotKey]:
    return []


@pytest.fixture
def replica() -> Replica:
    return Replica()


@pytest.fixture
def own(ctx: Context, replica: Replica, written: list[SlotKey]) -> OwnSlots:
    return OwnSlots(ctx, replica, 7, written.append)


def version(replica: Replica, own: OwnSlots, slot: str) -> tuple[int, int]:
    held = replica.get(own.key(slot))
    assert held is not None
    return held.version[:2]


def test_incarnation_is_stored_before_anything_else(ctx: Context, own: OwnSlots) -> None:
    own.write(slots.STATE, State())
    first, second = ctx.drain()
    assert first == Store(Bucket.META, INCARNATION, b"7")
    assert isinstance(second, Store)
    assert (second.bucket, second.key) == (Bucket.SLOTS, store_key(own.key(slots.STATE)))


def test_write_is_signed_numbered_stored_and_told(
    ctx: Context, replica: Replica, own: OwnSlots, written: list[SlotKey]
) -> None:
    own.write(slots.STATE, State(presence=slots.BUSY))
    held = replica.get(own.key(slots.STATE))
    assert held is not None
    signed = wire.signed_bytes(CAST.charter.space, held.record)
    assert CAST.keyring.verify(CAST.key("ana"), held.record.sig, signed)
    assert held.version == wire.version_of(CAST.charter.space, held.record)
    assert held.record.boot == ctx.boot
    assert written == [own.key(slots.STATE)]
    assert ctx.drain()[-1] == Store(Bucket.SLOTS, CAST.id("ana") + b"/state", wire.encode(held.record), 0), (
        "what is stored is what is sent"
    )


def test_no_version_is_ever_used_twice(replica: Replica, own: OwnSlots) -> None:
    seen = []
    for slot in (slots.STATE, slots.PROFILE, slots.STATE, slots.LINKS, slots.STATE):
        own.write(slot, State())
        seen.append(version(replica, own, slot))
    assert seen == [(7, n) for n in range(1, 6)]


def test_links_are_not_stored(ctx: Context, own: OwnSlots) -> None:
    ctx.drain()
    own.write(slots.LINKS, Links())
    assert ctx.drain() == []


def test_rising_above_a_stranger_is_stored_and_then_written(ctx: Context, replica: Replica, own: OwnSlots) -> None:
    ctx.drain()
    own.rise_above(Version(7, 99, b"c" * 16))
    assert ctx.drain() == [Store(Bucket.META, INCARNATION, b"8")]
    own.write(slots.STATE, State())
    assert version(replica, own, slots.STATE) == (8, 1)


def test_older_stranger_moves_nothing(ctx: Context, own: OwnSlots) -> None:
    ctx.drain()
    own.rise_above(Version(6, 99, b"c" * 16))
    assert (ctx.drain(), own.incarnation) == ([], 7)


def test_stranger_at_the_highest_version_does_not_push_mine_over_it(own: OwnSlots) -> None:
    """Above VERSION_MAX every honest peer would call my own next write malformed."""
    own.rise_above(Version(tuning.VERSION_MAX, 1, b"c" * 16))
    assert own.incarnation <= tuning.VERSION_MAX
