"""Daemons that are killed and started again in the middle of an escalation."""

import signal

import pytest

from support.room import CALLER, Room
from support.waiting import Figures, Stopwatch, never, until

pytestmark = pytest.mark.lan

LOST_WITHIN_S = 30.0
BACK_WITHIN_S = 2.0


def test_a_named_member_killed_and_restarted_is_not_rung_again(together: Room) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    hand = together.start(ana, "-m", CALLER, "--notify", "@team")
    ana.until_told_sounded(hand)
    ben.machine.signal_daemon(signal.SIGKILL)
    ben.machine.run("daemon", "start").must(0)
    ben.until_sees(hand)
    together.until_together()
    never(lambda: len(ben.desk.rings()) > 1, "ben is rung twice", for_s=2.0)
    assert len(ben.desk.up()) == 1
    ana.machine.run("end").must(0)
    ben.until_no_popup()


def test_a_named_member_killed_inside_the_show_window_is_rung_once_more_never_not_at_all(
    together: Room,
) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    ben.desk.freeze()
    hand = together.start(ana, "-m", CALLER, "--notify", "@team", exits=(0, 5))
    ben.until_sees(hand)
    ben.machine.signal_daemon(signal.SIGKILL)
    ben.desk.thaw()
    before = len(ben.desk.rings())
    assert before <= 1
    ben.machine.run("daemon", "start").must(0)
    until(lambda: len(ben.desk.rings()) > before, "ben is rung after the restart")
    ana.until_told_sounded(hand)
    never(lambda: len(ben.desk.rings()) > before + 1, "ben is rung a third time", for_s=2.0)
    ben.machine.signal_daemon(signal.SIGKILL)
    ben.machine.run("daemon", "start").must(0)
    together.until_together()
    never(lambda: len(ben.desk.rings()) > before + 1, "a further restart rings again", for_s=2.0)


def test_an_owner_killed_is_lost_within_30_s_and_back_within_2_s_and_rings_nobody_again(
    together: Room, figures: Figures
) -> None:
    ana, ben, cyd = together.ana, together.ben, together.cyd
    together.settle()
    hand = together.start(ana, "-m", CALLER, "--notify", "@team")
    ben.until_heard()
    watch = Stopwatch()
    ana.machine.signal_daemon(signal.SIGKILL)
    for host in (ben, cyd):
        host.until_sees(hand, "lost")
        figures.note(f"kill to lost, at {host.name}", watch.seconds(), LOST_WITHIN_S)
    assert watch.seconds() < LOST_WITHIN_S
    assert all(not member.online for member in ben.machine.members() if member.name == "ana")
    ana.machine.run("daemon", "start").must(0)
    back = Stopwatch()
    for host in (ben, cyd):
        host.until_sees(hand)
        figures.note(f"daemon started to back, at {host.name}", back.seconds(), BACK_WITHIN_S)
    assert back.seconds() < BACK_WITHIN_S
    never(lambda: len(ben.desk.rings()) > 1 or cyd.desk.rings(), "somebody is rung again", for_s=1.0)
    assert [popup.critical for popup in ben.desk.up()] == [True]
    mine = ana.until_sees(hand)
    assert mine.owner.me
    assert mine.reach.shown == 1
