"""Whether multicast DNS works here: asks the network once, and listens who is heard, oneself to begin with.

On sockets of its own for a few seconds, only when somebody wants to know. They are bound to the group's addresses,
so that no answer meant for the other programs at port 5353 is taken from them.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from escalate_daemon.discovery.addresses import LocalAddress, Snapshot
from escalate_daemon.discovery.listening import MDNS_PORT

GROUP_V4: Final = "224.0.0.251"
GROUP_V6: Final = "ff02::fb"
ASK_AT_S: Final = (0.0, 1.2)  # twice, for a lost packet; answers may wait a second after an earlier one
LISTEN_S: Final = 2.6
_SOURCES_MAX: Final = 1_024
_LABELS: Final = b"\x09_escalate\x04_tcp\x05local\x00"
_ASK: Final = struct.pack("!6H", 0, 0, 1, 0, 0, 0) + _LABELS + struct.pack("!2H", 12, 1)  # PTR, IN, multicast answer
_RESPONSE: Final = 0x80  # in the third byte


@dataclass(frozen=True, slots=True)
class Echo:
    """What was heard. `problem`: why nothing could be. `own`: my own question came back. `from_`: who answered."""

    problem: str = ""
    own: bool = False
    from_: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Heard:
    mine: frozenset[str]
    wanted: Sequence[frozenset[str]]
    own: bool = False
    sources: set[str] = field(default_factory=set)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def packet(self, data: bytes, source: str) -> None:
        """Take in one packet of the group. Whoever speaks of our service is a daemon, or remembers one."""
        source = source.partition("%")[0]
        if source in self.mine:
            self.own = True
        elif len(data) > 2 and data[2] & _RESPONSE and _LABELS[:-7] in data and len(self.sources) < _SOURCES_MAX:
            self.sources.add(source)
        if self.own and all(each & self.sources for each in self.wanted):
            self.enough.set()


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: _Heard) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._heard.packet(data, str(addr[0]))


async def listen_around(snapshot: Snapshot, wanted: Sequence[frozenset[str]] = ()) -> Echo:
    """Ask on every interface of `snapshot` who is there; listen for LISTEN_S, or until all `wanted` were heard.

    `wanted`: the addresses of each machine that ought to be heard.
    """
    heard = _Heard(frozenset(each.ip for each in snapshot), wanted)
    sockets, problem = _open_all(snapshot)
    if not sockets:
        return Echo(problem or "no interface takes multicast")
    loop = asyncio.get_running_loop()
    opened = [await loop.create_datagram_endpoint(lambda: _Ear(heard), sock=each.sock) for each in sockets]
    try:
        began = loop.time()
        for until in (*ASK_AT_S[1:], LISTEN_S):
            problem = _ask(sockets) or problem
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(began + until):
                    await heard.enough.wait()
                    break
    finally:
        for transport, _ in opened:
            transport.close()
    return Echo("" if heard.own else problem, heard.own, frozenset(heard.sources))


@dataclass(frozen=True, slots=True)
class _Asking:
    sock: socket.socket
    index: int  # of the interface
    own: str  # an IPv4 address of it; "" for IPv6


def _open_all(snapshot: Snapshot) -> tuple[list[_Asking], str]:
    """A socket for each interface and IP version; and why one could not be had."""
    opened: list[_Asking] = []
    problem = ""
    seen: set[tuple[int, bool]] = set()
    for each in sorted(snapshot, key=lambda one: (one.interface, one.ip)):
        six = ":" in each.ip
        if each.ip.startswith("127.") or each.ip == "::1" or (each.index, six) in seen:
            continue
        seen.add((each.index, six))
        try:
            opened.append(_open(each))
        except OSError as error:
            problem = f"multicast DNS cannot be used on {each.interface}: {error.strerror or error}"
    return opened, problem


def _open(each: LocalAddress) -> _Asking:
    six = ":" in each.ip
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _join_v6(sock, each.index) if six else _join_v4(sock, each.ip)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return _Asking(sock, each.index, "" if six else each.ip)


def _join_v4(sock: socket.socket, own: str) -> None:
    sock.bind((GROUP_V4 if sys.platform != "win32" else "", MDNS_PORT))  # Windows (not run) binds no group
    group, interface = socket.inet_aton(GROUP_V4), socket.inet_aton(own)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)


def _join_v6(sock: socket.socket, index: int) -> None:
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((GROUP_V6 if sys.platform != "win32" else "", MDNS_PORT, 0, index))
    group = socket.inet_pton(socket.AF_INET6, GROUP_V6) + struct.pack("@I", index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)


def _ask(sockets: Sequence[_Asking]) -> str:
    """Ask on all of them; why the last that failed did."""
    problem = ""
    for each in sockets:
        to = (GROUP_V4, MDNS_PORT) if each.own else (GROUP_V6, MDNS_PORT, 0, each.index)
        with contextlib.suppress(BlockingIOError):
            try:
                each.sock.sendto(_ASK, to)
            except BlockingIOError:
                raise
            except OSError as error:
                problem = f"nothing can be sent by multicast: {error.strerror or error}"
    return problem
