"""Forty machines on one LAN."""

import pytest

from support.crew import crew
from support.netns import Lan
from support.waiting import Figures, Stopwatch

pytestmark = pytest.mark.lan

NAMES = tuple(f"m{number:02d}" for number in range(40))
TOLD_WITHIN_S = 10.0  # on a machine that runs all forty; how quick it is otherwise is for the benchmark to say


def test_forty_hosts_find_one_another_and_all_are_told_of_a_red(figures: Figures) -> None:
    with crew(Lan(*NAMES)) as forty:
        begun = Stopwatch()
        forty.join_open()
        figures.note("40 daemons started", begun.seconds())
        forty.until_together()
        figures.note("40 daemons started, to all seeing all", begun.seconds())
        for owner in (NAMES[0], NAMES[17], NAMES[39]):
            took = forty.red_to_all(owner)
            figures.note(f"a red of {owner} to 39 others", took, TOLD_WITHIN_S)
            assert took < TOLD_WITHIN_S
