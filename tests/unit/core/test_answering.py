import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.answering import NOTHING, News
from escalate_daemon.core.ids import MemberId
from support.core_answers import Answered, claim, line
from support.core_watch import BEN, CEM, ONE, TWO


@pytest.fixture
def room() -> Answered:
    return Answered()


# --- The index -------------------------------------------------------------------------------------
def test_answers_are_found_by_hand_and_owner_as_they_come_change_and_go(room: Answered) -> None:
    room.answers("cem", claim(), line("coming"))
    room.answers("ana", claim(TWO), line("me too", age=5))
    assert (room.coming(), room.coming(TWO)) == (["cem"], ["ana"])
    assert room.said() == ["cem: coming", "ana: me too"]
    room.answers("cem", line("no I am not", age=9))
    assert (room.coming(), room.said()) == ([], ["ana: me too", "cem: no I am not"])
    room.answers("cem")
    room.answers("ana")
    assert room.index.of(ONE, BEN) is NOTHING


def test_answer_to_the_same_id_of_another_owner_answers_another_hand(room: Answered) -> None:
    room.answers("cem", claim(owner=CEM), line("x", owner=CEM))
    assert (room.coming(), room.said()) == ([], [])


def test_owner_claims_nothing_of_its_own_and_speaks_in_its_thread(room: Answered) -> None:
    room.answers("ben", claim(), line("hurry"))
    assert (room.coming(), room.said()) == ([], ["ben: hurry"])
    assert not room.index.claimed(ONE, BEN)


def test_claims_and_lines_stand_in_the_order_in_which_they_were_said(room: Answered) -> None:
    room.answers("cem", claim(age=20), line("third", 1, age=30), line("first", 0, age=10))
    room.answers("ana", claim(age=10), line("second", age=20))
    assert room.coming() == ["ana", "cem"]
    assert room.said() == ["cem: first", "ana: second", "cem: third"]


def test_claim_said_twice_in_one_slot_is_one(room: Answered) -> None:
    room.answers("cem", claim(age=3), claim(age=9))
    assert room.coming() == ["cem"]


def test_lines_that_are_not_kept_are_counted_by_the_first_number_that_is(room: Answered) -> None:
    room.answers("cem", line("x", 7), line("y", 8))
    room.answers("ana", line("z", 2))
    assert room.index.of(ONE, BEN).forgotten == 9


@pytest.mark.parametrize("number", [-5, -(2**63), 2**63 - 1])
def test_number_that_no_honest_writer_gives_stays_within_bounds(room: Answered, number: int) -> None:
    room.answers("cem", line("x", number))
    assert 0 <= room.index.of(ONE, BEN).forgotten <= tuning.VERSION_MAX


# --- News ------------------------------------------------------------------------------------------
def test_news_are_told_once_and_by_hand(room: Answered) -> None:
    room.answers("cem", claim(), line("coming"), claim(TWO))
    news = {each.hand: each for each in room.index.take_news()}
    assert news == {ONE: News(ONE, BEN, {CEM}, {CEM}), TWO: News(TWO, BEN, {CEM})}
    assert room.index.take_news() == []


def test_what_was_there_before_is_no_news(room: Answered) -> None:
    room.answers("cem", claim(), line("one"))
    room.index.take_news()
    room.answers("cem", claim(), line("one"), line("two", 1))
    assert room.index.take_news() == [News(ONE, BEN, set(), {CEM})]


def test_claim_withdrawn_is_news_of_nobody(room: Answered) -> None:
    room.answers("cem", claim())
    room.index.take_news()
    room.answers("cem")
    assert room.index.take_news() == [News(ONE, BEN)]


def test_claim_given_again_is_news_again(room: Answered) -> None:
    for _ in range(2):
        room.answers("cem", claim())
        assert room.index.take_news() == [News(ONE, BEN, {CEM})]
        room.answers("cem")
        room.index.take_news()


# --- Whether a claim counts ------------------------------------------------------------------------
def test_claim_counts_while_its_claimant_is_within_reach_and_60_s_after(room: Answered) -> None:
    room.answers("cem", claim())
    assert (room.index.claimed(ONE, BEN), room.index.lapses_at(ONE, BEN)) == (True, None)
    room.watch.connect(CEM)
    gone = room.watch.ctx.now
    assert room.index.lapses_at(ONE, BEN) == gone + 60 * tuning.SECOND
    room.watch.later(60 * tuning.SECOND - 1)
    assert room.index.claimed(ONE, BEN)
    room.watch.later(1)
    assert (room.index.claimed(ONE, BEN), room.index.lapses_at(ONE, BEN)) == (False, None)
    room.watch.connect()
    assert room.index.claimed(ONE, BEN), "and again once it can be reached"


def test_claimed_since_the_first_of_those_that_count(room: Answered) -> None:
    room.answers("cem", claim(age=5_000))
    room.answers("ana", claim(age=9_000))
    assert room.index.claimed_since(ONE, BEN) == 5_000
    room.presence("cem", slots.LEFT)
    assert room.index.claimed_since(ONE, BEN) == 9_000
    room.answers("ana", claim(age=-7))
    assert room.index.claimed_since(ONE, BEN) == 0
    room.answers("ana")
    assert room.index.claimed_since(ONE, BEN) is None


def test_claim_of_who_left_counts_no_more(room: Answered) -> None:
    room.answers("cem", claim())
    room.presence("cem", slots.LEFT)
    assert not room.index.claimed(ONE, BEN)


def test_claim_of_a_stranger_to_all_lists_of_links_does_not_count(room: Answered) -> None:
    assert not room.index.counts(MemberId(b"?" * 16))


def test_my_own_claim_always_counts(room: Answered) -> None:
    room.watch.connect(BEN, CEM)
    room.answers("ana", claim())
    room.watch.later(tuning.HOUR)
    assert room.index.claimed(ONE, BEN)


def test_one_that_counts_is_enough(room: Answered) -> None:
    room.answers("cem", claim())
    room.answers("ana", claim())
    room.presence("cem", slots.LEFT)
    assert room.index.claimed(ONE, BEN)
