"""A LAN inside this machine: a network namespace for each host, one bridge (or two), faults on its wires.

Never touches the machine's own network: the bridges and every interface live in namespaces of their own.
"""

import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from support.namespaces import (
    PREFIX,
    ip,
    load_filter,
    no_ipv6,
    processes_in,
    reap_dead_runs,
    remove,
    widen_neighbour_table,
)

_numbers = itertools.count(1)
SUBNET: Final = "10.213.77"
_SECOND_SUBNET: Final = "10.213.78"
_ULA: Final = "fd0c:213:77"
_MANY: Final = 20  # hosts; from here on all neighbours of all do not fit the kernel's usual table


class Speaks(StrEnum):
    """Which addresses the hosts have; the kernel gives each interface a link-local IPv6 one besides."""

    IPV4 = "ipv4"
    IPV4_ALONE = "ipv4-alone"  # no IPv6 at all, so that no link goes another way than the test thinks
    ULA = "ula"  # IPv6 addresses of the site, and no IPv4
    LINK_LOCAL = "link-local"  # no other at all


class Cut(StrEnum):
    """How a host is cut off."""

    SWITCH = "switch"  # its port leaves the bridge: its own interface stays up, packets go nowhere
    CABLE = "cable"  # the far end goes down: its own interface has no carrier
    FILTER = "filter"  # frames to and from it are dropped on the bridge
    DEAF = "deaf"  # one way: it still sends, and hears nothing


@dataclass
class Port:
    """One host's place at the bridge, and what is wrong with it. `address` without prefix length; "": none."""

    netns: str
    device: str
    address: str
    cut: Cut | None = None
    loss: int = 0  # per cent of the frames, each way
    firewalled: bool = False  # a firewall before it drops every TCP connection from outside
    apart: frozenset[str] = frozenset()  # devices between which and this nothing passes

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to put before a command so that it runs on this host, under this host's name."""
        script = 'hostname "$1" && shift && exec "$@"'
        return ("ip", "netns", "exec", self.netns, "unshare", "-u", "sh", "-c", script, "sh", self.name)

    @property
    def name(self) -> str:
        """The host's name."""
        return self.netns.partition("-")[2]


