from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.slots import Links, Receipt, Receipts


def test_all_slots_of_a_member_fit_into_what_a_member_may_have() -> None:
    total = sum(tuning.SLOT_BYTES.values()) + tuning.UNKNOWN_SLOTS_MAX * tuning.UNKNOWN_SLOT_BYTES
    assert total <= tuning.MEMBER_BYTES


def test_any_slot_fits_into_a_frame() -> None:
    assert max(tuning.SLOT_BYTES.values()) + 2048 < tuning.FRAME_BYTES


def test_every_link_that_may_be_held_fits_into_the_links_slot() -> None:
    body = wire.encode(Links((MemberId(b"m" * 16),) * tuning.LINKS_MAX))
    assert len(body) + 120 <= tuning.SLOT_BYTES[slots.LINKS]


def test_as_many_receipts_as_are_written_fit_into_their_slot() -> None:
    day = 24 * tuning.HOUR * 7
    receipt = Receipt("f" * 16, MemberId(b"m" * 16), day, day, day, day, "not-here")
    body = wire.encode(Receipts((receipt,) * tuning.RECEIPTS_MAX))
    assert len(body) + 120 <= tuning.SLOT_BYTES[slots.RECEIPTS]


def test_lost_owner_is_told_within_30_s() -> None:
    assert tuning.DEAD_AFTER + tuning.LOST_AFTER < 30 * tuning.SECOND
