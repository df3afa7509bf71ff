"""Whole stories of claims, threads, ladders and the owner's own pop-up, on an in-memory wire."""

from dataclasses import replace

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import (
    Approach,
    CommandRefused,
    Dismiss,
    EndMine,
    JoinGroup,
    LadderStep,
    LeaveSpace,
    Mute,
    Refusal,
    Say,
    SetPolicy,
    SetPresence,
    Start,
    Withdraw,
)
from escalate_daemon.core.effects import ShowKind, Urgency
from escalate_daemon.core.facts import EscalationChat, EscalationClaimed, EscalationRang
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.views import EscalationState, EscalationView
from support.core_seat import Desk, Seat
from support.core_wire import Wire

RING = (ShowKind.SHOW, Urgency.RING)
EVERY = 20 * tuning.SECOND


def team() -> Wire:
    """Ana, Ben (in @team) and Cem, all linked."""
    wire = Wire("ana", "ben", "cem")
    wire["ben"].say(JoinGroup("team"))
    wire.run(3_000)
    return wire


def raised(wire: Wire, *named: str, ladder: tuple[LadderStep, ...] = ()) -> HandId:
    """Ana's hand, a second old."""
    hand = wire["ana"].say(Start("help", named, ladder=ladder))
    assert hand is not None
    wire.run(1_000)
    return hand


def view(seat: Seat, hand: HandId) -> EscalationView:
    return seat.hands()[hand]


def last(seat: Seat, hand: HandId) -> EscalationView:
    """What its pop-up said last."""
    found = [show.view for show in seat.shows if show.hand == hand][-1]
    assert found is not None
    return found


# --- Claims ----------------------------------------------------------------------------------------
def test_claim_turns_every_popup_in_place_and_stops_every_sound() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    for name in ("ben", "cem"):
        shows = [show for show in wire[name].shows if show.hand == hand]
        assert shows[-1].kind is ShowKind.UPDATE
        assert (shows[-1].hush, last(wire[name], hand).claimed) == (True, True)
        assert [claim.member.name for claim in last(wire[name], hand).claims] == ["cem"]
    assert [claim.member.name for claim in last(wire["ana"], hand).claims] == ["cem"], "its owner is told by name"
    assert [len(seat.facts_of(EscalationClaimed)) for seat in wire.seats] == [1, 1, 1]


def test_who_comes_while_somebody_is_coming_already_gets_it_without_a_ring() -> None:
    wire = team()
    wire["cem"].die()
    hand = raised(wire, "@everyone")
    wire["ben"].say(Approach(hand))
    wire.run(1_000)
    wire["cem"].start()
    wire.introduce()
    wire.run(3_000)
    assert (wire["cem"].rings(hand), wire["cem"].shown(hand)) == (0, [Urgency.QUIET])


def test_withdrawn_claim_counts_no_more_and_repeats_go_on() -> None:
    wire = team()
    wire["ben"].say(SetPolicy(Policy(repeat=EVERY)))
    hand = raised(wire, "ben")
    wire["cem"].say(Approach(hand))
    wire.run(3 * EVERY)
    assert wire["ben"].rings(hand) == 1, "no repeats while somebody is coming"
    wire["cem"].say(Withdraw(hand))
    wire.run(1_000)
    assert wire["ben"].rings(hand) == 2, "and on they go"
    assert not view(wire["ana"], hand).claimed
    assert wire["ben"].facts_of(EscalationRang)


def test_claim_counts_60_s_after_its_claimant_was_last_within_reach() -> None:
    wire = team()
    wire["ben"].say(SetPolicy(Policy(repeat=EVERY)))
    hand = raised(wire, "ben")
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    wire["cem"].die()
    wire.run(tuning.CLAIM_OUTLIVES - 2_000)
    assert (view(wire["ana"], hand).claimed, wire["ben"].rings(hand)) == (True, 1)
    wire.run(4_000)
    assert (view(wire["ana"], hand).claimed, wire["ben"].rings(hand)) == (False, 2)


def test_every_popup_names_who_is_coming_now_the_owners_too() -> None:
    """Also where one of two claims goes, by a word or by time alone."""
    wire = team()
    hand = raised(wire, "ben")

    def coming() -> list[set[str]]:
        """As each pop-up says it, ana's own first."""
        claims = [last(seat, hand).claims for seat in wire.seats[:2]]
        return [{claim.member.name for claim in each if claim.counts} for each in claims]

    for name in ("cem", "ben"):
        wire[name].say(Approach(hand))
        wire.run(1_000)
    assert coming() == [{"ben", "cem"}] * 2
    wire["cem"].say(Withdraw(hand))
    wire.run(1_000)
    assert coming() == [{"ben"}] * 2
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    wire["cem"].die()
    wire.run(tuning.CLAIM_OUTLIVES + 20 * tuning.SECOND)
    assert coming() == [{"ben"}] * 2


