"""Discovery alone, between hosts with real multicast. Run as a program, this file is one such host."""

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

import pytest

from escalate_daemon.discovery.zeroconf_discovery import Discovery, Timing
from support.netns import Cut, Lan
from support.side_by_side import side_by_side
from support.waiting import never, until

pytestmark = pytest.mark.lan
PORT = 4711
AGAIN_S = 3.0  # between two browses here; 30 in a daemon, which asks between them
SELDOM_S = 600.0  # so that neither a browse nor a question can be why


class Host:
    """A process on a host that runs discovery and tells what it finds. A context manager: ends with a goodbye."""

    def __init__(self, lan: Lan, name: str, again_s: float = AGAIN_S, key: str = "ours") -> None:
        self.address = lan.ports[name].address
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            (*lan.ports[name].prefix, sys.executable, __file__, str(again_s), key),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        until(lambda: "started" in self.lines, f"{name} has started")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()

    def kill(self) -> None:
        """End it with no goodbye."""
        self._process.kill()
        self._process.wait()

    def knows(self, address: str) -> bool:
        """Whether it has found a daemon at this IP address."""
        return f"found {address}:{PORT}" in self.lines

    def forget(self) -> None:
        """Look only at what it tells from now on."""
        self.lines.clear()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())


def meet(*hosts: Host) -> None:
    """Wait until each knows every other."""
    for one in hosts:
        for other in hosts:
            if one is not other:
                until(partial(one.knows, other.address), "two hosts have found each other")


@side_by_side
def test_hosts_find_one_another_and_none_finds_itself() -> None:
    with Lan("a", "b", "c") as lan, ExitStack() as stack:
        hosts = [stack.enter_context(Host(lan, name, SELDOM_S)) for name in "abc"]
        meet(*hosts)
        assert not [host for host in hosts if host.knows(host.address)]
        assert not [line for host in hosts for line in host.lines if line.startswith("trouble")]


@side_by_side
def test_host_of_another_space_is_not_reported() -> None:
    with Lan("a", "b", "c") as lan, Host(lan, "a") as a, Host(lan, "b", key="theirs") as b, Host(lan, "c") as c:
        meet(a, c)
        until(lambda: "others 1" in a.lines, "the other space is counted")
        assert not a.knows(b.address)
        assert not b.knows(a.address)


@side_by_side
def test_hosts_started_beside_a_dead_switch_find_each_other_after_the_heal() -> None:
    """A single browse asks for the last time after 14 s: this cut outlasts that."""
    started_while_cut_off(Cut.SWITCH, for_s=15.0)


@side_by_side
def test_hosts_started_without_a_cable_find_each_other_after_the_heal() -> None:
    started_while_cut_off(Cut.CABLE, for_s=2.0)


@side_by_side
def test_hosts_started_behind_a_filter_find_each_other_after_the_heal() -> None:
    started_while_cut_off(Cut.FILTER, for_s=2.0)


def started_while_cut_off(how: Cut, for_s: float) -> None:
    """Two hosts that start while nothing passes between them, and find each other once it does."""
    with Lan("a", "b") as lan:
        lan.cut("a", how)
        with Host(lan, "a") as a, Host(lan, "b") as b:
            never(lambda: a.knows(b.address) or b.knows(a.address), "found over a cut", for_s)
            lan.heal("a")
            meet(a, b)


@side_by_side
def test_hosts_find_each_other_at_20_per_cent_loss() -> None:
    with Lan("a", "b") as lan:
        lan.lose(20)
        with Host(lan, "a") as a, Host(lan, "b") as b:
            meet(a, b)


@side_by_side
def test_interface_that_comes_later_is_used_without_waiting_for_a_browse() -> None:
    with Lan("a", "b") as lan:
        address = lan.ports["a"].address
        lan.ip("a", "addr", "del", f"{address}/24", "dev", "eth0")
        lan.ip("a", "link", "set", "eth0", "down")
        with Host(lan, "a", SELDOM_S) as a, Host(lan, "b", SELDOM_S) as b:
            until(lambda: any("own 127.0.0.1" in line for line in a.lines), "a starts with loopback alone")
            lan.ip("a", "link", "set", "eth0", "up")
            lan.ip("a", "addr", "add", f"{address}/24", "dev", "eth0")
            meet(a, b)
            assert f"own {address}" in a.lines


@side_by_side
def test_interface_plugged_in_anew_with_its_old_address_is_used_again() -> None:
    """The system has forgotten the group memberships with the old interface, though the address is the same."""
    with Lan("a", "b") as lan, Host(lan, "a", SELDOM_S) as a:
        lan.ip("a", "link", "del", "eth0")
        lan.plug_in("a")
        lan.ip("a", "link", "set", "eth0", "addrgenmode", "none")  # a new IPv6 address would be used in any case
        lan.ip("a", "addr", "add", lan.with_length(lan.ports["a"].address), "dev", "eth0")
        lan.ip("a", "link", "set", "eth0", "up")
        with Host(lan, "b") as b:
            meet(a, b)


@side_by_side
def test_hosts_that_both_moved_while_cut_off_find_each_other_where_they_are_now() -> None:
    with Lan("a", "b") as lan, Host(lan, "a") as a, Host(lan, "b") as b:
        meet(a, b)
        lan.cut("a")
        moves = {"a": "10.213.77.101", "b": "10.213.77.102"}
        for name, address in moves.items():
            lan.move(name, address)
        until(lambda: f"own {moves['a']}" in a.lines, "a has noticed its move")
        until(lambda: f"own {moves['b']}" in b.lines, "b has noticed its move")
        a.forget()
        b.forget()
        # Long enough for both to have told their new addresses, to nobody.
        never(lambda: a.knows(moves["b"]) or b.knows(moves["a"]), "found over a cut", 2.0)
        lan.heal("a")
        until(lambda: a.knows(moves["b"]), "a finds b at its new address")
        until(lambda: b.knows(moves["a"]), "b finds a at its new address")


@side_by_side
def test_killed_host_that_comes_back_is_reported_at_once() -> None:
    with Lan("a", "b") as lan, Host(lan, "a", SELDOM_S) as a:
        with Host(lan, "b") as b:
            meet(a, b)
            b.kill()
        a.forget()
        with Host(lan, "b") as again:
            meet(a, again)


class _Printer:
    """A host's events as lines."""

    def found(self, address: str, together: tuple[str, ...] = ()) -> None:
        print("found", address, flush=True)  # noqa: T201 - what the test reads

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        print("own", *addresses[:1], flush=True)  # noqa: T201

    def addresses_gone(self, addresses: frozenset[str]) -> None:
        print("gone", *addresses, flush=True)  # noqa: T201

    def interfaces_changed(self) -> None:
        print("carrier", flush=True)  # noqa: T201

    def trouble(self, text: str) -> None:
        print("trouble", text, flush=True)  # noqa: T201


async def _be_a_host(again_s: float, key: bytes) -> None:
    """Run discovery until standard input ends."""
    discovery = Discovery(key, _Printer(), Timing(poll=0.5, confirm=0.3, browse_few=again_s, ask=again_s))
    await discovery.start(PORT)
    print("started", flush=True)  # noqa: T201
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not (await asyncio.wait({ended}, timeout=0.2))[0]:
        print("others", discovery.other_spaces(), flush=True)  # noqa: T201
    await discovery.aclose()


if __name__ == "__main__":
    asyncio.run(_be_a_host(float(sys.argv[1]), sys.argv[2].encode()))
