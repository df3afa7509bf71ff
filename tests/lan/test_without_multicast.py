"""Where multicast DNS does not work: peers named, remembered, told by others; and another program on its port."""

import pytest

from escalate_daemon.ipc.protocol import InviteReply, SpaceReply
from support.avahi import Avahi
from support.crew import crew
from support.need import need_tools
from support.netns import Lan
from support.side_by_side import side_by_side
from support.waiting import FIGURES, Stopwatch, until

pytestmark = pytest.mark.lan


@side_by_side
def test_without_multicast_a_peer_in_the_config_is_enough_and_the_others_are_told_by_it() -> None:
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.lan.silence_multicast()
        for name in ("ben", "cyd"):
            three[name].run("config", "set", "daemon.peers", f"{three.lan.ports['ana'].address}:27183").must()
        three.join_by_invite("ana", "ben", "cyd")
        three.until_linked()
        assert three.red_to_all("cyd") < 2


@side_by_side
def test_without_multicast_remembered_peers_are_found_again_within_2_s_of_a_restart() -> None:
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.join_open()
        three.until_linked()
        three.lan.silence_multicast()
        three.all_run("daemon", "stop")
        three.all_run("daemon", "start")
        started = Stopwatch()
        three.until_together()
        FIGURES.note("restart of all three without multicast to all together", started.seconds(), 2)
        assert started.seconds() < 2
        assert three.red_to_all("ana") < 2


@side_by_side
def test_without_multicast_an_invite_works_with_a_host_alone() -> None:
    """The usual port is tried, so that nobody has to read one out."""
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.lan.silence_multicast()
        three.join_by_invite("ana", "ben", "cyd", at=three.lan.ports["ana"].address)
        three.until_linked()
        assert three.red_to_all("ben") < 2


@side_by_side
def test_where_another_program_keeps_the_multicast_port_to_itself_a_red_still_comes_and_the_mend_is_told() -> None:
    need_tools("avahi-daemon")
    lan = Lan("ana", "ben")
    with crew(lan) as two, Avahi(lan.ports["ben"].prefix, "ben", two.home.folder, exclusive=True) as greedy:
        two["ana"].ask(SpaceReply, "up", "Quay", "--new")
        code = two["ana"].ask(InviteReply, "invite").code
        joined = two["ben"].run("join", code, lan.ports["ana"].address).must()
        assert "disallow-other-stacks=no" in joined.err
        two.until_linked()
        assert two.red_to_all("ana") < 2
        assert greedy.running
        greedy.stop()
        freed = Stopwatch()
        until(lambda: "5353" not in two["ben"].run("status").must().err, "the warning is taken back")
        FIGURES.note("multicast port free again to the warning taken back", freed.seconds(), 60)


@side_by_side
def test_beside_avahi_members_find_one_another_by_multicast_and_avahi_goes_on() -> None:
    need_tools("avahi-daemon")
    lan = Lan("ana", "ben", "cyd")
    with crew(lan) as three:
        prefixes = {name: lan.ports[name].prefix for name in ("ana", "ben")}
        with (
            Avahi(prefixes["ana"], "ana", three.home.folder) as first,
            Avahi(prefixes["ben"], "ben", three.home.folder) as second,
        ):
            three.join_by_invite("ana", "ben", "cyd")
            three.until_linked()
            assert three.red_to_all("cyd") < 2
            assert first.running
            assert second.running
            three["ben"].run("daemon", "restart").must()
            three.until_linked()
