"""Two, three and four members where a fifth is lost: several links to each peer, so that none is waited for."""

from statistics import median

import pytest

from support.crew import crew
from support.netns import Lan
from support.waiting import Figures

pytestmark = pytest.mark.lan

REDS = 20
SEEN_WITHIN_S = 2.0


@pytest.mark.parametrize("names", [("ana", "ben"), ("ana", "ben", "cyd"), ("ana", "ben", "cyd", "dov")], ids=len)
def test_every_red_reaches_all_within_2_s_where_a_fifth_is_lost(names: tuple[str, ...], figures: Figures) -> None:
    with crew(Lan(*names)) as few:
        few.join_open()
        few.until_linked()
        few.lan.lose(20)
        took = [few.red_to_all(names[number % len(names)]) for number in range(REDS)]
    what = f"{REDS} reds to {len(names) - 1} others at 20 % loss"
    figures.note(f"{what}, median", median(took))
    figures.note(f"{what}, worst", max(took), SEEN_WITHIN_S)
    assert max(took) < SEEN_WITHIN_S, sorted(took)
