"""Peers named in the config or on the command line: reads and checks their addresses."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from escalate_daemon.discovery.addresses import host_port

PEERS_MAX: Final = 64  # in a config; more belong into a network with multicast

_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST_MAX: Final = 253  # characters, of the DNS


class BadPeer(ValueError):
    """A peer's address cannot be used; the text says what is wrong with it and how it is written."""


@dataclass(frozen=True, slots=True)
class StaticPeer:
    """A checked host (name or IP address, without brackets) and its TCP port."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """HOST:PORT, an IPv6 address in brackets."""
        return host_port(self.host, self.port)

    @property
    def literal(self) -> bool:
        """Whether the host is an IP address already."""
        return _ip(self.host) is not None


def parse_peer(text: str, default_port: int | None = None) -> StaticPeer:
    """Read HOST, HOST:PORT, [IPV6]:PORT or IPV6. Raises BadPeer, also where no port is known."""
    text = text.strip()
    host, port = _split(text)
    if _ip(host) is None and not _is_name(host):
        raise BadPeer(f"{text!r} is no host name or IP address; write HOST:PORT, for example desk7.local:4711")
    if port is None:
        if default_port is None:
            raise BadPeer(f"{text!r} lacks the port; write {host_port(host, 4711)!r} with the port of that daemon")
        return StaticPeer(host, default_port)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise BadPeer(f"the port in {text!r} must be a number from 1 to 65535")
    return StaticPeer(host, int(port))


def parse_peers(texts: Iterable[str], default_port: int | None = None) -> tuple[StaticPeer, ...]:
    """Read a config's list, without doubles. Raises BadPeer for the first wrong one, or above 64."""
    peers = tuple(dict.fromkeys(parse_peer(text, default_port) for text in texts))
    if len(peers) > PEERS_MAX:
        raise BadPeer(f"at most {PEERS_MAX} peers can be named, not {len(peers)}")
    return peers


def _split(text: str) -> tuple[str, str | None]:
    """Host without brackets, and the port's text if there is one."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in host:
            raise BadPeer(f"{text!r} is no IPv6 address; write [fd00::7]:4711")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    """Whether it has a host name's grammar; four numbers with dots are a wrong IP address, not a name."""
    labels = host.removesuffix(".").split(".")
    return len(host) <= _HOST_MAX and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
