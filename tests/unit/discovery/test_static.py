"""Peers named by hand: their form, and the lookup of their names."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.discovery import static_peers
from escalate_daemon.discovery.static import PEERS_MAX, BadPeer, StaticPeer, parse_peer, parse_peers
from escalate_daemon.discovery.static_peers import Lookups, StaticPeers


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("desk7:4711", "desk7:4711"),
        (" desk7.example.com.:1 ", "desk7.example.com.:1"),
        ("10.0.0.7:65535", "10.0.0.7:65535"),
        ("[fd00::7]:4711", "[fd00::7]:4711"),
        ("[fe80::7%eth0]:4711", "[fe80::7%eth0]:4711"),
        ("desk7", "desk7:9"),
        ("10.0.0.7", "10.0.0.7:9"),
        ("fd00::7", "[fd00::7]:9"),
        ("[fd00::7]", "[fd00::7]:9"),
    ],
)
def test_peer_is_read_with_its_own_or_the_default_port(text: str, address: str) -> None:
    assert parse_peer(text, default_port=9).address == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":4711",
        "-desk:1",
        "desk-:1",
        "de sk:1",
        "10.0.0.256:1",
        "1.2.3:1",
        "desk:0",
        "desk:65536",
        "desk:",
        "desk:x",
        "desk:１",  # noqa: RUF001 - a digit that int() would take
        "[desk]:1",
        "[fd00::7",
        "[fd00::7]4711",
        "fd00::zz",
        "a" * 64 + ":1",
        "a." * 130 + "a:1",
        "müller:1",
        "desk..x:1",
    ],
)
def test_malformed_peer_is_refused(text: str) -> None:
    with pytest.raises(BadPeer):
        parse_peer(text, default_port=9)


def test_peer_without_any_port_is_refused_with_the_form_to_write() -> None:
    with pytest.raises(BadPeer, match="desk7:4711"):
        parse_peer("desk7")


@given(st.text(max_size=80))
def test_hostile_peer_text_raises_nothing_else(text: str) -> None:
    with suppress(BadPeer):
        assert 0 < parse_peer(text, default_port=9).port < 65536


def test_list_is_read_without_doubles_and_bounded() -> None:
    assert parse_peers(["a:1", "b:2", "a:1"]) == (StaticPeer("a", 1), StaticPeer("b", 2))
    with pytest.raises(BadPeer, match="at most 64"):
        parse_peers([f"desk{number}:1" for number in range(PEERS_MAX + 1)])


def test_addresses_are_reported_and_names_looked_up_again_at_each_wake() -> None:
    async def scenario() -> list[str]:
        found: list[str] = []
        first, second = asyncio.Event(), asyncio.Event()

        def note(address: str) -> None:
            found.append(address)
            if address == "[fd00::9]:1":
                second.set()

        async def lookup(host: str, port: int) -> Sequence[str]:
            assert (host, port) == ("desk", 1)
            if first.is_set():
                return ("10.0.0.9", "fd00::9")
            first.set()
            return ()

        peers = StaticPeers(parse_peers(["[fd00::7]:2", "desk:1"]), note, lookup)
        await peers.start()
        await asyncio.wait_for(first.wait(), 30)
        peers.wake()
        await asyncio.wait_for(second.wait(), 30)
        await peers.aclose()
        await peers.aclose()
        return found

    assert sorted(asyncio.run(scenario())) == ["10.0.0.9:1", "[fd00::7]:2", "[fd00::7]:2", "[fd00::9]:1"]


def test_name_server_that_hangs_costs_one_thread_and_delays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    asked: list[str] = []

    def hang(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        release.wait(30)
        return ("10.0.0.1",)

    monkeypatch.setattr(static_peers, "_getaddrinfo", hang)
    monkeypatch.setattr(static_peers, "LOOKUP_S", 0.01)

    async def scenario() -> None:
        lookups = Lookups()
        assert await lookups.addresses("slow", 1) == ()
        assert await lookups.addresses("slow", 1) == ()
        assert asked == ["slow"]

    try:
        asyncio.run(scenario())
    finally:
        release.set()


def test_real_lookup_knows_localhost_and_gives_nothing_for_what_is_not_there() -> None:
    async def scenario() -> tuple[Sequence[str], Sequence[str]]:
        lookups = Lookups()
        return await lookups.addresses("localhost", 1), await lookups.addresses("nobody.invalid", 1)

    here, nowhere = asyncio.run(scenario())
    assert set(here) & {"127.0.0.1", "::1"}
    assert nowhere == ()
