"""Which addresses are told, which are dialled, and when they count as changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.discovery.addresses import (
    ADDRESSES_MAX,
    Damper,
    LocalAddress,
    Snapshot,
    advertised,
    dialable,
    gone,
    moved,
    only_loopback,
    read_addresses,
    usable,
)

LOOPBACK = frozenset({LocalAddress("127.0.0.1", 1, "lo"), LocalAddress("::1", 1, "lo")})


def on(interface: str, *ips: str, index: int = 2) -> Snapshot:
    return frozenset(LocalAddress(ip, index, interface) for ip in ips)


LAN = LOOPBACK | on("eth0", "192.168.7.2", "fd00::2", "fe80::2")


def test_loopback_and_link_local_ipv6_are_not_told() -> None:
    assert usable(LAN) == ("192.168.7.2", "fd00::2")


def test_loopback_is_told_where_nothing_else_is_there() -> None:
    assert usable(LOOPBACK) == ("127.0.0.1", "::1")
    assert only_loopback(LOOPBACK)
    assert not only_loopback(LAN)


def test_link_local_ipv6_is_advertised_on_the_link() -> None:
    assert advertised(LAN) == ("192.168.7.2", "fd00::2", "fe80::2")


def test_container_bridges_come_last_and_eight_are_kept() -> None:
    many = on("docker0", "172.17.0.1") | on("eth0", *(f"10.0.0.{n}" for n in range(1, 8)), index=3)
    assert usable(many)[-1] == "172.17.0.1"
    assert usable(many | on("eth1", "10.0.1.1", index=4))[-1] == "10.0.1.1"
    assert len(usable(many | on("eth1", "10.0.1.1", index=4))) == ADDRESSES_MAX


def test_tunnels_come_after_the_lan_and_before_container_bridges() -> None:
    vpn = on("wg0", "10.8.0.2", index=4) | on("tun0", "10.9.0.2", index=5) | on("docker0", "10.1.0.1", index=6)
    assert usable(LAN | vpn) == ("192.168.7.2", "fd00::2", "10.8.0.2", "10.9.0.2", "10.1.0.1")


def test_an_address_is_gone_only_where_no_interface_has_it_any_more() -> None:
    docked = on("eth0", "10.0.0.1") | on("wlan0", "10.0.0.2", index=3)
    assert gone(docked, on("wlan0", "10.0.0.1", index=3)) == {"10.0.0.2"}
    assert gone(on("eth0", "10.0.0.1"), docked) == set()


def test_this_machine_has_addresses() -> None:
    assert all(each.ip and "%" not in each.ip for each in read_addresses())


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.7", "10.0.0.7:4711"),
        ("169.254.3.4", "169.254.3.4:4711"),
        ("fd00::7", "[fd00::7]:4711"),
        ("fe80::7%3", "[fe80::7%3]:4711"),
    ],
)
def test_peer_address_is_written_as_host_and_port(host: str, address: str) -> None:
    assert dialable([host], 4711, loopback=False) == (address,)


@pytest.mark.parametrize(
    "host",
    [
        "fe80::7",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.251",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "ff02::fb",
        "::ffff:10.0.0.7",
        "127.0.0.1",
        "::1",
        "desk",
        "",
    ],
)
def test_address_that_cannot_be_dialled_is_dropped(host: str) -> None:
    assert dialable([host], 4711, loopback=False) == ()


def test_loopback_peer_is_believed_only_where_there_is_nothing_else() -> None:
    assert dialable(["127.0.0.1"], 4711, loopback=True) == ("127.0.0.1:4711",)


@pytest.mark.parametrize("port", [None, 0, -1, 65536])
def test_impossible_port_is_dropped(port: int | None) -> None:
    assert dialable(["10.0.0.7"], port, loopback=False) == ()


def test_eight_addresses_of_a_peer_are_kept() -> None:
    assert len(dialable([f"10.0.0.{n}" for n in range(1, 200)], 1, loopback=False)) == ADDRESSES_MAX


@given(st.lists(st.text(max_size=50), max_size=5), st.integers() | st.none())
def test_hostile_addresses_never_raise(hosts: list[str], port: int | None) -> None:
    assert len(dialable(hosts, port, loopback=True)) <= ADDRESSES_MAX


def test_first_look_counts_at_once() -> None:
    damper = Damper()
    assert damper.observe(LOOPBACK)
    assert damper.settled == LOOPBACK


def test_first_network_after_none_counts_at_once() -> None:
    damper = Damper()
    damper.observe(LOOPBACK)
    assert damper.observe(LAN)


def test_other_change_counts_when_seen_twice() -> None:
    damper = Damper()
    damper.observe(LAN)
    assert not damper.observe(LOOPBACK)
    assert damper.unsettled
    assert damper.observe(LOOPBACK)
    assert not damper.unsettled


def test_flapping_link_is_not_followed() -> None:
    damper = Damper()
    damper.observe(LAN)
    assert not any(damper.observe(each) for each in [LOOPBACK, LAN, LOOPBACK, LAN])
    assert damper.settled == LAN


def test_address_on_a_new_interface_has_moved() -> None:
    assert moved(on("eth0", "10.0.0.1"), on("eth0", "10.0.0.1", index=9))
    assert not moved(on("eth0", "10.0.0.1"), on("eth0", "10.0.0.2"))
    assert not moved(on("eth0", "10.0.0.1"), on("eth0", "10.0.0.1", "10.0.0.2"))
