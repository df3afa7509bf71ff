"""Stories of nodes that vanish, return, restart, are cut off, and of clocks that jump."""

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.commands import EndMine, JoinGroup, Start
from escalate_daemon.core.effects import ShowKind, Urgency
from escalate_daemon.core.facts import (
    EscalationEnded,
    EscalationFact,
    EscalationFound,
    EscalationLost,
    EscalationPutAway,
    EscalationRaised,
    EscalationRang,
    EscalationReturned,
    EscalationUpdated,
    FirstComparisonDone,
)
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EndReason, EscalationState, Why
from support.core_seat import Desk, Seat
from support.core_wire import Wire

YEAR = 365 * 24 * tuning.HOUR


def raised(*names: str) -> tuple[Wire, HandId]:
    """Ana's red to Ben is up, and shown everywhere."""
    wire = Wire("ana", "ben", *names)
    wire.run(3_000)
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(2_000)
    return wire, hand


def happened(seat: Seat) -> list[type[EscalationFact]]:
    """What watchers were told of hands, but for mere updates and rings."""
    left_out = (EscalationUpdated, EscalationRang)
    return [type(fact) for fact in seat.facts_of(EscalationFact) if not isinstance(fact, left_out)]


# --- The owner vanishes ----------------------------------------------------------------------------
def test_vanished_owner_is_lost_within_30_s_and_its_hand_stays_on_the_screen() -> None:
    wire, hand = raised("cem")
    wire["ana"].vanish()
    wire.run(30_000)
    for name in ("ben", "cem"):
        view = wire[name].hands()[hand]
        assert (view.state, view.owner.presence, view.owner.online) == (EscalationState.LOST, "lost", False)
        assert view.lost_for is not None
        assert view.lost_for in range(10_000, 30_000)
        assert hand in wire[name].screen
    assert happened(wire["ben"]) == [EscalationRaised, EscalationLost]


def test_hand_of_a_lost_owner_is_put_away_after_15_min_and_never_ended_in_its_name() -> None:
    wire, hand = raised("cem")
    wire["ana"].vanish()
    wire.run(tuning.PUT_AWAY_AFTER - 10_000)
    assert hand in wire["ben"].screen
    wire.run(60_000)
    assert wire["ben"].screen == {}
    wire.run(tuning.MAX_AGE)
    assert wire["ben"].hands()[hand].state is EscalationState.PUT_AWAY
    assert happened(wire["ben"]) == [EscalationRaised, EscalationLost, EscalationPutAway]


@pytest.mark.parametrize("away", [tuning.MINUTE, 20 * tuning.MINUTE], ids=["lost", "put away"])
def test_returning_owner_is_found_within_2_s_and_nobody_is_rung_again(away: int) -> None:
    wire, hand = raised("cem")
    wire["ana"].vanish()
    wire.run(away)
    wire["ana"].start()
    wire.introduce()
    wire.run(2_000)
    for name in ("ana", "ben", "cem"):
        assert wire[name].hands()[hand].state is EscalationState.ACTIVE
        assert hand in wire[name].screen or name == "ana"  # whom a pop-up of its own may tell that nobody comes
    assert wire["ben"].rings(hand) == 1
    wire.run(tuning.HOUR)
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE
    back = [EscalationFound] if away == tuning.MINUTE else [EscalationPutAway, EscalationReturned, EscalationFound]
    assert happened(wire["ben"]) == [EscalationRaised, EscalationLost, *back]


def test_hand_survives_its_daemons_crash_under_the_same_id_and_age() -> None:
    wire, hand = raised()
    wire.run(60_000)
    wire["ana"].die()
    wire.run(5_000)
    wire["ana"].start()
    wire.introduce()
    wire.run(2_000)
    assert [wire[n].hands()[hand].state for n in ("ana", "ben")] == [EscalationState.ACTIVE] * 2
    assert all(wire[n].hands()[hand].age in range(68_000, 70_000) for n in ("ana", "ben"))
    assert happened(wire["ben"]) == [EscalationRaised]
    assert wire["ana"].hands()[hand].reach.sounded == 1, "receipts were kept"


# --- Cuts ------------------------------------------------------------------------------------------
def test_end_said_while_cut_off_is_never_shown_as_active_after_the_heal() -> None:
    wire, hand = raised("cem")
    wire.cut("ben")
    wire.run(60_000)
    wire["ana"].say(EndMine())
    wire.run(60_000)
    assert wire["ben"].hands()[hand].state is EscalationState.LOST
    wire.heal("ben")
    wire.run(10_000)
    assert wire["ben"].hands()[hand].state is EscalationState.ENDED
    assert happened(wire["ben"]) == [EscalationRaised, EscalationLost, EscalationEnded]
    assert wire["ben"].screen == {}


