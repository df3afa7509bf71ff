"""Interfaces and addresses that come, go and mislead: cables, docks, leases, Wi-Fi, tunnels and bridges."""

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.ipc.protocol import EscalationReply, InviteReply, SpaceReply
from support.crew import Crew, crew
from support.netns import SUBNET, Cut, Lan, Speaks
from support.side_by_side import side_by_side
from support.waiting import FIGURES, Stopwatch, elapse

pytestmark = pytest.mark.lan

SEEN_WITHIN_S = 10.0


@side_by_side
def test_a_daemon_started_with_loopback_alone_hears_of_a_red_once_an_interface_comes() -> None:
    with crew(Lan("ana", "ben", speaks=Speaks.IPV4_ALONE)) as two:
        two.join_open()
        two.until_linked()
        ben, lan = two["ben"], two.lan
        ben.run("daemon", "stop").must()
        lan.ip("ben", "addr", "flush", "dev", "eth0")
        lan.ip("ben", "link", "set", "eth0", "down")
        ben.run("daemon", "start").must()
        hand = two.red("ana")
        came = Stopwatch()
        lan.ip("ben", "link", "set", "eth0", "up")
        lan.ip("ben", "addr", "add", lan.with_length(lan.ports["ben"].address), "dev", "eth0")
        two.until_all_see(hand)
        FIGURES.note("the first interface comes, to the red seen", came.seconds(), SEEN_WITHIN_S)
        assert came.seconds() < SEEN_WITHIN_S


@side_by_side
def test_a_red_reaches_a_member_whose_address_has_changed() -> None:
    """A lease that ran out: the old address is gone, and so is every connection from and to it."""
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.IPV4_ALONE)) as three:
        three.join_open()
        three.until_linked()
        moved = Stopwatch()
        three.lan.move("ben", f"{SUBNET}.77")
        elapse(1.0)
        three.until_all_see(three.red("ana"))
        FIGURES.note("a host's address changes, to a red seen by it", moved.seconds(), SEEN_WITHIN_S)
        assert moved.seconds() < SEEN_WITHIN_S
        three.end("ana")
        three.until_together()
        assert three.red_to_all("ben") < SEEN_WITHIN_S


@side_by_side
def test_a_red_crosses_from_one_network_to_another_over_a_member_with_an_interface_in_both() -> None:
    """Ben's laptop is docked while everything runs; cyd has no other way to ana than over him."""
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.IPV4_ALONE)) as three:
        three.join_open()
        three.until_linked()
        three.lan.cut("cyd", Cut.CABLE)
        three.lan.second_network("ben", "cyd")
        docked = Stopwatch()
        hand = three.red("ana")
        three.until_all_see(hand)
        FIGURES.note("a second network comes, to a red seen across both", docked.seconds(), SEEN_WITHIN_S)
        assert docked.seconds() < SEEN_WITHIN_S
        three.end("ana")
        three.until_together()
        assert three.red_to_all("cyd") < 2


@side_by_side
def test_a_red_reaches_a_member_whose_wireless_drops_every_few_seconds() -> None:
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.IPV4_ALONE)) as three:
        three.join_open()
        three.until_linked()
        for _ in range(4):
            three.lan.ip("ben", "addr", "flush", "dev", "eth0", "scope", "global")
            three.lan.ip("ben", "link", "set", "eth0", "down")
            elapse(1.5)
            up = Stopwatch()
            three.lan.ip("ben", "link", "set", "eth0", "up")
            address = three.lan.with_length(three.lan.ports["ben"].address)
            three.lan.ip("ben", "addr", "add", address, "dev", "eth0")
            elapse(1.5)
        hand = three.red("ana")
        three.until_all_see(hand)
        FIGURES.note("wireless steady again after four drops, to a red seen", up.seconds(), SEEN_WITHIN_S)
        assert up.seconds() < SEEN_WITHIN_S


@side_by_side
def test_addresses_that_lead_nowhere_delay_no_red_by_more_than_2_s() -> None:
    """Tunnels and bridges of virtual machines: ana has the same, so half lead to herself, half to nowhere."""
    with crew(Lan("ana", "ben", speaks=Speaks.IPV4_ALONE)) as two:
        for name, number in (("ana", 1), ("ben", 2)):
            two.lan.dead_end(name, "docker0", "172.17.0.1")
            two.lan.dead_end(name, "virbr0", "192.168.122.1")
            two.lan.dead_end(name, "tun0", f"10.1.0.{number}")
            two.lan.dead_end(name, "wg0", f"10.2.0.{number}")
            two.lan.dead_end(name, "vpn0", f"10.3.0.{number}")
            two.lan.dead_end(name, "tap0", f"10.4.0.{number}")
        two.join_open()
        two.until_linked()
        two.all_run("daemon", "stop")
        two.lan.silence_multicast()
        two.all_run("daemon", "start")
        started = Stopwatch()
        two.until_together()
        FIGURES.note("a restart among seven addresses a member, to all online", started.seconds(), 2)
        assert started.seconds() < 2
        assert two.red_to_all("ana") < 2


