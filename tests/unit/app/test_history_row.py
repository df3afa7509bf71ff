"""A row of the history only grows: what a newer view has forgotten stays, and what has ended stays ended."""

from msgspec.structs import replace

from escalate_daemon import history_row
from escalate_daemon.history_row import gone, merged
from escalate_daemon.ipc.protocol import ChatLine, Claim, Escalation, Receipt
from support.objects import escalation, member

BEN, CY = member("ben"), member("cy")


def at(second: int) -> str:
    return f"2026-11-23T15:00:{second:02}.000Z"


def up(**changes: object) -> Escalation:
    return replace(escalation(), **{"started_at": at(0), **changes})


def ended(**changes: object) -> Escalation:
    return up(**{"state": "ended", "ended_at": at(50), "end_reason": "owner", "note": "done", "age_s": 50.0, **changes})


def receipt(of: str, delivered: int | None = None, shown: int | None = None) -> Receipt:
    times = [None if second is None else at(second) for second in (delivered, shown)]
    return Receipt(member=member(of), delivered_at=times[0], shown_at=times[1], sounded_at=None, seen_at=None, why=None)


def says(of: str, second: int, text: str) -> ChatLine:
    return ChatLine(member=member(of), at=at(second), text=text)


def test_what_has_ended_stays_ended_as_it_ended() -> None:
    again = merged(ended(), up(age_s=70.0))
    assert again == ended()
    assert merged(ended(), ended(ended_at=at(55), end_reason="replaced", note=None)) == ended()


def test_an_end_keeps_the_claims_receipts_and_lines_that_came_before() -> None:
    before = up(
        claims=[Claim(member=BEN, at=at(5), counts=True)],
        receipts=[receipt("ben", 1, 2), receipt("cy", 1)],
        thread=[says("ben", 6, "coming")],
    )
    after = merged(before, ended(receipts=[receipt("ben", 1)]))
    assert (after.state, after.ended_at, after.note) == ("ended", at(50), "done")
    assert [(claim.member.label, claim.at, claim.counts) for claim in after.claims] == [("ben", at(5), False)]
    assert after.receipts == [receipt("ben", 1, 2), receipt("cy", 1)]
    assert (after.reach.named, after.reach.delivered, after.reach.shown) == (2, 2, 1)
    assert after.thread == before.thread


def test_late_receipts_are_added_to_what_has_ended() -> None:
    late = merged(ended(receipts=[receipt("ben", 1)]), ended(receipts=[receipt("ben", 1, 3), receipt("cy", 2)]))
    assert late.receipts == [receipt("ben", 1, 3), receipt("cy", 2)]


def test_the_first_claim_of_each_is_remembered_and_a_withdrawn_one_counts_no_more() -> None:
    row = up(claims=[Claim(member=BEN, at=at(5), counts=True)])
    row = merged(row, up(claims=[Claim(member=CY, at=at(9), counts=True)]))
    assert [(claim.member.label, claim.counts) for claim in row.claims] == [("ben", False), ("cy", True)]
    row = merged(row, up(claims=[Claim(member=BEN, at=at(20), counts=True)]))
    assert [(claim.member.label, claim.at, claim.counts) for claim in row.claims] == [
        ("ben", at(5), True),
        ("cy", at(9), False),
    ]


def test_a_claim_told_by_a_clock_that_was_wrong_takes_the_time_of_the_one_set_right() -> None:
    wrong = up(
        started_at="1970-01-01T00:00:10.000Z", claims=[Claim(member=BEN, at="1970-01-01T00:00:20.000Z", counts=True)]
    )
    right = merged(wrong, up(claims=[Claim(member=BEN, at=at(10), counts=True)]))
    assert (right.started_at, right.claims[0].at) == (at(0), at(10))


def test_lines_that_fell_off_a_thread_stay_and_none_stands_twice() -> None:
    row = up(thread=[says("ben", 1, "a"), says("cy", 2, "x"), says("ben", 3, "b"), says("ben", 4, "c")])
    row = merged(row, up(thread=[says("ben", 3, "b"), says("ben", 4, "c"), says("ben", 5, "b"), says("cy", 2, "x")]))
    assert [line.text for line in row.thread] == ["a", "x", "b", "c", "b"]
    assert [line.text for line in merged(row, up(thread=[says("ben", 1, "a")])).thread] == ["a", "x", "b", "c", "b"]
    assert merged(row, up()).thread == row.thread


def test_a_thread_is_bounded() -> None:
    row = up()
    for number in range(history_row.THREAD_MAX + 10):
        row = merged(row, up(thread=[says("ben", 1, f"line {number}")]))
    assert len(row.thread) == history_row.THREAD_MAX
    assert row.thread[-1].text == f"line {number}"


def test_what_is_not_up_any_more_is_put_away_and_not_ended() -> None:
    hidden = gone(up(claims=[Claim(member=BEN, at=at(5), counts=True)]))
    assert (hidden.state, hidden.ended_at, hidden.claims[0].counts) == ("put-away", None, False)
    assert gone(ended()) == ended()


def test_a_row_is_read_as_it_was_written_and_strange_bytes_are_none() -> None:
    assert history_row.decode(history_row.encode(ended())) == ended()
    for strange in (b"", b"{}", b"\xff", b'{"state": "floating"}'):
        assert history_row.decode(strange) is None


def test_a_start_is_read_to_the_millisecond() -> None:
    assert history_row.started(up(started_at="1970-01-01T00:00:01.234Z")) == 1234
    assert history_row.started(up(started_at="1969-12-31T23:59:59.000Z")) == -1000
