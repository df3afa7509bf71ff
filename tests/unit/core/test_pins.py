import pytest

from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.pins import Pins
from support.core_cast import Cast, cast_of

CAST = cast_of("ana", "ben", "cem")
OPEN = Cast("ana", "ben", "cem", open_space=True)


def pins_of(cast: Cast, who: str = "ben") -> tuple[Context, Pins]:
    ctx = cast.context(who)
    roster = Roster(cast.charter.space, cast.charter.open_space, cast.keyring.verify)
    for name in cast.names:
        roster.admit_chain(cast.chain(name))
    return ctx, Pins(ctx, roster)


def stores(ctx: Context) -> dict[bytes, bytes | None]:
    effects = ctx.drain()
    assert all(isinstance(e, Store) and e.bucket is Bucket.PINS for e in effects)
    return {e.key: e.value for e in effects if isinstance(e, Store)}


def test_first_key_of_a_name_is_trusted_and_kept() -> None:
    ctx, pins = pins_of(OPEN)
    pins.meet(OPEN.id("cem"), "Cem")
    assert not pins.is_new_key(OPEN.id("cem"), "cem")
    assert list(stores(ctx)) == [b"cem"]
    pins.meet(OPEN.id("cem"), "CEM")
    assert stores(ctx) == {}


def test_second_key_of_a_known_name_is_new_until_trusted() -> None:
    ctx, pins = pins_of(OPEN)
    pins.meet(OPEN.id("cem"), "Ana")
    pins.meet(OPEN.id("ana"), "ana")
    assert pins.is_new_key(OPEN.id("ana"), "Ana")
    ctx.drain()
    pins.trust(OPEN.id("ana"), "ANA")
    assert not pins.is_new_key(OPEN.id("ana"), "ana")
    assert list(stores(ctx)) == [b"ana"]


def test_name_that_nobody_bore_yet_is_not_new() -> None:
    _, pins = pins_of(OPEN)
    assert not pins.is_new_key(OPEN.id("cem"), "cem")


def test_key_that_the_creator_introduced_is_vouched_for() -> None:
    _, pins = pins_of(CAST)
    by_creator = next(name for name in ("ben", "cem") if len(CAST.chain(name)) == 2)
    pins.meet(CAST.id("ana"), "twin")
    pins.meet(CAST.id(by_creator), "twin")
    assert not pins.is_new_key(CAST.id(by_creator), "twin")


def test_member_is_met_under_one_name_at_a_time() -> None:
    """Renaming oneself for ever fills nobody's memory."""
    ctx, pins = pins_of(OPEN)
    kept: set[bytes] = set()
    for number in range(100):
        pins.meet(OPEN.id("cem"), f"cem {number}")
        for key, value in stores(ctx).items():
            (kept.discard if value is None else kept.add)(key)
    assert kept == {b"cem 99"}


def test_renaming_gives_up_a_name_but_not_the_persons_trust() -> None:
    _, pins = pins_of(OPEN)
    pins.trust(OPEN.id("cem"), "Cem")
    pins.meet(OPEN.id("cem"), "Cem")
    pins.meet(OPEN.id("cem"), "Someone")
    assert pins.is_new_key(OPEN.id("ana"), "cem")
    assert not pins.is_new_key(OPEN.id("cem"), "cem")


def test_pins_outlive_a_restart() -> None:
    ctx, pins = pins_of(OPEN)
    pins.meet(OPEN.id("cem"), "ana")
    kept = {key: Stored(value, 0) for key, value in stores(ctx).items() if value is not None}
    _, again = pins_of(OPEN)
    again.load(kept)
    assert again.is_new_key(OPEN.id("ana"), "Ana")
    assert not again.is_new_key(OPEN.id("cem"), "Ana")


@pytest.mark.parametrize("row", [(b"\xff", b"\x90"), (b"ana", b"not msgpack"), (b"ana", b"\x91\x05")])
def test_unreadable_pin_is_left_out(row: tuple[bytes, bytes]) -> None:
    _, pins = pins_of(OPEN)
    pins.load({row[0]: Stored(row[1], 0)})
    assert not pins.is_new_key(OPEN.id("ana"), "ana")
