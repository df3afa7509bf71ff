"""Machines cut off and healed: nothing that is over comes back, nothing that is up is missed."""

import signal

import pytest

from escalate_daemon.ipc.protocol import EscalationReply
from support.netns import Cut
from support.room import CALLER, Room
from support.waiting import Figures, Stopwatch, never, until

pytestmark = pytest.mark.lan

LOST_WITHIN_S = 30.0
BACK_WITHIN_S = 2.0
RUNG_AFTER_HEAL_S = 10.0


def test_a_member_started_while_cut_off_is_rung_once_it_is_healed(together: Room, figures: Figures) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    ben.machine.run("daemon", "stop").must(0)
    together.lan.cut("ben")
    ben.machine.run("daemon", "start").must(0)
    hand = together.start(ana, "-m", CALLER, "--notify", "ben", exits=(0, 5))
    together.cyd.until_sees(hand)
    assert ben.machine.sees(hand) is None
    watch = Stopwatch()
    together.lan.heal("ben")
    ben.until_rung()
    rung = watch.until_event(ben.desk.rings()[0].time)
    figures.note("heal to the ring of a member started cut off", rung, RUNG_AFTER_HEAL_S)
    assert rung < RUNG_AFTER_HEAL_S
    ben.until_heard()
    ana.until_told_sounded(hand)
    assert len(ben.desk.rings()) == 1


def test_a_member_cut_during_the_raise_is_rung_once_it_is_healed(together: Room, figures: Figures) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    together.lan.cut("ben", Cut.CABLE)
    together.start(ana, "-m", CALLER, "--notify", "ben", exits=(0, 5))
    watch = Stopwatch()
    together.lan.heal("ben")
    ben.until_rung()
    rung = watch.until_event(ben.desk.rings()[0].time)
    figures.note("heal to the ring of a running member", rung, RUNG_AFTER_HEAL_S)
    assert rung < RUNG_AFTER_HEAL_S


def test_owners_cut_off_or_frozen_are_lost_within_30_s_and_back_within_2_s(together: Room, figures: Figures) -> None:
    """Ana's machine loses the network, cyd's sleeps; ben sees both, and is rung once by each."""
    ana, ben, cyd = together.ana, together.ben, together.cyd
    together.settle()
    hands = {owner.name: together.start(owner, "-m", CALLER, "--notify", "@team") for owner in (ana, cyd)}
    until(lambda: len(ben.desk.rings()) == 2, "ben is rung by both")
    watch = Stopwatch()
    together.lan.cut("ana")
    cyd.machine.signal_daemon(signal.SIGSTOP)
    for name, hand in hands.items():
        ben.until_sees(hand, "lost")
        figures.note(f"{'cut' if name == 'ana' else 'freeze'} to lost", watch.seconds(), LOST_WITHIN_S)
    assert watch.seconds() < LOST_WITHIN_S
    healed = Stopwatch()
    together.lan.heal("ana")
    ben.until_sees(hands["ana"])
    figures.note("heal to back", healed.seconds(), BACK_WITHIN_S)
    assert healed.seconds() < BACK_WITHIN_S
    woken = Stopwatch()
    cyd.machine.thaw_daemon()
    ben.until_sees(hands["cyd"])
    figures.note("waking to back", woken.seconds(), BACK_WITHIN_S)
    assert woken.seconds() < BACK_WITHIN_S
    never(lambda: len(ben.desk.rings()) > 2, "ben is rung again", for_s=1.0)
    assert [popup.critical for popup in ben.desk.up()] == [True, True]


def test_a_deaf_member_is_lost_within_30_s_and_shows_nothing_active_that_ended_meanwhile(
    together: Room, figures: Figures
) -> None:
    """Ben's machine still sends, and hears nothing: a switch or a firewall that is broken one way."""
    ana, ben, cyd = together.ana, together.ben, together.cyd
    together.settle()
    hand = together.start(ana, "-m", CALLER, "--notify", "@team")
    ben.until_rung()
    bens = together.start(ben)
    cyd.until_sees(bens)
    watch = Stopwatch()
    together.lan.cut("ben", Cut.DEAF)
    ana.machine.ask(EscalationReply, "end")
    for host in (ana, cyd):
        host.until_sees(bens, "lost")
    figures.note("deaf to lost", watch.seconds(), LOST_WITHIN_S)
    assert watch.seconds() < LOST_WITHIN_S
    ben.until_sees(hand, "lost")
    with ben.machine.watching() as watching:
        until(lambda: any(event.event == "ready" for event in watching.events()), "watch is ready")
        together.lan.heal("ben")
        until(lambda: not ben.machine.sees(hand, "lost"), "ben knows that ana's is over")
        until(lambda: "ana" in ben.machine.online(), "ben sees ana")
        assert ben.machine.sees(hand) is None
        until(lambda: not any(popup.critical for popup in ben.desk.up()), "ana's pop-up is closed at ben's")
        shown = [each.escalation for each in watching.events() if each.escalation]
    assert "active" not in [each.state for each in shown if each.id == hand]
    assert len(ben.desk.rings()) == 1
    ana.until_sees(bens)


def test_what_ended_while_a_member_was_cut_off_for_a_moment_ends_there_without_another_word(together: Room) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    together.start(ana, "-m", CALLER, "--notify", "@team")
    ben.until_rung()
    together.lan.cut("ben")
    with ben.machine.watching() as watching:
        until(lambda: any(event.event == "ready" for event in watching.events()), "watch is ready")
        ana.machine.ask(EscalationReply, "end")
        together.lan.heal("ben")
        ben.until_no_popup()
        until(lambda: any(event.event == "ended" for event in watching.events()), "ben's watch says it ended")
        told = [event.event for event in watching.events() if event.escalation]
    assert told[0] == "raised"
    assert set(told[1:-1]) <= {"updated"}
    assert told[-1] == "ended"
    assert len(ben.desk.popups()) == 1


def test_a_member_behind_a_firewall_is_rung_over_links_that_it_dials_itself(together: Room) -> None:
    ana, ben = together.ana, together.ben
    together.settle()
    ben.machine.run("daemon", "stop").must(0)
    together.lan.firewall("ben")
    ben.machine.run("daemon", "start").must(0)
    until(lambda: "ben" in ana.machine.online(), "ben has dialled")
    together.start(ana, "-m", CALLER, "--notify", "ben")
    ben.until_rung()
