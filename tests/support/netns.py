"""A LAN inside this machine: a network namespace for each host, one bridge, faults on its wires.

Never touches the machine's own network: the bridge and every interface live in namespaces named after this
process, removed at the end; those of dead runs are removed at the next start. Needs root, ip and nft.
"""

import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

_PREFIX = "esclan"
_OURS = re.compile(rf"{_PREFIX}(\d+)n\d+-[a-z0-9]+")
_numbers = itertools.count(1)
_SUBNET = "10.213.77"


class Cut(StrEnum):
    """How a host is cut off."""

    SWITCH = "switch"  # its port leaves the bridge: its own interface stays up, packets go nowhere
    CABLE = "cable"  # the far end goes down: its own interface has no carrier
    FILTER = "filter"  # frames to and from it are dropped on the bridge
    DEAF = "deaf"  # one way: it still sends, and hears nothing


class LanUnavailable(RuntimeError):
    """This machine cannot make namespaces; the text says why."""


def why_unavailable() -> str | None:
    """Why no LAN can be made here, or None where one can."""
    for tool in ("ip", "nft", "unshare"):
        if shutil.which(tool) is None:
            return f"the tool {tool} is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = f"{_PREFIX}{os.getpid()}n0-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    try:
        _ip("-n", probe, "link", "add", "br0", "type", "bridge")
        _load_filter(probe, ["numgen random mod 100 < 1 drop"])
    except LanUnavailable as error:
        return f"no bridge with a filter can be made: {error}"
    finally:
        _remove(probe)
    return None


def _ip(*argv: str) -> str:
    done = subprocess.run(["ip", *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LanUnavailable(f"ip {' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def _end_processes(netns: str) -> None:
    """End every process that lives in the namespace, by its id."""
    for _ in range(20):
        listed = subprocess.run(["ip", "netns", "pids", netns], capture_output=True, text=True, check=False)
        pids = [int(word) for word in listed.stdout.split() if int(word) != os.getpid()]
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def _remove(netns: str) -> None:
    _end_processes(netns)
    subprocess.run(["ip", "netns", "delete", netns], capture_output=True, check=False)


def namespaces_of_this_run() -> list[str]:
    """The namespaces that this process has made and not removed."""
    found = [_OURS.match(line) for line in _ip("netns", "list").splitlines()]
    return [each[0] for each in found if each and int(each[1]) == os.getpid()]


def reap_dead_runs() -> None:
    """Remove the namespaces of runs whose process is gone."""
    for line in _ip("netns", "list").splitlines():
        match = _OURS.match(line)
        if match and not Path(f"/proc/{match[1]}").exists():
            _remove(match[0])


@dataclass
class Port:
    """One host's place at the bridge, and what is wrong with it."""

    netns: str
    device: str
    address: str
    cut: Cut | None = None
    loss: int = 0  # per cent of the frames, each way
    firewalled: bool = False  # a firewall before it drops every TCP connection from outside

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

    def __init__(self, *names: str) -> None:
        """`names`: short lower-case host names."""
        self._names = names
        self._own = f"{_PREFIX}{os.getpid()}n{next(_numbers)}"
        self._hub = f"{self._own}-hub"
        self._loss = 0
        self._multicast = True
        self.ports: dict[str, Port] = {}

    def __enter__(self) -> Self:
        reap_dead_runs()
        try:
            _ip("netns", "add", self._hub)
            # No snooping: without a querier it would be up to timers who hears multicast.
            _ip("-n", self._hub, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
            _ip("-n", self._hub, "link", "set", "br0", "up")
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
            _remove(port.netns)
        self.ports.clear()
        _remove(self._hub)

    def _add(self, name: str, number: int) -> None:
        netns = f"{self._own}-{name}"
        port = Port(netns=netns, device=f"port{number}", address=f"{_SUBNET}.{number}")
        _ip("netns", "add", netns)
        self.ports[name] = port
        _ip(
            "link",
            "add",
            "eth0",
            "netns",
            netns,
            "type",
            "veth",
            "peer",
            "name",
            port.device,
            "netns",
            self._hub,
        )
        _ip("-n", self._hub, "link", "set", port.device, "master", "br0", "up")
        _ip("-n", netns, "link", "set", "lo", "up")
        _ip("-n", netns, "addr", "add", f"{port.address}/24", "dev", "eth0")
        _ip("-n", netns, "link", "set", "eth0", "up")
        self._route(port)

    def more_addresses(self, name: str, count: int) -> None:
        """Give a host further addresses; asked again, it has them already."""
        port = self.ports[name]
        for number in range(1, count + 1):
            _ip("-n", port.netns, "addr", "replace", f"{_SUBNET}.{100 + number}/24", "dev", "eth0")

    def _route(self, port: Port) -> None:
        """Multicast goes out by the one interface; `replace`: losing the carrier may have taken it away."""
        _ip("-n", port.netns, "route", "replace", "224.0.0.0/4", "dev", "eth0")

    # --- Faults ------------------------------------------------------------------------------------
    def cut(self, name: str, how: Cut = Cut.SWITCH) -> None:
        """Cut a host off."""
        port = self.ports[name]
        port.cut = how
        if how is Cut.SWITCH:
            _ip("-n", self._hub, "link", "set", port.device, "nomaster")
        elif how is Cut.CABLE:
            _ip("-n", self._hub, "link", "set", port.device, "down")
        self._filter()

    def heal(self, name: str) -> None:
        """Undo a cut."""
        port = self.ports[name]
        if port.cut is Cut.SWITCH:
            _ip("-n", self._hub, "link", "set", port.device, "master", "br0")
        elif port.cut is Cut.CABLE:
            _ip("-n", self._hub, "link", "set", port.device, "up")
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

    def silence_multicast(self) -> None:
        """The switch passes no multicast DNS, as many a company network does."""
        self._multicast = False
        self._filter()

    def heal_all(self) -> None:
        """No fault is left."""
        self._loss = 0
        self._multicast = True
        for name, port in self.ports.items():
            port.loss, port.firewalled = 0, False
            self.heal(name)

    def _filter(self) -> None:
        """Put the present faults into the bridge's filter, all at once."""
        rules = [line for port in self.ports.values() for line in _rules(port)]
        if not self._multicast:
            rules.append("udp dport 5353 drop")
        if self._loss:
            rules.append(f"numgen random mod 100 < {self._loss} drop")
        _load_filter(self._hub, rules)


def _load_filter(netns: str, rules: Sequence[str]) -> None:
    """Put these rules, and no others, between the bridge's ports."""
    table = ["flush ruleset", "table bridge wire {", "chain forward {"]
    table += ["type filter hook forward priority 0; policy accept;", *rules, "}", "}"]
    argv = ["ip", "netns", "exec", netns, "nft", "-f", "-"]
    done = subprocess.run(argv, input="\n".join(table) + "\n", capture_output=True, text=True, check=False)
    if done.returncode:
        raise LanUnavailable(f"nft: {done.stderr.strip()}")


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
