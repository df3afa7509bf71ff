"""Members whom nobody can dial, and pairs between which nothing passes: the others carry it."""

import pytest

from support.crew import crew
from support.netns import Lan
from support.side_by_side import side_by_side

pytestmark = pytest.mark.lan


@side_by_side
def test_members_who_can_only_dial_out_are_told_by_those_they_dialled_and_by_one_another() -> None:
    """Two of three refuse every connection from outside: these two have no link with each other."""
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.lan.firewall("ben")
        three.lan.firewall("cyd")
        three.join_by_invite("ana", "ben", "cyd")
        three.until_together()
        for owner in ("ana", "ben", "cyd"):
            assert three.red_to_all(owner) < 2, owner
        three.all_run("daemon", "restart")
        three.until_together()
        for owner in ("ana", "ben", "cyd"):
            assert three.red_to_all(owner) < 2, owner


@side_by_side
def test_two_members_between_whom_nothing_passes_are_told_over_the_third() -> None:
    """As on wireless that isolates its clients, with one on the wire."""
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.lan.part("ana", "ben")
        three.join_open()
        three.until_together()
        assert three.red_to_all("ana") < 2
        assert three.red_to_all("ben") < 2
        three.lan.heal_all()
        three.until_linked()
        three.lan.part("ana", "ben")
        assert three.red_to_all("ana") < 2
        assert three.red_to_all("ben") < 2
