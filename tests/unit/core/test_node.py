"""Whole stories of a few nodes on an in-memory wire: one hand from its raise to its end."""

from collections.abc import Callable

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import (
    Approach,
    Command,
    CommandRefused,
    EndMine,
    JoinGroup,
    LeaveGroup,
    LeaveSpace,
    Refusal,
    ReportSeen,
    ReturnToSpace,
    Say,
    Start,
)
from escalate_daemon.core.effects import Bucket, ShowKind, Urgency
from escalate_daemon.core.facts import (
    EscalationEnded,
    EscalationFact,
    EscalationRaised,
    EscalationUpdated,
    FirstComparisonDone,
    MemberChanged,
)
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.views import EndReason, EscalationState, Reach, Why
from escalate_daemon.core.wire import decode_record
from support.core_seat import Desk
from support.core_wire import Wire

RING = (ShowKind.SHOW, Urgency.RING)
QUIETLY = (ShowKind.SHOW, Urgency.QUIET)
CLOSED = (ShowKind.CLOSE, Urgency.QUIET)


def team() -> Wire:
    """Ana, Ben (in @team) and Cem, all linked."""
    wire = Wire("ana", "ben", "cem")
    wire["ben"].say(JoinGroup("team"))
    wire.run(3_000)
    return wire


# --- Raise, ring, receipts, end --------------------------------------------------------------------
def test_red_rings_the_named_shows_quietly_to_the_others_and_tells_its_owner_who_was_reached() -> None:
    wire = team()
    hand = wire["ana"].say(Start("caller is threatening", ("@team",)))
    assert hand is not None
    wire.run(1_000)
    assert [wire[name].popups(hand) for name in ("ana", "ben", "cem")] == [[], [RING], [QUIETLY]]
    mine = wire["ana"].hands()[hand]
    assert mine.reach == Reach(named=1, online=1, delivered=1, shown=1, sounded=1)
    (receipt,) = mine.receipts
    assert (receipt.member.name, receipt.why, receipt.seen_ago) == ("ben", None, None)
    assert all(wire[name].hands()[hand].message == "caller is threatening" for name in ("ben", "cem"))


def test_end_closes_every_popup_and_leaves_nothing_active() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",)))
    assert hand is not None
    wire.run(1_000)
    assert wire["ana"].say(EndMine("thanks")) == hand
    wire.run(1_000)
    for name in ("ana", "ben", "cem"):
        view = wire[name].hands()[hand]
        assert (view.state, view.end_reason, view.note) == (EscalationState.ENDED, EndReason.OWNER, "thanks")
        assert wire[name].screen == {}
    for name, shown in (("ben", RING), ("cem", QUIETLY)):
        first, last = wire[name].popups(hand)
        assert (first, last[0]) == (shown, ShowKind.CLOSE)


def test_watchers_hear_one_raise_the_receipts_and_one_end() -> None:
    wire = team()
    wire["ana"].say(Start("help", ("@team",)))
    wire.run(1_000)
    wire["ana"].say(EndMine())
    wire.run(1_000)
    told = wire["ana"].facts_of(EscalationFact)
    assert [type(fact) for fact in told] == [EscalationRaised, EscalationUpdated, EscalationEnded]
    assert [fact.view.reach.shown for fact in told] == [0, 1, 1]


def test_yellow_is_seen_by_all_and_rings_nobody() -> None:
    wire = team()
    hand = wire["ana"].say(Start())
    assert hand is not None
    wire.run(1_000)
    assert [wire[name].popups(hand) for name in ("ben", "cem")] == [[QUIETLY], [QUIETLY]]
    view = wire["ana"].hands()[hand]
    assert (view.level, view.reach, view.receipts) == ("yellow", Reach(), ())


def test_red_over_yellow_ends_it_as_replaced_in_the_same_write() -> None:
    wire = team()
    first = wire["ana"].say(Start("later"))
    second = wire["ana"].say(Start("now", ("ben",)))
    assert first is not None
    assert second is not None
    wire.run(1_000)
    hands = wire["ben"].hands()
    assert hands[second].state is EscalationState.ACTIVE
    assert wire["ben"].popups(first) == [QUIETLY, CLOSED]
    assert (hands[first].state, hands[first].end_reason) == (EscalationState.ENDED, EndReason.REPLACED)


