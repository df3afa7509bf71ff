"""How old a hand counts as, whoever says so: others, the disk, my own clock."""

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.facts import (
    EscalationRaised,
)
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.slots import State
from support.core_watch import ACTIVE, ANA, BEN, CAST, CEM, LOST, MINE, ONE, PUT_AWAY, Watch, red


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- Ages ------------------------------------------------------------------------------------------
def age(watch: Watch) -> int:
    known = watch.hands.get(ONE)
    assert known is not None
    return known.age(watch.ctx.now)


def test_age_is_the_hands_at_its_writing_and_the_records_since(watch: Watch) -> None:
    watch.says(red(age=1_000), age=200)
    assert age(watch) == 1_200
    watch.later(50)
    assert age(watch) == 1_250


def test_owner_is_believed_about_the_age_but_never_below_the_time_held_here(watch: Watch) -> None:
    watch.says(red())
    watch.later(5_000)
    watch.hands.heard_age(BEN, 60_000, direct=True)
    assert age(watch) == 60_000
    watch.hands.heard_age(BEN, 10, direct=True)
    assert age(watch) == 5_000


def test_others_are_not_believed_about_the_age(watch: Watch) -> None:
    watch.says(red())
    watch.hands.heard_age(BEN, 60_000, direct=False)
    assert age(watch) == 0


def test_age_of_an_ended_hand_stands_still(watch: Watch) -> None:
    watch.says(red())
    watch.later(500)
    watch.says(None)
    watch.later(5_000)
    assert age(watch) == 500


@pytest.mark.parametrize(
    ("said", "counts"), [(0, tuning.MAX_AGE), (1, 1), (tuning.MAX_AGE_LIMIT * 2, tuning.MAX_AGE_LIMIT)]
)
def test_maximum_age_of_a_peer_counts_within_mine(watch: Watch, said: int, counts: int) -> None:
    watch.says(red(max_age=said))
    known = watch.hands.get(ONE)
    assert known is not None
    assert known.max_age == counts


# --- From disk -------------------------------------------------------------------------------------
def loaded(watch: Watch, *, put_away: bool = False, age: int = 0, who: str = "ben") -> Known:
    watch.replica.put(CAST.held(CAST.record(who, slots.STATE, State(hand=red(who=who)), age=age), watch.ctx.now))
    watch.connect(BEN, CEM)
    watch.reach.start_lost(BEN, watch.ctx.now)
    watch.hands.load(CAST.id(who), put_away=lambda hand: put_away)
    known = watch.hands.get(HandId(red(who=who).id))
    assert known is not None
    return known


def test_hand_from_disk_is_lost_until_heard_of(watch: Watch) -> None:
    assert loaded(watch).state is LOST
    assert watch.told() == []


def test_hand_put_away_before_the_restart_still_is(watch: Watch) -> None:
    assert loaded(watch, put_away=True).state is PUT_AWAY


def test_my_own_hand_from_disk_is_up(watch: Watch) -> None:
    assert loaded(watch, who="ana").state is ACTIVE


def test_age_from_disk_is_not_judged_before_a_peer_told_it(watch: Watch) -> None:
    """My own wall may have jumped while I was down."""
    known = loaded(watch, age=tuning.MAX_AGE * 99)
    watch.later(1)
    assert known.state is LOST
    watch.hands.heard_age(BEN, 60_000, direct=False)
    watch.hands.heard_age(BEN, 90_000, direct=False)
    assert age(watch) == 60_000, "the first word is taken"
    watch.hands.settled = True
    watch.later(1)
    assert known.state is LOST


def test_age_from_disk_is_believed_when_nobody_answered(watch: Watch) -> None:
    known = loaded(watch, age=tuning.MAX_AGE)
    watch.hands.settled = True
    watch.later(1)
    assert known.state is PUT_AWAY


# --- Mine ------------------------------------------------------------------------------------------
def test_mine_past_its_maximum_age_is_given_back_to_be_ended_and_not_put_away(watch: Watch) -> None:
    watch.says(red(who="ana", max_age=tuning.MINUTE), who="ana")
    (overdue,) = watch.later(tuning.MINUTE)
    assert (overdue.id, overdue.state) == (MINE, ACTIVE)


def test_mine_is_never_lost(watch: Watch) -> None:
    watch.says(red(who="ana"), who="ana")
    watch.connect(BEN, CEM)
    watch.later(tuning.HOUR)
    watch.hands.owner_spoke(ANA)
    assert watch.told() == [EscalationRaised]


def test_peers_word_makes_mine_older_but_cannot_end_it(watch: Watch) -> None:
    watch.says(red(who="ana"), who="ana")
    known = watch.hands.get(MINE)
    assert known is not None
    watch.hands.older(known, 5_000)
    watch.hands.older(known, 10)
    assert known.age(watch.ctx.now) == 5_000
    watch.hands.older(known, tuning.MAX_AGE * 3)
    assert watch.later(1) == []
