import pytest

from escalate_daemon.trust.book import (
    KEPT_MAX,
    LIFETIME_MS,
    OPEN_MAX,
    REMEMBERED_MS,
    Invite,
    InviteBook,
    Moment,
    Redeemed,
    Refused,
)
from escalate_daemon.trust.errors import TrustError

START = Moment(uptime=5_000, wall=1_700_000_000_000)
ANA, BEN = b"a" * 32, b"b" * 32


def after(ms: int, *, wall: int | None = None, start: Moment = START) -> Moment:
    return Moment(start.uptime + ms, start.wall + (ms if wall is None else wall))


def issued(number: int = 0, at: Moment = START) -> tuple[InviteBook, Invite]:
    book = InviteBook()
    return book, book.issue(number.to_bytes(16, "big"), at)


def test_invite_lets_one_key_in_and_tells_the_next_it_is_used() -> None:
    book, invite = issued()
    assert book.redeem(invite.label, ANA, START) == Redeemed(invite.id, again=False)
    assert book.redeem(invite.label, BEN, START) is Refused.USED


def test_same_key_may_fetch_again_even_after_the_end() -> None:
    book, invite = issued()
    book.redeem(invite.label, ANA, START)
    assert book.redeem(invite.label, ANA, after(LIFETIME_MS + 1)) == Redeemed(invite.id, again=True)


def test_judging_spends_nothing() -> None:
    book, invite = issued()
    assert book.judge(invite.label, ANA, START) == Redeemed(invite.id, again=False)
    assert book.redeem(invite.label, BEN, START) == Redeemed(invite.id, again=False)


def test_unknown_label_is_a_strangers() -> None:
    book, _ = issued()
    assert book.redeem("f" * 32, ANA, START) is None


@pytest.mark.parametrize("late", [after(LIFETIME_MS), after(LIFETIME_MS, wall=0), after(1, wall=LIFETIME_MS)])
def test_invite_ends_by_uptime_or_wall_whichever_is_first(late: Moment) -> None:
    book, invite = issued()
    assert book.redeem(invite.label, ANA, late) is Refused.EXPIRED


def test_wall_set_back_does_not_lengthen_an_invite() -> None:
    book, invite = issued()
    assert book.redeem(invite.label, ANA, after(LIFETIME_MS, wall=-(10**12))) is Refused.EXPIRED


def test_end_is_remembered_for_a_day_and_then_forgotten() -> None:
    book, invite = issued()
    used, other = invite, book.issue(b"x" * 16, START)
    book.redeem(used.label, ANA, START)
    nearly, over = after(LIFETIME_MS + REMEMBERED_MS - 1), after(LIFETIME_MS + REMEMBERED_MS)
    assert book.redeem(used.label, BEN, nearly) is Refused.USED
    assert book.redeem(other.label, BEN, nearly) is Refused.EXPIRED
    assert book.redeem(used.label, BEN, over) is None
    assert book.redeem(other.label, BEN, over) is None


def test_revoked_invite_is_expired() -> None:
    book, invite = issued()
    assert book.revoke(invite.id, START)
    assert book.redeem(invite.label, ANA, START) is Refused.EXPIRED
    assert book.usable(START) == []
    assert not book.revoke(invite.id, START)


def test_used_invite_cannot_be_revoked() -> None:
    book, invite = issued()
    book.redeem(invite.label, ANA, START)
    assert not book.revoke(invite.id, START)


def test_lifetime_can_be_chosen_within_bounds() -> None:
    book = InviteBook()
    invite = book.issue(b"x" * 16, START, 1_000)
    assert book.judge(invite.label, ANA, after(1_000)) is Refused.EXPIRED
    for wrong in (0, -1, 10**15):
        with pytest.raises(TrustError):
            book.issue(b"y" * 16, START, wrong)


def test_open_invites_are_bounded() -> None:
    book = InviteBook()
    for number in range(OPEN_MAX):
        book.issue(number.to_bytes(16, "big"), START)
    with pytest.raises(TrustError, match="open already"):
        book.issue(b"x" * 16, START)
    book.issue(b"x" * 16, after(LIFETIME_MS))


def test_ended_invites_are_bounded_and_open_ones_kept() -> None:
    book = InviteBook()
    kept = book.issue(b"k" * 16, START)
    for number in range(KEPT_MAX + 50):
        invite = book.issue(number.to_bytes(16, "big"), START)
        book.redeem(invite.label, ANA, START)
    book.prune(START)
    assert len(InviteBook.from_bytes(book.to_bytes(START), START).to_bytes(START)) < 64 * 1024
    assert book.usable(START) == [kept]


def test_book_survives_a_restart_with_time_gone_by() -> None:
    book, invite = issued()
    used = book.issue(b"u" * 16, START)
    book.redeem(used.label, ANA, START)
    data = book.to_bytes(START)
    minute = Moment(uptime=0, wall=START.wall + 60_000)
    again = InviteBook.from_bytes(data, minute)
    assert again.redeem(used.label, BEN, minute) is Refused.USED
    assert again.redeem(used.label, ANA, minute) == Redeemed(used.id, again=True)
    end = Moment(uptime=LIFETIME_MS - 60_000, wall=START.wall + 60_000)
    assert again.judge(invite.label, ANA, Moment(end.uptime - 1, end.wall)) == Redeemed(invite.id, again=False)
    assert again.judge(invite.label, ANA, end) is Refused.EXPIRED


def test_restart_with_the_wall_set_back_gives_no_time_back() -> None:
    book, invite = issued()
    data = book.to_bytes(after(LIFETIME_MS - 1))
    earlier = Moment(uptime=0, wall=START.wall - 10**9)
    again = InviteBook.from_bytes(data, earlier)
    assert again.judge(invite.label, ANA, Moment(1, earlier.wall)) is Refused.EXPIRED


@pytest.mark.parametrize("data", [b"", b"junk", b"\x93\x09\x00\x90", b"\x93\x01\x00\x91\x01"])
def test_damaged_book_is_said(data: bytes) -> None:
    with pytest.raises(TrustError):
        InviteBook.from_bytes(data, START)