def test_refused_command_changes_nothing_anywhere() -> None:
    wire = team()
    before = wire["ana"].disk.backup()
    with pytest.raises(CommandRefused) as refused:
        wire["ana"].say(Start("help", ("bne",)))
    assert refused.value.reason is Refusal.UNKNOWN_NAME
    assert "ben" in refused.value.hint
    wire.run(1_000)
    assert wire["ana"].disk.backup() == before
    assert wire["ben"].hands() == {}


def test_person_who_touched_the_popup_is_told_to_the_owner_as_having_seen_it() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(1_000)
    wire["ben"].say(ReportSeen(hand))
    wire.run(1_000)
    assert wire["ana"].hands()[hand].reach.seen == 1


@pytest.mark.parametrize("answer", [Approach, lambda hand: Say(hand, "on my way")])
def test_who_answers_has_seen_it(answer: Callable[[HandId], Command]) -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(1_000)
    wire["ben"].say(answer(hand))
    wire.run(1_000)
    assert wire["ana"].hands()[hand].reach.seen == 1


def test_the_owners_own_popup_goes_when_the_hand_ends() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(1_000)
    wire["ben"].say(Say(hand, "on my way"))
    wire.run(1_000)
    assert wire["ana"].popups(hand) == [QUIETLY]
    wire["ana"].say(EndMine())
    wire.run(1_000)
    assert wire["ana"].popups(hand) == [QUIETLY, CLOSED]


def test_machine_that_can_show_nothing_says_so_and_shows_it_once_it_can() -> None:
    wire = team()
    wire["ben"].desk = Desk.BROKEN
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(2_000)
    view = wire["ana"].hands()[hand]
    assert view.reach == Reach(named=1, online=1, delivered=1)
    assert [receipt.why for receipt in view.receipts] == [Why.FAILED]
    wire["ben"].desk = Desk.WORKS
    wire.run(tuning.RESHOW_EVERY)
    view = wire["ana"].hands()[hand]
    assert view.reach == Reach(named=1, online=1, delivered=1, shown=1, sounded=1)
    assert [receipt.why for receipt in view.receipts] == [None]


# --- Who comes later -------------------------------------------------------------------------------
def test_member_who_comes_later_is_rung_if_the_hand_is_still_up() -> None:
    wire = Wire("ana", "ben", "cem", start=False)
    wire["ana"].start()
    wire["ben"].start()
    wire.introduce()
    wire.run(2_000)
    hand = wire["ana"].say(Start("help", ("@everyone",)))
    assert hand is not None
    wire.run(60_000)
    wire["cem"].start()
    wire.introduce()
    wire.run(2_000)
    assert wire["cem"].popups(hand) == [RING]
    assert wire["ana"].hands()[hand].reach == Reach(named=2, online=2, delivered=2, shown=2, sounded=2)
    assert wire["cem"].hands()[hand].age in range(61_000, 63_000)


def test_member_who_comes_after_the_end_never_sees_it() -> None:
    wire = Wire("ana", "ben", start=False)
    wire["ana"].start()
    hand = wire["ana"].say(Start("help", ("@everyone",)))
    wire["ana"].say(EndMine())
    wire["ben"].start()
    wire.introduce()
    wire.run(2_000)
    assert hand not in wire["ben"].hands()
    assert wire["ben"].shows == []


def test_member_who_puts_the_group_on_while_the_hand_is_up_is_rung_then() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",)))
    wire.run(1_000)
    wire["cem"].say(JoinGroup("Team"))
    wire.run(1_000)
    assert wire["cem"].popups(hand) == [QUIETLY, RING]
    wire["cem"].say(LeaveGroup("team"))
    wire["cem"].say(JoinGroup("team"))
    wire.run(1_000)
    assert wire["cem"].rings(hand) == 1