@side_by_side
def test_an_invite_is_answered_at_once_among_addresses_that_lead_nowhere() -> None:
    """Every daemon near has five that do; a joiner knows not whose door it needs, so it knocks at all."""
    names = ("ana", "ben", "cyd", "dov")
    with crew(Lan(*names, speaks=Speaks.IPV4_ALONE)) as four:
        for number, name in enumerate(names, start=1):
            for net in range(5):
                four.lan.dead_end(name, f"tun{net}", f"10.{net}.0.{number}")
        four.join_by_invite("ana", "ben", "cyd")
        four.until_together("ana", "ben", "cyd")
        code = four["ana"].ask(InviteReply, "invite").code
        four["dov"].run("daemon", "start").must()
        knocked = Stopwatch()
        four["dov"].ask(SpaceReply, "join", code)
        FIGURES.note("join among 18 addresses, 15 of which lead nowhere", knocked.seconds(), 5)
        assert knocked.seconds() < 5  # that long is waited for one that is silent


@side_by_side
def test_two_machines_with_one_address_reach_all_over_ipv6_and_recover_once_that_is_mended() -> None:
    with crew(Lan("ana", "ben", "cyd")) as three:
        three.lan.move("cyd", three.lan.ports["ben"].address)
        three.join_open()
        three.until_together()
        for owner in ("ana", "ben", "cyd"):
            assert three.red_to_all(owner) < SEEN_WITHIN_S, owner
        three.lan.move("cyd", f"{SUBNET}.77")
        three.until_linked()
        assert three.red_to_all("cyd") < 2


def dock(three: Crew) -> None:
    """Ben has two interfaces in one network; his links go by the first alone, which is the worst."""
    three.lan.plug_second_interface("ben", f"{SUBNET}.22")
    three.lan.second_carries_links("ben", carries=False)
    three.join_open()
    three.until_linked()
    elapse(tuning.DIAL_TIMEOUT / tuning.SECOND)  # no dial by the second is under way any more
    three.lan.second_carries_links("ben", carries=True)


@side_by_side
def test_a_machine_with_two_interfaces_in_one_network_loses_one_and_no_red() -> None:
    """Docked, with the wireless on; then the dock is left behind: the address stays, and what is sent goes out there
    still. The system tells of the lost carrier, so every link is asked at once.
    """
    with crew(Lan("ana", "ben", "cyd")) as three:
        dock(three)
        assert three.red_to_all("ana") < 2
        three.lan.cut("ben", Cut.CABLE)
        for owner in ("ana", "ben"):
            undocked = Stopwatch()
            three.red_to_all(owner)
            FIGURES.note(f"one of two interfaces gone, to a red of {owner} seen", undocked.seconds(), SEEN_WITHIN_S)
            assert undocked.seconds() < SEEN_WITHIN_S


@side_by_side
def test_a_machine_with_two_interfaces_in_one_network_loses_one_behind_the_switch_and_no_red() -> None:
    """The far end of the dock's cable goes deaf and dumb: the carrier stays, so no system tells of it. The red itself
    finds it out: its link is asked whether that could arrive, and doubted for want of an answer.
    """
    with crew(Lan("ana", "ben", "cyd")) as three:
        dock(three)
        three.lan.cut("ben", Cut.SWITCH)
        for owner in ("ana", "ben"):
            unplugged = Stopwatch()
            three.red_to_all(owner)
            FIGURES.note(f"one of two switch ports dead, to a red of {owner} seen", unplugged.seconds(), SEEN_WITHIN_S)
            assert unplugged.seconds() < SEEN_WITHIN_S


@side_by_side
def test_where_large_packets_vanish_members_still_learn_everything() -> None:
    """A tunnel with a smaller MTU that says nothing: only what fits gets through."""
    with crew(Lan("ana", "ben", "cyd", speaks=Speaks.IPV4_ALONE)) as three:
        three.join_open()
        three.until_linked()
        three["cyd"].run("daemon", "stop").must()
        groups = [f"{number:02d}{'é' * 30}" for number in range(16)]
        for group in groups:
            three["ana"].run("group", "join", group).must()
        three.lan.swallow_larger_than(1300)
        three["cyd"].run("daemon", "start").must()
        three.until_together(within_s=20.0)
        members = three["cyd"].members()
        assert [set(groups) <= set(each.groups) for each in members if each.name == "ana"] == [True]
        raised = three["cyd"].ask(EscalationReply, "start", "-m", "large", "-n", f"@{groups[0]}")
        assert raised.escalation is not None
        three.until_all_see(raised.escalation.id)
