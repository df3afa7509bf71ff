import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from escalate_daemon.discovery.addresses import LocalAddress, Snapshot, read_addresses
from escalate_daemon.discovery.carriers import Carriers, runs
from escalate_daemon.discovery.notices import Notices
from support.waiting import soon

LAN = (
    "ip link add lan0 type veth peer name far0",
    "ip link set far0 up",
    "ip addr add 10.9.0.1/24 dev lan0",
    "ip link set lan0 up",
)


class OwnNetwork(Protocol):
    def __call__(self, scenario: Callable[[], Awaitable[None]], *commands: str) -> None: ...


class Plugs:
    """Interfaces with one address each, those in `running` with a carrier, and the Carriers that watch them."""

    def __init__(self, *names: str) -> None:
        self.snapshot: Snapshot = frozenset(LocalAddress(f"10.0.0.{n}", n, name) for n, name in enumerate(names))
        self.running = set(names)
        self.told = asyncio.Event()
        self.times = 0
        self.looks = 0
        self.carriers = Carriers(self._changed, lambda: self.snapshot, self._reads)
        self.carriers.look()

    def _changed(self) -> None:
        self.times += 1
        self.told.set()

    def _reads(self, name: str) -> bool:
        self.looks += 1
        return name in self.running


def test_carrier_that_goes_or_comes_back_is_told_once_each() -> None:
    async def scenario() -> None:
        plugs = Plugs("eth0", "wlan0")
        assert plugs.times == 0
        for running in ({"wlan0"}, {"eth0", "wlan0"}):
            before = plugs.times
            plugs.running = running
            plugs.carriers.look()
            plugs.carriers.look()
            assert plugs.times == before + 1

    asyncio.run(scenario())


def test_interface_that_is_new_or_gone_is_a_change_of_addresses_and_not_of_carriers() -> None:
    async def scenario() -> None:
        plugs = Plugs("eth0", "wlan0")
        plugs.snapshot = frozenset({LocalAddress("10.0.0.9", 9, "dock0")})
        plugs.carriers.look()
        assert plugs.times == 0

    asyncio.run(scenario())


def test_plug_that_is_loose_is_looked_at_once_a_second_and_never_forgotten() -> None:
    async def scenario() -> None:
        plugs = Plugs("eth0")
        looked, loop = plugs.looks, asyncio.get_running_loop()
        began = loop.time()
        plugs.running.clear()
        for _ in range(1_000):
            plugs.carriers.look_soon()
        await asyncio.wait_for(plugs.told.wait(), 60.0)
        assert plugs.looks == looked + 1
        assert loop.time() - began > 0.9

    asyncio.run(scenario())


def test_look_that_is_due_is_not_made_after_the_end() -> None:
    async def scenario() -> None:
        plugs = Plugs("eth0")
        plugs.running.clear()
        plugs.carriers.look_soon()
        plugs.carriers.close()
        plugs.carriers.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(plugs.told.wait(), 1.2)  # a look would come within a second

    asyncio.run(scenario())


def test_cable_pulled_from_a_real_interface_is_told_though_its_address_stays(own_network: OwnNetwork) -> None:
    async def scenario() -> None:
        told: asyncio.Queue[bool] = asyncio.Queue(100)
        await soon(lambda: runs("lan0"), "the interface has its carrier, a moment after it came up")
        carriers = Carriers(lambda: told.put_nowait(runs("lan0")), read_addresses)
        carriers.look()
        notices = Notices(carriers.look_soon)
        notices.open()
        try:
            for state in ("down", "up"):
                subprocess.run(["ip", "link", "set", "far0", state], check=True)  # noqa: ASYNC221 - in this thread's network
                assert await asyncio.wait_for(told.get(), 60.0) is (state == "up")
                assert "10.9.0.1" in {each.ip for each in read_addresses()}
        finally:
            notices.close()
            carriers.close()

    own_network(scenario, *LAN)