def test_who_came_after_the_raise_is_not_here() -> None:
    wire = Wire("ana", "ben", "cem", start=False)
    wire["ana"].start()
    wire["ben"].start()
    wire.introduce()
    wire.run(2_000)
    hand = wire["ana"].say(Start("help", ("@here",)))
    assert hand is not None
    wire.run(5_000)
    wire["cem"].start()
    wire.introduce()
    wire.run(2_000)
    assert (wire["ben"].rings(hand), wire["cem"].rings(hand)) == (1, 0)
    assert {r.member.name: r.why for r in wire["ana"].hands()[hand].receipts} == {"ben": None, "cem": Why.NOT_HERE}


# --- Leaving and ageing ----------------------------------------------------------------------------
def test_leaving_ends_the_hand_in_the_same_write() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",)))
    assert hand is not None
    wire.run(1_000)
    key = wire["ana"].me + b"/state"
    before = decode_record(wire["ana"].disk.table(Bucket.SLOTS)[key].value)
    assert wire["ana"].say(LeaveSpace()) == hand
    record = decode_record(wire["ana"].disk.table(Bucket.SLOTS)[key].value)
    state = decode_body(record.body, slots.State)
    assert record.seq == before.seq + 1, "one write, and no other of any slot"
    assert state is not None
    assert (state.presence, state.hand, state.end and state.end.reason) == ("left", None, "left")


def test_who_left_is_told_as_left_and_not_as_lost() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",)))
    assert hand is not None
    wire.run(1_000)
    wire["ana"].say(LeaveSpace())
    wire.run(100)
    wire["ana"].die()
    wire.run(60_000)
    ana = next(view for view in wire["ben"].live.members(wire["ben"].now) if view.name == "ana")
    assert (ana.presence, ana.online) == ("left", False)
    assert wire["ben"].hands()[hand].end_reason is EndReason.LEFT
    wire["ana"].start()
    wire["ana"].say(ReturnToSpace())
    wire.introduce()
    wire.run(2_000)
    ana = next(view for view in wire["ben"].live.members(wire["ben"].now) if view.name == "ana")
    assert (ana.presence, ana.online) == ("available", True)


def test_hand_past_its_maximum_age_is_ended_by_its_owner() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",), max_age=10 * tuning.MINUTE))
    assert hand is not None
    wire.run(10 * tuning.MINUTE - 2)
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE
    wire.run(1_000)
    assert {wire[name].hands()[hand].end_reason for name in ("ana", "ben", "cem")} == {EndReason.MAX_AGE}


def test_others_put_a_hand_away_at_its_maximum_age_by_their_own_clock() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("@team",), max_age=10 * tuning.MINUTE))
    assert hand is not None
    wire.run(1_000)
    wire["ana"].vanish()
    wire.run(10 * tuning.MINUTE)
    assert wire["ben"].hands()[hand].state is EscalationState.PUT_AWAY
    assert wire["ben"].screen == {}


# --- Rest and repeatability ------------------------------------------------------------------------
def test_quiet_space_stays_nearly_silent() -> None:
    wire = team()
    wire.run(60_000)
    before = [seat.sent for seat in wire.seats]
    wire.run(600_000)
    for seat, sent in zip(wire.seats, before, strict=True):
        assert (seat.sent - sent) / 120 <= 4 * 1.2, "in 5 s a ping or a pong a link, and a little"


def test_comparison_with_a_peer_is_told_once() -> None:
    wire = team()
    wire.run(60_000)
    assert all(seat.facts_of(FirstComparisonDone) == [FirstComparisonDone(with_peer=True)] for seat in wire.seats)


def test_all_agree_and_see_one_another_online() -> None:
    wire = team()
    wire.run(6_000)
    assert len({seat.told for seat in wire.seats}) == 1
    assert all(view.online for seat in wire.seats for view in seat.live.members(seat.now))
    assert all(type(fact.member.name) is str for seat in wire.seats for fact in seat.facts_of(MemberChanged))


def test_same_story_gives_the_same_bytes() -> None:
    def story() -> tuple[object, ...]:
        wire = team()
        wire["ana"].say(Start("help", ("@team",)))
        wire.run(20_000)
        wire["ana"].vanish()
        wire.run(60_000)
        return tuple((s.shows, s.facts, s.sent, s.told, s.disk.backup()) for s in wire.seats)

    assert story() == story()