def test_owners_popup_says_so_when_somebody_is_shown_it_after_all() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ben"].die()
    other = wire["ana"].say(Start("help", ("ben",), replace=True))
    assert other not in (None, hand)
    wire.run(tuning.WARN_AFTER + tuning.SECOND)
    assert last(wire["ana"], other).reach.shown == 0
    wire["ben"].start()
    wire.introduce()
    wire.run(5_000)
    assert last(wire["ana"], other).reach.shown == 1
    assert told(wire, other)[1:] == [(ShowKind.UPDATE, Urgency.URGENT)]


def test_where_nothing_shows_it_a_ring_is_told_once_however_often_it_is_tried() -> None:
    wire = team()
    wire["ben"].desk = Desk.BROKEN
    raised(wire, "ben")
    wire.run(5 * tuning.RESHOW_EVERY)
    assert len(wire["ben"].facts_of(EscalationRang)) == 1


def test_claim_of_who_left_counts_at_once_no_more() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    wire["cem"].say(LeaveSpace())
    wire.run(1_000)
    assert not view(wire["ana"], hand).claimed


def test_who_sits_in_a_room_may_not_approach_and_may_once_out_of_it() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ben"].say(SetPresence(slots.ROOM, "Blue"))
    with pytest.raises(CommandRefused) as refused:
        wire["ben"].say(Approach(hand))
    assert refused.value.reason is Refusal.IN_A_ROOM
    wire["ben"].say(SetPresence(slots.AVAILABLE))
    wire["ben"].say(Approach(hand))
    wire.run(1_000)
    assert view(wire["ana"], hand).claimed


def test_who_is_not_named_reads_all_answers_in_the_thread_and_approaches() -> None:
    wire = team()
    hand = raised(wire, "ben")
    assert view(wire["cem"], hand).message == "help"
    wire["cem"].say(Say(hand, "on my way"))
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    for seat in wire.seats:
        assert [(line.member.name, line.text) for line in view(seat, hand).thread] == [("cem", "on my way")]
        assert [claim.member.name for claim in view(seat, hand).claims] == ["cem"]
    assert [len(seat.facts_of(EscalationChat)) for seat in wire.seats] == [1, 1, 1]


def test_owner_may_not_come_to_itself_and_nobody_to_what_has_ended() -> None:
    wire = team()
    hand = raised(wire, "ben")
    for name in ("ana", "ben"):
        if name == "ben":
            wire["ana"].say(EndMine())
            wire.run(1_000)
        with pytest.raises(CommandRefused) as refused:
            wire[name].say(Approach(hand))
        assert refused.value.reason is Refusal.NOTHING_TO_CLAIM


# --- The ladder ------------------------------------------------------------------------------------
LATER = (LadderStep(2 * tuning.MINUTE, ("cem",)),)


def test_ladder_rings_its_next_when_its_time_comes_also_without_its_owner() -> None:
    wire = team()
    hand = raised(wire, "ben", ladder=LATER)
    wire["ana"].vanish()
    wire.run(2 * tuning.MINUTE - 3_000)
    assert wire["cem"].rings(hand) == 0
    wire.run(3_000)
    assert (wire["cem"].rings(hand), wire["ben"].rings(hand)) == (1, 1)
    for name in ("ben", "cem"):
        assert view(wire[name], hand).ladder[0].fired
        assert view(wire[name], hand).named == ("ben", "cem")


def test_ladder_waits_while_somebody_is_coming_and_goes_on_when_nobody_is() -> None:
    wire = team()
    hand = raised(wire, "ben", ladder=LATER)
    wire["ben"].say(Approach(hand))
    wire.run(5 * tuning.MINUTE)
    assert wire["cem"].rings(hand) == 0
    wire["ben"].say(Withdraw(hand))
    wire.run(1_000)
    assert wire["cem"].rings(hand) == 1


def test_yellow_whose_ladder_names_somebody_is_red_from_then_on() -> None:
    wire = team()
    hand = raised(wire, ladder=LATER)
    assert (view(wire["cem"], hand).level, wire["cem"].rings(hand)) == ("yellow", 0)
    wire.run(2 * tuning.MINUTE)
    assert {view(seat, hand).level for seat in wire.seats} == {"red"}
    assert (wire["cem"].rings(hand), wire["ben"].rings(hand)) == (1, 0)
    assert view(wire["ana"], hand).reach.sounded == 1


def test_who_comes_after_the_step_is_rung_by_it() -> None:
    wire = team()
    wire["cem"].die()
    hand = raised(wire, "ben", ladder=LATER)
    wire.run(3 * tuning.MINUTE)
    wire["cem"].start()
    wire.introduce()
    wire.run(3_000)
    assert wire["cem"].rings(hand) == 1


