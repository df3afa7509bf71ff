"""A crowd of real nodes: told at once, at little cost, one again after a cut, up again after a power cut.

Small here; `crowd.py --nodes 1000` plays the same scenes at full size.
"""

from collections.abc import Mapping

import pytest

from simulation.crowds.measured import DROPPED, ONE, RECEIVED, Measured
from simulation.crowds.scenes import MINUTE, Wanted, play

CROWD = Wanted(nodes=60, apart=3 * MINUTE)

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def played() -> Mapping[str, Measured]:
    return {measured.scene: measured for measured in play(CROWD)}


@pytest.mark.parametrize("scene", ["told of a yellow", "told of a red"])
def test_all_are_told_within_five_mean_link_delays_by_at_most_ten_copies(
    played: Mapping[str, Measured], scene: str
) -> None:
    assert not played[scene].missed()


def test_everyone_red_with_all_receipts_costs_a_node_about_a_kilobyte_for_each_who_is_named(
    played: Mapping[str, Measured],
) -> None:
    everyone = played["@everyone, all receipts"]
    assert not everyone.missed()
    assert everyone.figures[RECEIVED] < 1.5 * CROWD.nodes  # in small crowds frames carry little each


def test_halves_are_one_within_ten_seconds_of_being_joined(played: Mapping[str, Measured]) -> None:
    assert not played["halves joined again"].missed()


@pytest.mark.parametrize("disks", ["full", "empty"])
def test_whole_site_that_starts_at_once_is_one_soon(played: Mapping[str, Measured], disks: str) -> None:
    assert played[f"cold start, disks {disks}"].figures[ONE] < 10


def test_no_link_is_dropped_by_any_of_it(played: Mapping[str, Measured]) -> None:
    assert {scene: measured.figures[DROPPED] for scene, measured in played.items()} == dict.fromkeys(played, 0)


def test_nobody_has_many_more_links_than_others(played: Mapping[str, Measured]) -> None:
    figures = played["told of a red"].figures
    assert 9 <= figures["degree, mean"] <= 12
    assert figures["degree, least"] >= 4
    assert figures["degree, most"] <= 32
