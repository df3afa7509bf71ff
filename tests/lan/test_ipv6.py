"""LANs without a single IPv4 address."""

import pytest

from support.crew import crew
from support.netns import Lan, Speaks
from support.side_by_side import side_by_side
from support.waiting import FIGURES, Stopwatch

pytestmark = pytest.mark.lan


@side_by_side
def test_where_all_speak_ipv6_alone_members_join_and_are_told() -> None:
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.ULA)) as three:
        three.join_by_invite("ana", "ben", "cyd")
        three.until_linked()
        assert three.red_to_all("ben") < 2
        three.lan.silence_multicast()
        three["ben"].run("daemon", "restart").must()
        started = Stopwatch()
        three.until_together()
        FIGURES.note("restart on an IPv6 LAN without multicast, to all together", started.seconds(), 2)
        assert started.seconds() < 2


@side_by_side
def test_where_all_have_link_local_addresses_alone_members_join_and_are_told() -> None:
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.LINK_LOCAL)) as three:
        three.join_by_invite("ana", "ben", "cyd")
        three.until_linked()
        assert three.red_to_all("ben") < 2
        three["cyd"].run("daemon", "restart").must()
        three.until_linked()
        assert three.red_to_all("cyd") < 2
