import msgspec
import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.effects import Store
from escalate_daemon.core.facts import (
    EscalationEnded,
    EscalationFound,
    EscalationLost,
    EscalationPutAway,
    EscalationRaised,
    EscalationReturned,
    EscalationUpdated,
)
from escalate_daemon.core.hands import UPDATE_GATHER, UPDATE_GATHER_CROWD
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.slots import End
from escalate_daemon.core.views import EndReason
from support.core_watch import ACTIVE, BEN, CAST, CEM, ENDED, LOST, ONE, PUT_AWAY, START, TWO, Watch, red


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- Raised and ended ------------------------------------------------------------------------------
def test_new_hand_is_raised_once(watch: Watch) -> None:
    watch.says(red())
    watch.says(red())
    assert watch.told() == [EscalationRaised]
    assert watch.moves == [(ONE, None, ACTIVE)]
    of_ben = watch.hands.of(BEN)
    assert of_ben is not None
    assert of_ben.id == ONE


def test_state_without_the_hand_ends_it(watch: Watch) -> None:
    watch.says(red())
    watch.says(None, End(ONE, "room", "in a meeting", 5))
    assert watch.told() == [EscalationRaised, EscalationEnded]
    known = watch.hands.get(ONE)
    assert known is not None
    assert (known.state, known.end_reason, known.note) == (ENDED, EndReason.ROOM, "in a meeting")
    assert watch.hands.of(BEN) is None


def test_another_hand_replaces_the_one_before(watch: Watch) -> None:
    watch.says(red())
    watch.says(red(2))
    assert watch.told() == [EscalationRaised, EscalationEnded, EscalationRaised]
    assert watch.moves == [(ONE, None, ACTIVE), (ONE, ACTIVE, ENDED), (TWO, None, ACTIVE)]
    one = watch.hands.get(ONE)
    assert one is not None
    assert one.end_reason is EndReason.REPLACED


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (End(ONE, "away"), EndReason.AWAY),
        (End(ONE, "of a later version"), EndReason.OWNER),
        (End(TWO, "away"), EndReason.OWNER),
        (None, EndReason.OWNER),
    ],
    ids=["its own word", "a word not known", "of another hand", "none"],
)
def test_reason_of_an_end_is_the_owners_word_where_it_can_be_read(
    watch: Watch, end: End | None, reason: EndReason
) -> None:
    watch.says(red())
    watch.says(None, end)
    known = watch.hands.get(ONE)
    assert known is not None
    assert known.end_reason is reason


def test_ended_hand_that_its_owner_shows_again_stays_ended(watch: Watch) -> None:
    watch.says(red())
    watch.says(None)
    watch.told()
    watch.says(red())
    assert watch.state() is ENDED
    assert watch.told() == []
    assert watch.hands.of(BEN) is None


def test_hand_of_another_under_a_known_id_changes_nothing_of_it(watch: Watch) -> None:
    watch.says(red())
    watch.says(red(1, who="ben"), who="cem")
    of_ben = watch.hands.of(BEN)
    assert of_ben is not None
    assert (of_ben.owner, of_ben.hand.message, of_ben.state) == (BEN, "help", ACTIVE)
    assert watch.hands.of(CEM) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"id": ""},
        {"id": "00000000000000a1"},
        {"nonce": b""},
        {"age": -1},
        {"age": 2**60},
        {"max_age": -1},
        {"max_age": 2**60},
    ],
    ids=str,
)
def test_hand_that_no_honest_owner_writes_is_none(watch: Watch, parts: dict[str, object]) -> None:
    watch.says(msgspec.structs.replace(red(), **parts))
    assert watch.hands.all() == []
    assert watch.told() == []


def test_ended_hands_are_kept_up_to_a_bound_the_newest_of_them(watch: Watch) -> None:
    for number in range(tuning.ENDS_KEPT + 20):
        watch.says(red(number))
    watch.says(None)
    assert len(watch.hands.all()) == tuning.ENDS_KEPT
    assert watch.hands.get(HandId(red(0).id)) is None
    assert watch.hands.get(HandId(red(tuning.ENDS_KEPT + 19).id)) is not None


# --- Lost, put away, returned ----------------------------------------------------------------------
def test_lost_hand_is_put_away_after_15_min_and_told_each_step_once(watch: Watch) -> None:
    watch.says(red())
    watch.connect(BEN)
    assert watch.later(tuning.LOST_AFTER - 1) == []
    assert watch.state() is ACTIVE
    watch.later(1)
    assert watch.state() is LOST
    assert watch.hands.next_deadline() == START + tuning.PUT_AWAY_AFTER
    watch.later(tuning.PUT_AWAY_AFTER - tuning.LOST_AFTER)
    assert watch.told() == [EscalationRaised, EscalationLost, EscalationPutAway]
    watch.later(tuning.MINUTE)
    assert watch.told() == []


