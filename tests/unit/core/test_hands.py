from dataclasses import dataclass, field

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.facts import (
    EscalationEnded,
    EscalationFact,
    EscalationFound,
    EscalationLost,
    EscalationPutAway,
    EscalationRaised,
    EscalationReturned,
    EscalationUpdated,
)
from escalate_daemon.core.hands import UPDATE_GATHER, Hands, Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import End, Hand, State
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EndReason, EscalationState
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
ANA, BEN, CEM = (CAST.id(name) for name in CAST.names)
START = 100_000_000
ONE = HandId("00000000000000a1")
TWO = HandId("00000000000000a2")
ACTIVE, LOST, PUT_AWAY, ENDED = EscalationState


@dataclass
class Watch:
    """Ana's hands, what moved, and levers to move them."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    replica: Replica = field(default_factory=Replica)
    reach: Reachability = field(default_factory=lambda: Reachability(ANA))
    moves: list[tuple[HandId, EscalationState | None, EscalationState]] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        viewer = Viewer(self.ctx, self.replica, self.reach, Pins(self.ctx, roster))
        self.hands = Hands(self.ctx, self.replica, self.reach, viewer.escalation, self._moved)
        for name in CAST.names:
            self.replica.put(CAST.held(CAST.profile_record(name)))
        self.connect()

    def _moved(self, known: Known, before: EscalationState | None) -> None:
        self.moves.append((known.id, before, known.state))

    def connect(self, *cut: MemberId) -> None:
        """All are linked with all, but for those who are cut off."""
        there = {member for member in (ANA, BEN, CEM) if member not in cut}
        self.reach.update([ANA, BEN, CEM], lambda m: there - {m} if m in there else (), self.ctx.now)
        self.reach.expire(self.ctx.now)

    def says(
        self, hand: Hand | None, end: End | None = None, *, who: str = "ben", age: int = 0, direct: bool = False
    ) -> None:
        """The owner's newest state comes."""
        self.seq += 1
        record = CAST.record(who, slots.STATE, State(hand=hand, end=end), (1, self.seq), age=age)
        self.replica.put(CAST.held(record, self.ctx.now))
        self.hands.state_changed(CAST.id(who), direct=direct)

    def later(self, ms: int) -> list[Known]:
        self.ctx.now += ms
        self.reach.expire(self.ctx.now)
        return self.hands.follow()

    def told(self) -> list[type[EscalationFact]]:
        """Facts since the last call."""
        return [type(fact) for fact in self.ctx.drain() if isinstance(fact, EscalationFact)]

    def state(self, hand: HandId = ONE) -> EscalationState:
        known = self.hands.get(hand)
        assert known is not None
        return known.state


@pytest.fixture
def watch() -> Watch:
    return Watch()


def red(hand: HandId = ONE, *, age: int = 0, max_age: int = tuning.MAX_AGE) -> Hand:
    return Hand(hand, slots.RED, "help", (slots.Target(word="@everyone"),), age, max_age)


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
    watch.says(red(TWO))
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
    watch.says(Hand(ONE, slots.YELLOW, "mine now"), who="cem")
    of_ben = watch.hands.of(BEN)
    assert of_ben is not None
    assert (of_ben.owner, of_ben.hand.message, of_ben.state) == (BEN, "help", ACTIVE)


def test_hand_without_an_id_is_none(watch: Watch) -> None:
    watch.says(red(HandId("")))
    assert watch.hands.all() == []


def test_ended_hands_are_kept_up_to_a_bound_the_newest_of_them(watch: Watch) -> None:
    for number in range(tuning.ENDS_KEPT + 20):
        watch.says(red(HandId(f"{number:016x}")))
    watch.says(None)
    assert len(watch.hands.all()) == tuning.ENDS_KEPT
    assert watch.hands.get(HandId(f"{0:016x}")) is None
    assert watch.hands.get(HandId(f"{tuning.ENDS_KEPT + 19:016x}")) is not None


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


def test_hand_learnt_past_its_maximum_age_is_never_shown(watch: Watch) -> None:
    watch.says(red(), age=tuning.MAX_AGE)
    assert watch.state() is PUT_AWAY
    assert watch.told() == []


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


def test_negative_ages_count_as_none(watch: Watch) -> None:
    watch.says(red(age=-5_000))
    assert age(watch) == 0


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
    watch.replica.put(CAST.held(CAST.record(who, slots.STATE, State(hand=red()), age=age), watch.ctx.now))
    watch.connect(BEN, CEM)
    watch.reach.start_lost(BEN, watch.ctx.now)
    watch.hands.load(CAST.id(who), put_away=lambda hand: put_away)
    known = watch.hands.get(ONE)
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
    watch.says(red(max_age=tuning.MINUTE), who="ana")
    (overdue,) = watch.later(tuning.MINUTE)
    assert (overdue.id, overdue.state) == (ONE, ACTIVE)


def test_mine_is_never_lost(watch: Watch) -> None:
    watch.says(red(), who="ana")
    watch.connect(BEN, CEM)
    watch.later(tuning.HOUR)
    watch.hands.owner_spoke(ANA)
    assert watch.told() == [EscalationRaised]


def test_peers_word_makes_mine_older_but_cannot_end_it(watch: Watch) -> None:
    watch.says(red(), who="ana")
    known = watch.hands.get(ONE)
    assert known is not None
    watch.hands.older(known, 5_000)
    watch.hands.older(known, 10)
    assert age(watch) == 5_000
    watch.hands.older(known, tuning.MAX_AGE * 3)
    assert watch.later(1) == []


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
