"""The whole of discovery with real multicast, in a network of the test's own."""

import asyncio
import logging
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from escalate_daemon.discovery.addresses import LocalAddress, Snapshot
from escalate_daemon.discovery.carriers import runs
from escalate_daemon.discovery.zeroconf_discovery import Discovery, Timing
from support.waiting import soon

# zeroconf drops a socket unclosed where an address cannot be bound yet, as a new IPv6 address cannot for a second.
pytestmark = pytest.mark.filterwarnings(r"ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")

KEY, OTHER = b"k" * 32, b"o" * 32
QUICK = Timing(poll=0.2, poll_told=0.2, confirm=0.1, browse_few=1.0, browse_enough=600.0, browse_gap=0.1, retry=0.3)
LIMIT_S = 60.0  # far above what is expected (3 s at most)
LOOPBACK = "ip link set lo up"
LAN = (
    LOOPBACK,
    "ip link add lan0 type veth peer name far0",
    "ip link set far0 addrgenmode none up",
    "ip addr add 10.9.0.1/24 dev lan0",
    "ip link set lan0 up",
)


class OwnNetwork(Protocol):
    def __call__(self, scenario: Callable[[], Awaitable[None]], *commands: str) -> None: ...


class Events:
    """Keeps what it is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.own: list[tuple[str, ...]] = []
        self.lost: set[str] = set()
        self.carriers = 0
        self.troubles: list[str] = []
        self._told = asyncio.Event()

    def found(self, address: str, together: tuple[str, ...] = ()) -> None:
        self.addresses.append(address)
        self._told.set()

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        self.own.append(addresses)
        self._told.set()

    def addresses_gone(self, addresses: frozenset[str]) -> None:
        self.lost.update(addresses)
        self._told.set()

    def interfaces_changed(self) -> None:
        self.carriers += 1
        self._told.set()

    def trouble(self, text: str) -> None:
        self.troubles.append(text)
        self._told.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until told something that makes the condition true."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self._told.clear()
                await self._told.wait()


async def ran(*commands: str) -> None:
    """Run commands in this thread's network: a thread's children, threads too, are born into it."""
    for command in commands:
        await asyncio.to_thread(subprocess.run, command.split(), check=True, capture_output=True)


@asynccontextmanager
async def running(
    port: int, key: bytes | None = KEY, timing: Timing = QUICK
) -> AsyncIterator[tuple[Discovery, Events]]:
    events = Events()
    discovery = Discovery(key, events, timing)
    await discovery.start(port)
    try:
        yield discovery, events
    finally:
        await discovery.aclose()


def test_two_daemons_on_a_machine_with_nothing_but_loopback_find_each_other(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (_, a), running(4712) as (_, b):
            await b.until(lambda: "127.0.0.1:4711" in b.addresses)
            await a.until(lambda: "127.0.0.1:4712" in a.addresses)
            assert "127.0.0.1:4711" not in a.addresses
            assert a.own == [("127.0.0.1", "::1")]
            assert a.troubles == []

    own_network(scenario, LOOPBACK)


def test_daemons_are_found_at_their_lan_address_and_never_find_themselves(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (discovery, a), running(4712) as (_, b):
            await a.until(lambda: "10.9.0.1:4712" in a.addresses)
            await b.until(lambda: "10.9.0.1:4711" in b.addresses)
            assert not [each for each in a.addresses if not each.endswith(":4712")]
            assert not [each for each in a.addresses if each.startswith(("127.", "[::1]"))]
            assert a.own == [("10.9.0.1",)]
            assert discovery.other_spaces() == 0

    own_network(scenario, *LAN)


def test_link_local_ipv6_is_found_with_its_interface_and_not_told_as_ours(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (_, a), running(4712):
            await a.until(lambda: any(each.startswith("[fe80::") for each in a.addresses))
            index = socket.if_nametoindex("lan0")
            scoped = [each for each in a.addresses if each.startswith("[fe80::")]
            assert all(each.endswith(f"%{index}]:4712") for each in scoped)
            assert not any(each.startswith("fe80") for own in a.own for each in own)

    own_network(scenario, *LAN)


def test_daemon_of_another_space_is_counted_until_it_says_goodbye(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (a, events):
            async with running(4712, OTHER):
                await soon(lambda: a.other_spaces() == 1, "the other is counted")
                assert a.instances() == ["10.9.0.1:4712"] or len(a.instances()) > 1
                assert events.addresses == []
            await soon(lambda: a.other_spaces() == 0, "it is counted no more")

    own_network(scenario, *LAN)


def test_look_without_a_space_counts_and_lists_others_and_is_not_seen(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (a, _), running(4712, OTHER) as (b, _):
            await soon(lambda: a.other_spaces() == b.other_spaces() == 1, "each counts the other")
            looker = Discovery(None, Events(), QUICK)
            assert await looker.look(1.0) == 2
            addresses = await Discovery(None, Events(), QUICK).look_for_instances(1.0)
            assert {"10.9.0.1:4711", "10.9.0.1:4712"} <= set(addresses)
            assert a.other_spaces() == b.other_spaces() == 1

    own_network(scenario, *LAN)


def test_look_of_a_running_daemon_leaves_it_running(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (a, events), running(4712, OTHER):
            await soon(lambda: a.other_spaces() == 1, "the other is counted")
            assert await a.look(0.1) == 1
            async with running(4713):
                await events.until(lambda: "10.9.0.1:4713" in events.addresses)

    own_network(scenario, *LAN)


def test_host_without_an_interface_starts_and_goes_on_as_soon_as_one_comes(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (a, heard_a), running(4712) as (_, heard_b):
            await heard_a.until(lambda: heard_a.troubles != [])
            assert "no network interface" in heard_a.troubles[0]
            assert heard_a.own == [()]
            await ran(*LAN)
            await heard_a.until(lambda: "10.9.0.1:4712" in heard_a.addresses)
            await heard_b.until(lambda: "10.9.0.1:4711" in heard_b.addresses)
            assert heard_a.own[-1] == ("10.9.0.1",)
            assert a.problem is None
            assert len(heard_a.troubles) == 1

    own_network(scenario)


def test_interface_that_comes_later_is_used_and_told(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (_, a), running(4712) as (_, b):
            await a.until(lambda: "127.0.0.1:4712" in a.addresses)
            await ran(*LAN[1:])
            await a.until(lambda: "10.9.0.1:4712" in a.addresses)
            await b.until(lambda: "10.9.0.1:4711" in b.addresses)
            assert a.own[0] == ("127.0.0.1", "::1")
            assert a.own[-1] == ("10.9.0.1",)

    own_network(scenario, LOOPBACK)


def test_addresses_that_come_and_go_are_noticed_by_the_system_s_word(own_network: OwnNetwork) -> None:
    seldom = replace(QUICK, poll=600.0, poll_told=600.0, settle=0.1, look_gap=0.1)

    async def scenario() -> None:
        async with running(4711, timing=seldom) as (discovery, events):
            discovery._settling = 0  # no look is left from the start
            await ran("ip addr add 10.9.0.2/24 dev lan0")
            await events.until(lambda: events.own[-1] == ("10.9.0.1", "10.9.0.2"))
            discovery._settling = 0
            assert events.lost == set()
            await ran("ip addr del 10.9.0.2/24 dev lan0")
            await events.until(lambda: events.lost == {"10.9.0.2"})
            assert events.own[-1] == ("10.9.0.1",)

    own_network(scenario, *LAN)


def test_lost_carrier_is_told_though_no_address_changes(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        await soon(lambda: runs("lan0"), "the interface has its carrier, a moment after it came up")
        async with running(4711, timing=replace(QUICK, poll_told=600.0)) as (_, a):
            await ran("ip link set far0 down")
            await a.until(lambda: a.carriers == 1)
            await ran("ip link set far0 up")
            await a.until(lambda: a.carriers == 2)
            assert "10.9.0.1" not in a.lost

    own_network(scenario, *LAN)


def test_port_held_by_another_program_is_told_once_and_retried(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("0.0.0.0", 5353))
            async with running(4711) as (a, heard), running(4712) as (_, other):
                await heard.until(lambda: heard.troubles != [])
                assert "5353" in heard.troubles[0]
                assert heard.own == [("10.9.0.1",)]
                assert await a.look(1.0) == 0
                assert len(heard.troubles) == 1
                assert a.problem == heard.troubles[0]
                holder.close()
                await heard.until(lambda: "10.9.0.1:4712" in heard.addresses)
                await other.until(lambda: "10.9.0.1:4711" in other.addresses)
                assert a.problem is None

    own_network(scenario, *LAN)


def test_with_enough_links_the_network_is_asked_only_when_hinted(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4712), running(4711) as (a, events):
            await events.until(lambda: "10.9.0.1:4712" in events.addresses)
            a.set_reachable(3)
            events.addresses.clear()
            a.hint_rebrowse()
            await events.until(lambda: "10.9.0.1:4712" in events.addresses)
            events.addresses.clear()
            a.wake()
            await events.until(lambda: "10.9.0.1:4712" in events.addresses)
            events.addresses.clear()
            a.set_reachable(2)
            await events.until(lambda: "10.9.0.1:4712" in events.addresses)

    own_network(scenario, *LAN)


def registered(discovery: Discovery) -> bool:
    radio = discovery._radio
    return radio is not None and bool(radio._zeroconf.zeroconf.registry.async_get_service_infos())


MOMENTS: dict[str, Callable[[Discovery], bool]] = {
    "at once": lambda discovery: True,
    "listening": lambda discovery: discovery._radio is not None,
    "registering": lambda discovery: discovery._radio is not None and discovery._radio._publishing is not None,
    "registered": registered,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_close_is_quick_even_in_mid_registration(own_network: OwnNetwork, moment: str) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        discovery = Discovery(KEY, Events(), QUICK)
        await discovery.start(4711)
        await soon(lambda: MOMENTS[moment](discovery), moment)
        began = loop.time()
        await discovery.aclose()
        await discovery.aclose()
        assert loop.time() - began < 5
        assert asyncio.all_tasks() == {asyncio.current_task()}

    own_network(scenario, *LAN)


def test_hostile_packets_change_nothing(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        async with running(4711) as (_, a):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
                for packet in hostile_packets():
                    sender.sendto(packet, ("224.0.0.251", 5353))
            async with running(4712):
                await a.until(lambda: "10.9.0.1:4712" in a.addresses)
            assert {each.rpartition(":")[2] for each in a.addresses} == {"4712"}
            assert a.troubles == []

    own_network(scenario, *LAN)


def hostile_packets() -> list[bytes]:
    """Truncated, looping and absurd answers about our service type."""
    header = b"\0\0\x84\0\0\0\0\x01\0\0\0\0"
    service = b"\x09_escalate\x04_tcp\x05local\0"

    def pointer(name: bytes) -> bytes:
        return header + service + b"\0\x0c\0\x01\0\0\x11\x94" + len(name).to_bytes(2, "big") + name

    return [
        b"",
        b"\xff" * 1400,
        header,
        header + b"\xc0\x0c",
        pointer(service),
        pointer(b"\0"),
        pointer(b"\x3f" + b"\xff" * 63 + service),
        pointer(b"\x02\xc3\x28" + service),
        pointer(b"\x01." + service),
        *(pointer(b"\x08%08d" % number + service) for number in range(300)),
    ]


def test_zeroconf_prints_nothing(own_network: OwnNetwork, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(4711) as (_, a), running(4712):
            await a.until(lambda: "10.9.0.1:4712" in a.addresses)
            logging.getLogger("zeroconf").warning("a packet I did not like")

    own_network(scenario, *LAN)
    assert not [record for record in caplog.records if record.name.startswith("zeroconf")]


def test_fault_in_the_one_task_is_told_not_swallowed() -> None:
    def broken() -> Snapshot:
        calls.append(1)
        if len(calls) > 1:
            raise ZeroDivisionError("a fault")
        return frozenset[LocalAddress]()

    calls: list[int] = []

    async def scenario() -> None:
        events = Events()
        discovery = Discovery(KEY, events, QUICK, read=broken)
        await discovery.start(4711)
        await events.until(lambda: any("a fault" in each for each in events.troubles))
        with pytest.raises(ZeroDivisionError):
            await discovery.aclose()

    asyncio.run(scenario())