def test_hand_raised_while_cut_off_rings_once_after_the_heal() -> None:
    wire = Wire("ana", "ben", "cem")
    wire.run(3_000)
    wire.cut("ben")
    wire.run(60_000)
    hand = wire["ana"].say(Start("help", ("ben",)))
    wire.run(60_000)
    assert wire["ben"].hands() == {}
    wire.heal("ben")
    wire.run(10_000)
    assert wire["ben"].shown(hand) == [Urgency.RING]


def test_flapping_link_rings_nobody_twice() -> None:
    wire, hand = raised("cem")
    for _ in range(20):
        wire.cut("ben")
        wire.run(40_000)
        wire.heal("ben")
        wire.run(5_000)
    assert wire["ben"].rings(hand) == 1
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE
    wire.run(10_000)
    assert len({seat.told for seat in wire.seats}) == 1


def test_word_goes_round_a_cut_between_two() -> None:
    wire = Wire("ana", "ben", "cem")
    wire.run(3_000)
    wire.cut("ana", "ben")
    wire.run(60_000)
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(1_000)
    assert wire["ben"].rings(hand) == 1
    assert wire["ana"].hands()[hand].reach.sounded == 1
    assert wire["ben"].hands()[hand].owner.online


# --- The named member's restarts -------------------------------------------------------------------
def test_restarted_daemon_rings_nothing_again() -> None:
    wire, hand = raised()
    wire["ben"].die()
    wire.run(1_000)
    wire["ben"].start()
    wire.introduce()
    wire.run(60_000)
    assert wire["ben"].rings(hand) == 1
    wire["ana"].say(EndMine())
    wire.run(1_000)
    assert wire["ben"].screen == {}, "the pop-up of the earlier run is closed"
    assert wire["ben"].shows[-1].handle == "ben-1", "by the handle that the server gave to it then"


def test_crash_in_the_show_window_rings_once_more_and_a_second_one_shows_quietly_as_failed() -> None:
    wire = Wire("ana", "ben")
    wire.run(3_000)
    ben = wire["ben"]
    ben.desk = Desk.HANGS
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    for _ in range(2):
        wire.run(1_000)
        ben.die()
        ben.start()
        wire.introduce()
    ben.desk = Desk.WORKS
    wire.run(20_000)
    assert ben.shown(hand) == [Urgency.RING, Urgency.RING, Urgency.QUIET]
    (receipt,) = wire["ana"].hands()[hand].receipts
    assert receipt.why is Why.FAILED


def test_hand_from_disk_is_neither_shown_nor_rung_before_the_first_comparison() -> None:
    wire, hand = crashed_before_the_show()
    wire.cut("ben")
    wire["ben"].start()
    wire["ben"].finds(wire["ana"].address)
    wire.run(9_000)
    assert wire["ben"].shows == []
    assert wire["ben"].hands()[hand].state is EscalationState.LOST
    wire.heal("ben")
    wire.run(2_500)
    assert wire["ben"].shown(hand) == [Urgency.RING]
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE


def test_hand_from_disk_is_shown_as_lost_after_10_s_alone() -> None:
    wire, hand = crashed_before_the_show()
    wire["ana"].vanish()
    wire["ben"].start()
    wire.run(tuning.FIRST_COMPARISON - 1)
    assert wire["ben"].shows == []
    wire.run(1)
    assert wire["ben"].facts_of(FirstComparisonDone)[-1] == FirstComparisonDone(with_peer=False)
    (show,) = wire["ben"].shows
    assert (show.kind, show.hand, show.view and show.view.state) == (ShowKind.SHOW, hand, EscalationState.LOST)


def test_hand_from_disk_that_ended_meanwhile_never_pops_up() -> None:
    wire, hand = crashed_before_the_show()
    wire["ana"].say(EndMine())
    wire["ben"].start()
    wire.introduce()
    wire.run(20_000)
    assert [show.kind for show in wire["ben"].shows if show.kind is not ShowKind.CLOSE] == []
    assert wire["ben"].hands()[hand].state is EscalationState.ENDED


def crashed_before_the_show() -> tuple[Wire, HandId]:
    """Ben's daemon died with the ring recorded, and nothing on the screen; forget what it asked for."""
    wire = Wire("ana", "ben")
    wire.run(3_000)
    wire["ben"].desk = Desk.HANGS
    hand = wire["ana"].say(Start("help", ("ben",)))
    assert hand is not None
    wire.run(1_000)
    wire["ben"].die()
    wire["ben"].shows.clear()
    wire["ben"].desk = Desk.WORKS
    wire.run(1_000)
    return wire, hand


