"""Judgements on interfaces, the port, multicast and peers."""

from dataclasses import replace

import pytest

from escalate_daemon.doctor.network import (
    Asked,
    InterfaceFacts,
    MulticastFacts,
    PortFacts,
    judge_interfaces,
    judge_multicast,
    judge_peers,
    judge_port,
)

PORT = PortFacts(27183, links=4)
HEARD = MulticastFacts("", own_heard=True, heard=("ben",), near=("ben", "cyd"))


def test_interfaces_are_listed_and_none_is_broken() -> None:
    assert judge_interfaces(InterfaceFacts((("eth0", "192.0.2.1"),))).found == "eth0 192.0.2.1"
    assert not judge_interfaces(InterfaceFacts(())).ok


def test_one_who_got_in_proves_the_port() -> None:
    check = judge_port(replace(PORT, asked=(Asked("ben", "timed-out"), Asked("cyd", "reachable"))))
    assert check.ok
    assert check.found == "TCP 27183: cyd dialled back"


@pytest.mark.parametrize(
    ("verdict", "word"), [("timed-out", "timed out"), ("refused", "refused"), ("unreachable", "no way")]
)
def test_port_that_nobody_got_into_names_the_firewall(verdict: str, word: str) -> None:
    check = judge_port(replace(PORT, asked=(Asked("ben", verdict), Asked("cyd", ""))))
    assert not check.ok
    assert f"ben tried: {verdict if verdict == 'refused' else ''}" in check.found
    assert word in check.found
    assert "ufw allow 27183/tcp" in (check.mend or "")


@pytest.mark.parametrize("asked", [(), (Asked("ben", ""),)])
def test_with_nobody_to_ask_it_says_so_and_is_well(asked: tuple[Asked, ...]) -> None:
    check = judge_port(replace(PORT, asked=asked))
    assert check.ok
    assert "ask" in check.found


def test_port_that_does_not_listen_is_broken() -> None:
    check = judge_port(PortFacts(0, 0, "nobody can reach this machine: no buffer space"))
    assert not check.ok
    assert "no buffer space" in check.found
    assert check.mend


def test_port_that_was_taken_is_noted() -> None:
    warned = replace(PORT, warning="port 1 is taken; 27183 is used until a restart", asked=(Asked("b", "reachable"),))
    check = judge_port(warned)
    assert check.ok
    assert "port 1 is taken" in check.found


def test_own_voice_that_does_not_come_back_names_the_firewall_here() -> None:
    assert judge_multicast(HEARD).ok
    check = judge_multicast(replace(HEARD, own_heard=False))
    assert not check.ok
    assert "5353/udp" in (check.mend or "")


def test_port_5353_taken_is_the_cause_with_its_mend() -> None:
    check = judge_multicast(MulticastFacts("another program keeps UDP port 5353; stop it", own_heard=False))
    assert (check.ok, check.found) == (False, "another program keeps UDP port 5353")
    assert "ss -ulpn" in (check.mend or "")


def test_other_trouble_with_multicast_names_a_way_around_it() -> None:
    check = judge_multicast(MulticastFacts("multicast DNS cannot be opened: no device", own_heard=None))
    assert (check.ok, check.found) == (False, "multicast DNS cannot be opened: no device")
    assert "daemon.peers" in (check.mend or "")


def test_without_a_network_multicast_is_not_judged() -> None:
    assert judge_multicast(MulticastFacts("", own_heard=None)).ok


def test_peers_by_address_and_none_by_multicast_name_client_isolation() -> None:
    check = judge_peers(replace(HEARD, heard=()))
    assert not check.ok
    assert "ben and cyd" in check.found
    assert "client isolation" in (check.mend or "")


@pytest.mark.parametrize(
    "facts",
    [
        HEARD,
        replace(HEARD, near=(), heard=()),
        replace(HEARD, near=(), heard=(), far=("dan",)),
        replace(HEARD, heard=(), unnamed=1),
        replace(HEARD, heard=(), own_heard=False),
    ],
)
def test_peers_are_no_trouble_where_some_are_heard_or_none_could_be(facts: MulticastFacts) -> None:
    assert judge_peers(facts).ok