class Lan:
    """The bridge and its hosts. A context manager: everything is gone afterwards, processes first."""

    def __init__(self, *names: str, speaks: Speaks = Speaks.IPV4) -> None:
        """`names`: short lower-case host names."""
        self._names = names
        self._speaks = speaks
        self._own = f"{PREFIX}{os.getpid()}n{next(_numbers)}"
        self._hub = f"{self._own}-hub"
        self._loss = 0
        self._multicast = True
        self._largest: int | None = None
        self._dead_ends = 0
        self._linkless: frozenset[str] = frozenset()  # devices by which no TCP passes
        self.ports: dict[str, Port] = {}

    def __enter__(self) -> Self:
        reap_dead_runs()
        if len(self._names) >= _MANY:
            widen_neighbour_table(4 * len(self._names) ** 2)
        try:
            ip("netns", "add", self._hub)
            self._add_bridge("br0")
            for number, name in enumerate(self._names, start=1):
                self._add(name, number)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes of every host, then remove every namespace."""
        for port in self.ports.values():
            remove(port.netns)
        self.ports.clear()
        remove(self._hub)

    def _add_bridge(self, name: str) -> None:
        # No snooping: without a querier it would be up to timers who hears multicast.
        ip("-n", self._hub, "link", "add", name, "type", "bridge", "mcast_snooping", "0")
        ip("-n", self._hub, "link", "set", name, "up")

    def _add(self, name: str, number: int) -> None:
        port = Port(netns=f"{self._own}-{name}", device=f"port{number}", address=self._address(number))
        ip("netns", "add", port.netns)
        self.ports[name] = port
        if self._speaks is Speaks.IPV4_ALONE:
            no_ipv6(port.netns)
        self.plug_in(name)
        ip("-n", port.netns, "link", "set", "lo", "up")
        if port.address:
            ip("-n", port.netns, "addr", "add", self.with_length(port.address), "dev", "eth0")
        ip("-n", port.netns, "link", "set", "eth0", "up")
        self._route(port)

    def _address(self, number: int) -> str:
        match self._speaks:
            case Speaks.IPV4 | Speaks.IPV4_ALONE:
                return f"{SUBNET}.{number}"
            case Speaks.ULA:
                return f"{_ULA}::{number}"
            case Speaks.LINK_LOCAL:
                return ""

    @staticmethod
    def with_length(address: str) -> str:
        """The address as `ip addr add` takes it."""
        return f"{address}/64" if ":" in address else f"{address}/24"

    def _route(self, port: Port) -> None:
        """Multicast goes out by the one interface; `replace`: losing the carrier may have taken it away."""
        if self._speaks in {Speaks.IPV4, Speaks.IPV4_ALONE}:
            ip("-n", port.netns, "route", "replace", "224.0.0.0/4", "dev", "eth0")

    # --- What people do with machines ----------------------------------------------------------------
    def ip(self, name: str, *argv: str) -> str:
        """Run `ip` on a host."""
        return ip("-n", self.ports[name].netns, *argv)

    def processes(self, name: str) -> list[int]:
        """Every process on a host."""
        return processes_in(self.ports[name].netns)

    def plug_in(self, name: str) -> None:
        """A new interface eth0 on the LAN, without an address, down; the one before must be gone."""
        port = self.ports[name]
        self._plug(port.netns, "eth0", port.device, "br0")

    def second_network(self, *names: str) -> dict[str, str]:
        """A network of its own for these hosts, on an interface eth1 that comes up now; their addresses there."""
        self._add_bridge("br1")
        addresses = {}
        for number, name in enumerate(names, start=1):
            port = self.ports[name]
            self._plug(port.netns, "eth1", f"second{number}", "br1")
            addresses[name] = f"{_SECOND_SUBNET}.{number}"
            ip("-n", port.netns, "addr", "add", f"{addresses[name]}/24", "dev", "eth1")
            ip("-n", port.netns, "link", "set", "eth1", "up")
        return addresses

    def plug_second_interface(self, name: str, address: str) -> None:
        """Another interface of a host, wlan0, in the same network as its first."""
        netns = self.ports[name].netns
        self._plug(netns, "wlan0", f"w-{name}", "br0")
        ip("-n", netns, "addr", "add", self.with_length(address), "dev", "wlan0")
        ip("-n", netns, "link", "set", "wlan0", "up")

    def second_carries_links(self, name: str, *, carries: bool) -> None:
        """Whether TCP passes by the second interface; all else does, so that the way is known to everybody."""
        self._linkless -= {f"w-{name}"}
        self._linkless |= set() if carries else {f"w-{name}"}
        self._filter()

    def _plug(self, netns: str, interface: str, device: str, bridge: str | None) -> None:
        far = ("type", "veth", "peer", "name", device, "netns", self._hub)
        ip("link", "add", interface, "netns", netns, *far)
        ip("-n", self._hub, "link", "set", device, *(("master", bridge) if bridge else ()), "up")

    def dead_end(self, name: str, interface: str, address: str) -> None:
        """An interface that leads nowhere, as of a tunnel or of containers: what is sent into it is gone."""
        self._dead_ends += 1
        self._plug(self.ports[name].netns, interface, f"nowhere{self._dead_ends}", bridge=None)
        ip("-n", self.ports[name].netns, "link", "set", interface, "arp", "off")
        ip("-n", self.ports[name].netns, "addr", "add", self.with_length(address), "dev", interface)
        ip("-n", self.ports[name].netns, "link", "set", interface, "up")

    def move(self, name: str, address: str) -> None:
        """A host's address is this one from now on, in place of the one before."""
        port = self.ports[name]
        ip("-n", port.netns, "addr", "del", self.with_length(port.address), "dev", "eth0")
        ip("-n", port.netns, "addr", "add", self.with_length(address), "dev", "eth0")
        port.address = address

    def more_addresses(self, name: str, count: int) -> None:
        """Give a host further addresses; asked again, it has them already."""
        port = self.ports[name]
        for number in range(1, count + 1):
            ip("-n", port.netns, "addr", "replace", f"{SUBNET}.{100 + number}/24", "dev", "eth0")

    # --- Faults ------------------------------------------------------------------------------------
    def cut(self, name: str, how: Cut = Cut.SWITCH) -> None:
        """Cut a host off."""
        port = self.ports[name]
        port.cut = how
        if how is Cut.SWITCH:
            ip("-n", self._hub, "link", "set", port.device, "nomaster")
        elif how is Cut.CABLE:
            ip("-n", self._hub, "link", "set", port.device, "down")
        self._filter()

    def heal(self, name: str) -> None:
        """Undo a cut."""
        port = self.ports[name]
        if port.cut is Cut.SWITCH:
            ip("-n", self._hub, "link", "set", port.device, "master", "br0")
        elif port.cut is Cut.CABLE:
            ip("-n", self._hub, "link", "set", port.device, "up")
            self._route(port)
        port.cut = None
        self._filter()

    def lose(self, percent: int) -> None:
        """Every frame between any two hosts is lost with this probability."""
        self._loss = percent
        self._filter()

    def lose_at(self, name: str, percent: int) -> None:
        """Every frame to or from one host is lost with this probability."""
        self.ports[name].loss = percent
        self._filter()

    def firewall(self, name: str) -> None:
        """A firewall before the host drops every TCP connection that comes from outside."""
        self.ports[name].firewalled = True
        self._filter()

    def part(self, one: str, *others: str) -> None:
        """Nothing passes between this host and these, though each reaches all else."""
        port = self.ports[one]
        port.apart |= {self.ports[other].device for other in others}
        self._filter()

    def silence_multicast(self) -> None:
        """The switch passes no multicast DNS, as many a company network does."""
        self._multicast = False
        self._filter()

    def swallow_larger_than(self, size: int) -> None:
        """Packets over `size` bytes vanish without a word, as in a tunnel that nobody measured."""
        for port in self.ports.values():  # or the kernel would pass what it has yet to cut into packets
            ip("-n", port.netns, "link", "set", "eth0", "gso_max_segs", "1")
        self._largest = size
        self._filter()

    def heal_all(self) -> None:
        """No fault is left."""
        self._loss = 0
        self._multicast = True
        self._largest = None
        self._linkless = frozenset()
        for name, port in self.ports.items():
            port.loss, port.firewalled, port.apart = 0, False, frozenset()
            self.heal(name)

    def _filter(self) -> None:
        """Put the present faults into the bridges' filter, all at once."""
        rules = [line for port in self.ports.values() for line in _rules(port)]
        for device in sorted(self._linkless):
            rules += [f'iifname "{device}" meta l4proto tcp drop', f'oifname "{device}" meta l4proto tcp drop']
        if not self._multicast:
            rules.append("udp dport 5353 drop")
        if self._largest is not None:
            rules.append(f"meta length > {self._largest} drop")
        if self._loss:
            rules.append(f"numgen random mod 100 < {self._loss} drop")
        load_filter(self._hub, rules)


def _rules(port: Port) -> Iterable[str]:
    if port.cut in {Cut.FILTER, Cut.DEAF}:
        yield f'oifname "{port.device}" drop'
    if port.cut is Cut.FILTER:
        yield f'iifname "{port.device}" drop'
    if port.loss:
        yield f'oifname "{port.device}" numgen random mod 100 < {port.loss} drop'
        yield f'iifname "{port.device}" numgen random mod 100 < {port.loss} drop'
    if port.firewalled:
        yield f'oifname "{port.device}" tcp flags & (syn | ack) == syn drop'
    for other in port.apart:
        yield f'iifname "{port.device}" oifname "{other}" drop'
        yield f'iifname "{other}" oifname "{port.device}" drop'