def test_found_owner_brings_back_what_was_lost(watch: Watch) -> None:
    watch.says(red())
    watch.connect(BEN)
    watch.later(tuning.LOST_AFTER)
    watch.connect()
    watch.later(1)
    assert watch.told() == [EscalationRaised, EscalationLost, EscalationFound]


def put_away(watch: Watch) -> None:
    watch.says(red())
    watch.connect(BEN)
    watch.later(tuning.LOST_AFTER)
    watch.later(tuning.PUT_AWAY_AFTER)
    assert watch.state() is PUT_AWAY
    watch.told()


def test_path_to_its_owner_alone_does_not_bring_back_what_was_put_away(watch: Watch) -> None:
    put_away(watch)
    watch.connect()
    watch.later(1)
    assert watch.told() == []
    assert watch.state() is PUT_AWAY


def test_owners_word_returns_it_and_it_stays_though_no_path_is_there_yet(watch: Watch) -> None:
    put_away(watch)
    watch.hands.owner_spoke(BEN)
    assert watch.told() == [EscalationReturned]
    watch.later(1_000)
    assert watch.state() is LOST
    watch.connect()
    watch.later(1)
    assert watch.told() == [EscalationFound]


def test_owners_word_does_not_return_what_is_past_its_maximum_age(watch: Watch) -> None:
    watch.says(red(max_age=tuning.MINUTE))
    watch.later(tuning.MINUTE)
    assert watch.told() == [EscalationRaised, EscalationPutAway]
    watch.hands.owner_spoke(BEN)
    assert watch.told() == []


def test_put_away_hand_that_ended_is_ended(watch: Watch) -> None:
    put_away(watch)
    watch.says(None)
    assert watch.told() == [EscalationEnded]


def test_newcomer_learns_a_lost_hand_as_lost(watch: Watch) -> None:
    watch.connect(BEN)
    watch.later(tuning.LOST_AFTER)
    watch.says(red(age=tuning.HOUR))
    assert watch.moves == [(ONE, None, LOST)]
    watch.later(tuning.PUT_AWAY_AFTER - 1)
    assert watch.state() is LOST, "15 min count from when it was learnt here"


def test_age_that_peers_tell_hides_no_hand_whose_owner_is_within_reach(watch: Watch) -> None:
    """It would end the hand itself: until then only the time that I saw it up counts."""
    watch.says(red(), age=tuning.MAX_AGE)
    assert watch.state() is ACTIVE
    watch.later(tuning.MAX_AGE)
    assert watch.told() == [EscalationRaised, EscalationPutAway]


def test_hand_of_an_unreachable_owner_learnt_past_its_maximum_age_is_never_shown(watch: Watch) -> None:
    watch.connect(BEN)
    watch.later(1)
    watch.says(red(), age=tuning.MAX_AGE)
    assert watch.state() is PUT_AWAY
    assert watch.told() == []


def test_put_away_after_is_this_machines_own_and_takes_effect_at_once(watch: Watch) -> None:
    watch.hands.put_away_after = tuning.MINUTE
    watch.says(red())
    watch.connect(BEN)
    watch.later(tuning.LOST_AFTER)
    assert watch.hands.next_deadline() == START + tuning.MINUTE
    watch.later(tuning.MINUTE - tuning.LOST_AFTER - 1)
    assert watch.state() is LOST
    watch.hands.put_away_after = tuning.LOST_AFTER
    watch.later(0)
    assert watch.state() is PUT_AWAY


# --- Keeping ---------------------------------------------------------------------------------------
def test_ages_of_what_is_not_over_are_stored_again(watch: Watch) -> None:
    """After a restart only the wall tells how long it was down: it should have little to tell."""
    watch.says(red())
    watch.says(red(who="cem"), who="cem")
    watch.says(None, who="cem")
    watch.later(5_000)
    watch.told()
    watch.hands.restamp()
    stored = [(e.key, e.age) for e in watch.ctx.drain() if isinstance(e, Store)]
    assert stored == [(BEN + b"/state", 5_000)]


# --- Watching --------------------------------------------------------------------------------------
def test_updates_are_told_together(watch: Watch) -> None:
    watch.says(red())
    watch.told()
    watch.hands.updated(ONE)
    watch.hands.updated(ONE)
    watch.hands.updated(HandId("unknown"))
    watch.later(UPDATE_GATHER - 1)
    assert watch.told() == []
    watch.later(1)
    assert watch.told() == [EscalationUpdated]
    assert watch.hands.next_deadline() == START + tuning.MAX_AGE


def test_updates_of_a_hand_that_names_a_crowd_are_told_once_a_second() -> None:
    watch = Watch()
    crowd = tuple(slots.Target(member=MemberId(bytes([n]) * 16)) for n in range(tuning.RECEIPT_CROWD + 1))
    watch.says(CAST.hand("ben", named=crowd))
    watch.told()
    for gather in (UPDATE_GATHER, UPDATE_GATHER_CROWD, UPDATE_GATHER_CROWD):
        watch.hands.updated(ONE)
        watch.later(gather - 1)
        assert watch.told() == []
        watch.later(1)
        assert watch.told() == [EscalationUpdated]
