"""Machines that sleep, and clocks that jump: neither costs a red, and no age is wrong by it."""

import os
import signal

import pytest

from support import false_clock
from support.crew import Crew, crew
from support.false_clock import FalseClock
from support.need import need
from support.netns import Lan
from support.side_by_side import side_by_side
from support.waiting import FIGURES, Stopwatch, elapse, never, until

pytestmark = pytest.mark.lan

DAY_S = 86_400
SEEN_WITHIN_S = 10.0
FROZEN_FOR_S = (2.0, 6.0, 18.0)  # unnoticed; its links in doubt; its links given up by the others


@side_by_side
def test_a_host_frozen_and_thawed_sees_the_red_it_slept_through_and_raises_its_own() -> None:
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.join_open()
        three.until_linked()
        for frozen_for in FROZEN_FOR_S:
            asleep = three.lan.processes("ben")
            for pid in asleep:
                os.kill(pid, signal.SIGSTOP)
            slept = Stopwatch()
            hand = three.red("ana")
            three.until_all_see(hand, among=("ana", "cyd"))
            elapse(frozen_for - slept.seconds())
            woken = Stopwatch()
            for pid in asleep:
                os.kill(pid, signal.SIGCONT)
            three.until_all_see(hand)
            FIGURES.note(f"thawed after {frozen_for:g} s to the red seen", woken.seconds(), SEEN_WITHIN_S)
            assert woken.seconds() < SEEN_WITHIN_S
            three.end("ana")
            assert three.red_to_all("ben") < 2
            three.until_linked()


@side_by_side
def test_a_red_that_ended_while_a_host_was_frozen_is_never_active_there_again() -> None:
    with crew(Lan("ana", "ben")) as two:
        two.join_open()
        two.until_linked()
        asleep = two.lan.processes("ben")
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        hand = two.red("ana")
        elapse(5.0)
        two["ana"].run("end").must()
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
        two.until_linked()
        never(two["ben"].escalations, f"ben lists {hand}", for_s=2.0)


@side_by_side
def test_a_clock_moved_a_day_forth_and_back_delays_no_red_and_falsifies_no_age() -> None:
    need(false_clock.why_unavailable())
    with crew(Lan("ana", "ben", "cyd")) as three:
        clock = FalseClock(three.home.folder)
        three["ben"].run_daemon(clock.env)
        three.join_by_invite("ana", "ben", "cyd")
        three.until_linked()
        hand = three.red("cyd")
        three.until_all_see(hand)
        for ahead in (DAY_S, -DAY_S, 0):
            clock.show(ahead)
            for owner in ("ana", "ben"):
                mine = three.red(owner)
                assert three.until_all_see(mine) < 2
                until(lambda: not wrong_ages(three), "every age is right", within_s=5.0)
                assert three["ben"].sees(hand), "the one that was up is still up"
                three[owner].run("end").must()


@side_by_side
def test_a_hand_outlives_its_owners_restart_under_a_clock_moved_back_a_day() -> None:
    need(false_clock.why_unavailable())
    with crew(Lan("ana", "ben")) as two:
        clock = FalseClock(two.home.folder)
        two["ben"].run_daemon(clock.env)
        two.join_by_invite("ana", "ben")
        two.until_linked()
        hand = two.red("ben")
        two.until_all_see(hand)
        two["ben"].run("daemon", "stop").must()
        clock.show(-DAY_S)
        two["ben"].run_daemon(clock.env)
        two.until_linked()
        two.until_all_see(hand)
        assert not wrong_ages(two)
        two["ben"].run("end").must()
        two.until_nothing_is_up()
        assert two.red_to_all("ben") < 2


def wrong_ages(crew_of: Crew) -> list[float]:
    """Ages of what is up, anywhere, that cannot be true in so young a test."""
    ages = [each.age_s for machine in crew_of.all for each in machine.escalations()]
    return [age for age in ages if not 0 <= age < 120]