# --- Clocks ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "jump"), [("ana", -YEAR), ("ben", YEAR), ("ben", -YEAR)])
def test_wall_clock_that_jumps_over_a_restart_changes_nothing(who: str, jump: int) -> None:
    wire, hand = raised("cem")
    wire[who].die()
    wire[who].wall_shift += jump
    wire.run(1_000)
    wire[who].start()
    wire.introduce()
    wire.run(20_000)
    assert [seat.hands()[hand].state for seat in wire.seats] == [EscalationState.ACTIVE] * 3
    assert wire["ben"].rings(hand) == 1
    assert hand in wire["ben"].screen
    wire["ana"].say(EndMine())
    wire.run(6_000)
    assert [seat.hands()[hand].end_reason for seat in wire.seats] == [EndReason.OWNER] * 3
    assert len({seat.told for seat in wire.seats}) == 1


def test_owner_that_finds_its_hand_a_year_old_after_a_restart_ends_it_for_all() -> None:
    """Only its wall tells it how long it was down: the rule is to believe that."""
    wire, hand = raised("cem")
    wire["ana"].die()
    wire["ana"].wall_shift += YEAR
    wire["ana"].start()
    wire.introduce()
    wire.run(20_000)
    assert [seat.hands()[hand].end_reason for seat in wire.seats] == [EndReason.MAX_AGE] * 3
    assert [seat.screen for seat in wire.seats] == [{}] * 3
    assert len({seat.told for seat in wire.seats}) == 1


def test_machine_that_slept_is_back_at_once_and_rings_nobody_again() -> None:
    wire, hand = raised("cem")
    wire["ben"].shift += tuning.HOUR
    wire["ben"].wakes()
    wire.run(10_000)
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE
    assert wire["ben"].rings(hand) == 1
    assert wire["ben"].live.link_count >= 2


def test_sleep_that_nobody_noticed_is_no_reason_to_drop_a_link() -> None:
    wire, hand = raised("cem")
    wire["ben"].shift += tuning.HOUR
    wire.run(10_000)
    assert happened(wire["ben"]) == [EscalationRaised]
    assert wire["ben"].hands()[hand].state is EscalationState.ACTIVE


# --- Restored disks --------------------------------------------------------------------------------
def test_ended_hand_in_a_restored_disk_ends_there_too() -> None:
    wire, hand = raised("cem")
    backup = wire["ana"].disk.backup()
    wire["ana"].say(EndMine())
    wire.run(2_000)
    wire["ana"].die()
    wire["ana"].disk.restore(backup)
    wire["ana"].start()
    wire.introduce()
    wire.run(10_000)
    assert [seat.hands()[hand].state for seat in wire.seats[1:]] == [EscalationState.ENDED] * 2
    assert wire["ana"].hands()[hand].state is EscalationState.ENDED
    assert wire["ben"].screen == {}
    assert len({seat.told for seat in wire.seats}) == 1


def test_hand_raised_on_a_restored_disk_while_alone_is_not_lost() -> None:
    wire, _ = raised("cem")
    backup = wire["ana"].disk.backup()
    wire["ana"].say(EndMine())
    wire.run(2_000)
    wire["ana"].die()
    wire["ana"].disk.restore(backup)
    wire["ana"].wall_shift -= YEAR  # the battery of its clock is dead too: no time saves the version
    wire.cut("ana")
    wire["ana"].start()
    wire.run(15_000)
    fresh = wire["ana"].say(Start("again", ("ben",), replace=True))
    wire.heal("ana")
    wire.introduce()
    wire.run(10_000)
    assert fresh is not None
    assert [seat.hands()[fresh].state for seat in wire.seats] == [EscalationState.ACTIVE] * 3
    assert wire["ben"].rings(fresh) == 1
    assert len({seat.told for seat in wire.seats}) == 1


def test_member_without_its_disk_gets_its_groups_back_from_others() -> None:
    wire = Wire("ana", "ben")
    wire["ben"].say(JoinGroup("team"))
    wire.run(3_000)
    wire["ben"].die()
    wire["ben"].disk.restore({})
    wire["ben"].wall_shift -= YEAR
    wire.run(1_000)
    wire["ben"].start()
    wire.introduce()
    wire.run(10_000)
    for seat in wire.seats:
        ben = next(view for view in seat.live.members(seat.now) if view.name == "ben")
        assert ben.groups == ("team",)
    assert len({seat.told for seat in wire.seats}) == 1
