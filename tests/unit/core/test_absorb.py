"""What follows from each slot, once it is merged."""

from escalate_daemon.core import wire
from escalate_daemon.core.absorb import receipt_key
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.commands import EndMine, Start
from escalate_daemon.core.effects import Bucket, Stored
from escalate_daemon.core.facts import EscalationUpdated, MemberChanged
from escalate_daemon.core.loading import load_receipts
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Receipt
from escalate_daemon.core.viewer import Viewer
from support.core_cast import cast_of
from support.core_wire import Wire

CAST = cast_of("ana", "ben")


def viewer() -> Viewer:
    ctx, reach = CAST.context("ana"), Reachability(CAST.id("ana"))
    roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
    replica = Replica()
    return Viewer(ctx, replica, reach, Pins(ctx, roster), Answering(ctx, replica, reach))


def test_kept_receipts_are_taken_over_and_unreadable_ones_left_out() -> None:
    eyes, receipt = viewer(), Receipt("f" * 16, CAST.id("ana"), 1, 2)
    good = {receipt_key(receipt.hand, CAST.id("ben")): Stored(wire.encode(receipt), 0)}
    load_receipts(eyes, good | {b"short": Stored(b"\xc1", 0)})
    assert eyes.kept_receipts == {receipt.hand: {CAST.id("ben"): receipt}}


def linked() -> Wire:
    room = Wire("ana", "ben", "cem")
    room.run(3_000)
    return room


def test_receipt_for_my_hand_is_stored_and_outlives_its_slot() -> None:
    """Receipts leave the slot when their hand is over; the owner still says who was reached."""
    room = linked()
    hand = room["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    room.run(1_000)
    (key,) = room["ana"].disk.table(Bucket.RECEIPTS)
    assert key == receipt_key(hand, room["ben"].me)
    room["ana"].say(EndMine())
    room.run(10_000)
    assert room["ana"].hands()[hand].reach.sounded == 1


def test_receipt_for_anothers_hand_is_told_but_not_kept() -> None:
    room = linked()
    hand = room["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    room.run(1_000)
    assert room["cem"].hands()[hand].reach.sounded == 1
    assert room["cem"].facts_of(EscalationUpdated)
    assert room["cem"].disk.table(Bucket.RECEIPTS) == {}


def test_new_profile_leads_to_its_addresses_and_is_told() -> None:
    room = Wire("ana", "ben", "cem", start=False)
    for name in ("ana", "ben", "cem"):
        room[name].start()
    room["ana"].finds(room["ben"].address)
    room["cem"].finds(room["ben"].address)
    room.run(5_000)
    assert room["ana"].live.link_count == 4, "Cem was found through Ben: two links a pair among three"
    assert "cem" in {fact.member.name for fact in room["ana"].facts_of(MemberChanged)}


def test_slot_of_a_later_version_reaches_everybody() -> None:
    room = linked()
    record = room.cast.record("ben", "later", b"\xc1 whatever", (1 << 40, 1))
    room["ana"].hears(room.link_of("ana", "ben"), encoded(record))
    room.run(10_000)
    for seat in room.seats:
        if seat.name != "ben":
            kept = seat.disk.table(Bucket.SLOTS)[room["ben"].me + b"/later"]
            assert decoded(kept.value) == (record.body, record.sig)


def encoded(record: wire.Record) -> bytes:
    return wire.encode(wire.SlotsFrame((record,)))


def decoded(data: bytes) -> tuple[bytes, bytes]:
    record = wire.decode_record(data)
    return record.body, record.sig