# --- What the owner is told ------------------------------------------------------------------------
def told(wire: Wire, hand: HandId) -> list[tuple[ShowKind, Urgency]]:
    return wire["ana"].popups(hand)


def test_owner_to_whom_nobody_comes_is_told_by_a_popup_after_60_s() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire.run(tuning.WARN_AFTER - 1_002)
    assert told(wire, hand) == []
    wire.run(1_000)
    assert told(wire, hand) == [(ShowKind.SHOW, Urgency.URGENT)]
    wire.run(tuning.HOUR)
    assert len(told(wire, hand)) == 1, "once"


def test_owner_is_told_who_comes_and_that_nobody_does_any_more() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ben"].say(Approach(hand))
    wire.run(1_000)
    assert told(wire, hand) == [(ShowKind.SHOW, Urgency.QUIET)]
    wire.run(10 * tuning.MINUTE)
    assert len(told(wire, hand)) == 1, "and is not warned while somebody is coming"
    wire["ben"].say(Withdraw(hand))
    wire.run(1_000)
    assert told(wire, hand)[1:] == [(ShowKind.SHOW, Urgency.URGENT)]


def test_owner_sees_what_was_said_and_hears_nothing_of_its_own_words() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ana"].say(Say(hand, "hurry"))
    wire.run(1_000)
    assert told(wire, hand) == []
    wire["ben"].say(Say(hand, "which door?"))
    wire.run(1_000)
    assert told(wire, hand) == [(ShowKind.SHOW, Urgency.QUIET)]


def test_owner_is_warned_before_its_maximum_age_ends_it() -> None:
    wire = team()
    hand = wire["ana"].say(Start("help", ("ben",), max_age=2 * tuning.HOUR))
    assert hand is not None
    wire.run(2 * tuning.HOUR - tuning.WARN_BEFORE_END - 3_000)
    before = len(told(wire, hand))
    wire.run(4_000)
    assert told(wire, hand)[before:] == [(ShowKind.SHOW, Urgency.URGENT)]


def test_own_popup_goes_when_the_hand_ends() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire.run(tuning.WARN_AFTER)
    assert hand in wire["ana"].screen
    wire["ana"].say(EndMine())
    wire.run(1_000)
    assert wire["ana"].screen == {}


def test_restart_tells_the_owner_nothing_twice() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire.run(tuning.WARN_AFTER)
    wire["ana"].die()
    wire["ana"].start()
    wire.introduce()
    wire.run(tuning.MINUTE)
    assert told(wire, hand)[1:] == [(ShowKind.UPDATE, Urgency.URGENT)], "in place: its buttons are the new run's"


# --- Nothing runs in circles -----------------------------------------------------------------------
def test_next_run_takes_over_the_popup_of_a_lost_hand_and_says_that_it_is_lost() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ben"].die()
    wire["ana"].die()
    wire["ben"].start()
    wire.run(tuning.FIRST_COMPARISON + tuning.SECOND)
    show = [each for each in wire["ben"].shows if each.hand == hand][-1]
    assert (show.kind, show.handle is not None) == (ShowKind.UPDATE, True)
    assert last(wire["ben"], hand).state is EscalationState.LOST


def test_desk_that_shows_nothing_keeps_no_daemon_busy_once_the_hand_is_over_or_hidden() -> None:
    """The wire fails where a node never comes to rest."""
    wire = team()
    for seat in wire.seats:
        seat.desk = Desk.BROKEN
    hand = raised(wire, "ben")
    wire["ben"].say(Mute("all"))
    wire.run(tuning.WARN_AFTER + 2 * tuning.RESHOW_EVERY)
    wire["ana"].say(EndMine())
    wire.run(3 * tuning.RESHOW_EVERY)
    assert view(wire["ben"], hand).state is EscalationState.ENDED


def test_popup_dismissed_while_the_desk_hangs_rings_no_more() -> None:
    wire = team()
    wire["ben"].desk = Desk.HANGS
    hand = raised(wire, "ben")
    wire["ben"].say(Dismiss(hand))
    wire.run(tuning.MINUTE)
    assert wire["ben"].popups(hand) == [RING, (ShowKind.CLOSE, Urgency.QUIET)]
    assert view(wire["ana"], hand).reach.seen == 1


def test_policy_shorter_than_the_default_puts_away_sooner() -> None:
    wire = team()
    wire["ben"].say(SetPolicy(replace(Policy(), put_away_after=tuning.MINUTE)))
    hand = raised(wire, "ben")
    wire["ana"].vanish()
    wire.run(tuning.MINUTE + 20_000)
    assert view(wire["ben"], hand).state is EscalationState.PUT_AWAY
    assert view(wire["cem"], hand).state is EscalationState.LOST
