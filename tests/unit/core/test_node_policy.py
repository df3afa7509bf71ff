"""Whole stories of presence and do-not-disturb: what ends a hand, what is kept out here, and who is told of it."""

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import (
    Command,
    CommandRefused,
    EndMine,
    JoinGroup,
    LeaveSpace,
    Mute,
    Refusal,
    SetPolicy,
    SetPresence,
    Start,
    Unmute,
)
from escalate_daemon.core.effects import Bucket
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.views import EscalationState, Why
from escalate_daemon.core.wire import decode_record
from support.core_seat import Seat
from support.core_wire import Wire


def team() -> Wire:
    """Ana, Ben (in @team) and Cem, all linked."""
    wire = Wire("ana", "ben", "cem")
    wire["ben"].say(JoinGroup("team"))
    wire.run(3_000)
    return wire


def raised(wire: Wire, *named: str) -> HandId:
    hand = wire["ana"].say(Start("help", named))
    assert hand is not None
    wire.run(1_000)
    return hand


def written(seat: Seat) -> tuple[int, slots.State]:
    """Its newest state on the disk, and which write of its run that is."""
    record = decode_record(seat.disk.table(Bucket.SLOTS)[seat.me + b"/state"].value)
    state = decode_body(record.body, slots.State)
    assert state is not None
    return record.seq, state


# --- What ends a hand ------------------------------------------------------------------------------
OWNER = EndMine()
ROOM = SetPresence(slots.ROOM, "Blue")
AWAY = SetPresence(slots.AWAY)
LEAVE = LeaveSpace()


@pytest.mark.parametrize(
    ("trigger", "presence", "reason"),
    [
        (OWNER, slots.AVAILABLE, "owner"),
        (ROOM, slots.ROOM, "room"),
        (AWAY, slots.AWAY, "away"),
        (LEAVE, slots.LEFT, "left"),
    ],
    ids=["owner", "room", "away", "leave"],
)
def test_trigger_ends_the_hand_in_the_same_write_as_the_presence(trigger: Command, presence: str, reason: str) -> None:
    wire = team()
    hand = raised(wire, "ben")
    before, _ = written(wire["ana"])
    assert wire["ana"].say(trigger) == hand
    after, state = written(wire["ana"])
    assert after == before + 1, "one write, and no other of any slot"
    assert state.end is not None
    assert (state.presence, state.hand, state.end.reason) == (presence, None, reason)
    wire.run(1_000)
    assert wire["ben"].hands()[hand].end_reason == reason


@pytest.mark.parametrize(
    ("trigger", "off"),
    [
        (ROOM, Policy(end_on_room=False)),
        (AWAY, Policy(end_on_away=False)),
        (LEAVE, Policy(end_on_leave=False)),
    ],
    ids=["room", "away", "leave"],
)
def test_trigger_that_is_switched_off_leaves_the_hand_up(trigger: Command, off: Policy) -> None:
    wire = team()
    wire["ana"].say(SetPolicy(off))
    hand = raised(wire, "ben")
    assert wire["ana"].say(trigger) is None
    wire.run(1_000)
    assert {seat.hands()[hand].state for seat in wire.seats} == {EscalationState.ACTIVE}


def test_leaving_for_good_ends_it_whatever_is_switched_off() -> None:
    wire = team()
    wire["ana"].say(SetPolicy(Policy(end_on_leave=False)))
    hand = raised(wire, "ben")
    assert wire["ana"].say(LeaveSpace(for_good=True)) == hand


def test_busy_ends_nothing() -> None:
    wire = team()
    hand = raised(wire, "ben")
    assert wire["ana"].say(SetPresence(slots.BUSY)) is None
    assert wire["ana"].hands()[hand].state is EscalationState.ACTIVE


def test_raising_while_away_makes_available_in_the_same_write() -> None:
    wire = team()
    wire["ana"].say(AWAY)
    before, _ = written(wire["ana"])
    hand = wire["ana"].say(Start("help", ("ben",)))
    after, state = written(wire["ana"])
    assert state.hand is not None
    assert (after, state.presence, state.hand.id) == (before + 1, slots.AVAILABLE, hand)


def test_raising_in_a_room_is_allowed_and_leaves_one_in_it() -> None:
    wire = team()
    wire["ana"].say(ROOM)
    hand = raised(wire, "ben")
    assert wire["ben"].rings(hand) == 1
    assert written(wire["ana"])[1].presence == slots.ROOM


def test_room_that_one_is_in_already_is_not_entered_and_ends_nothing() -> None:
    wire = team()
    wire["ana"].say(ROOM)
    hand = raised(wire, "ben")
    assert wire["ana"].say(SetPresence(slots.ROOM, "BLUE")) is None
    assert wire["ana"].hands()[hand].state is EscalationState.ACTIVE
    assert wire["ana"].say(SetPresence(slots.ROOM, "Red")) == hand


@pytest.mark.parametrize("command", [SetPresence("asleep"), SetPresence(slots.ROOM, ""), SetPresence(slots.LEFT)])
def test_presence_that_nobody_can_say_is_wrong_usage(command: Command) -> None:
    wire = team()
    with pytest.raises(CommandRefused) as refused:
        wire["ana"].say(command)
    assert refused.value.reason is Refusal.USAGE


def test_hand_outlives_the_crash_and_the_restart_of_its_daemon() -> None:
    wire = team()
    hand = raised(wire, "ben")
    wire["ana"].die()
    wire.run(5_000)
    wire["ana"].start()
    wire.introduce()
    wire.run(3_000)
    assert {seat.hands()[hand].state for seat in wire.seats} == {EscalationState.ACTIVE}
    assert wire["ben"].rings(hand) == 1, "and nobody is rung again"


# --- Do-not-disturb --------------------------------------------------------------------------------
def why(wire: Wire, hand: HandId) -> tuple[Why | None, bool]:
    """What Ben's receipt says to Ana, and whether it was shown."""
    (receipt,) = [each for each in wire["ana"].hands()[hand].receipts if each.member.name == "ben"]
    assert receipt.delivered_ago is not None
    return receipt.why, receipt.shown_ago is not None


KEPT_OUT: list[Command] = [
    Mute("all"),
    Mute("@all"),
    Mute("ana"),
    Mute("@ana"),
    SetPolicy(Policy(quiet=True)),
    SetPolicy(Policy(muted=("ana",))),
]


@pytest.mark.parametrize("command", KEPT_OUT, ids=str)
def test_who_keeps_the_owner_out_is_not_disturbed_even_by_name_and_the_owner_sees_it(command: Command) -> None:
    wire = team()
    wire["ben"].say(command)
    hand = raised(wire, "ben")
    assert wire["ben"].shown(hand) == []
    assert why(wire, hand) == (Why.MUTED, False)


def test_quiet_hours_are_told_in_the_profile_and_whom_one_mutes_nowhere() -> None:
    wire = team()
    before = {key: kept.value for key, kept in wire["ben"].disk.table(Bucket.SLOTS).items()}
    wire["ben"].say(Mute("ana"))
    wire.run(1_000)
    assert {key: kept.value for key, kept in wire["ben"].disk.table(Bucket.SLOTS).items()} == before
    wire["ben"].say(Mute("all"))
    wire.run(1_000)
    ben = next(view for view in wire["ana"].live.members(wire["ana"].now) if view.name == "ben")
    assert ben.undisturbed


def test_muted_group_rings_no_more_and_its_red_still_comes_quietly() -> None:
    wire = team()
    wire["ben"].say(Mute("@team"))
    hand = raised(wire, "@team")
    assert (wire["ben"].rings(hand), len(wire["ben"].shown(hand))) == (0, 1)
    assert why(wire, hand) == (Why.MUTED, True)


@pytest.mark.parametrize("allowed", ["ana", "@ana", "@leads"])
def test_who_is_let_through_rings_in_quiet_hours(allowed: str) -> None:
    wire = team()
    wire["ana"].say(JoinGroup("leads"))
    wire["ben"].say(SetPolicy(Policy(quiet=True, allowed=(allowed,))))
    wire.run(1_000)
    assert wire["ben"].rings(raised(wire, "ben")) == 1


def test_what_was_kept_out_rings_when_do_not_disturb_is_over() -> None:
    wire = team()
    wire["ben"].say(Mute("all", 30 * tuning.SECOND))
    hand = raised(wire, "ben")
    wire.run(28_000)
    assert wire["ben"].shown(hand) == []
    wire.run(2_000)
    assert wire["ben"].rings(hand) == 1
    assert why(wire, hand) == (None, True)


@pytest.mark.parametrize(
    ("muted", "taken_back"), [("ana", "@ANA"), ("@ana", "ana"), ("@team", "@TEAM"), ("all", "@all"), ("ana", "all")]
)
def test_mute_is_taken_back_however_it_was_written(muted: str, taken_back: str) -> None:
    wire = team()
    wire["ben"].say(Mute(muted))
    wire["ben"].say(Unmute(taken_back))
    assert wire["ben"].live.muted(wire["ben"].now) == ()


def test_what_is_not_muted_cannot_be_taken_back_and_who_is_nobody_not_muted() -> None:
    wire = team()
    for command in (Unmute("ana"), Mute("nobody"), Mute("ben")):
        with pytest.raises(CommandRefused) as refused:
            wire["ben"].say(command)
        assert refused.value.reason is Refusal.UNKNOWN_NAME


def test_mute_outlives_a_restart_and_ends_at_its_time() -> None:
    wire = team()
    wire["ben"].say(Mute("ana", tuning.MINUTE))
    wire["ben"].die()
    wire["ben"].start()
    assert [each.who for each in wire["ben"].live.muted(wire["ben"].now)] == ["ana"]
    wire.introduce()
    wire.run(tuning.MINUTE)
    assert wire["ben"].live.muted(wire["ben"].now) == ()
    assert wire["ben"].rings(raised(wire, "ben")) == 1
