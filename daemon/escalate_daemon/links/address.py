"""HOST:PORT, with brackets around an IPv6 address."""

import ipaddress
from typing import NamedTuple

PORT_MAX = 65_535


class AddressError(ValueError):
    """Not HOST:PORT."""


class Address(NamedTuple):
    """Where a daemon listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_literal(host: str) -> bool:
    """Whether the host is an IP address: nobody has to be asked for it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def parse_address(text: str, default_port: int | None = None) -> Address:
    """Reads HOST:PORT or [IPV6]:PORT; with a default port HOST and a bare IPv6 too. AddressError."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        if not bracket or (rest and not rest.startswith(":")):
            raise AddressError(f"{text!r} is not HOST:PORT")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host or any(c.isspace() or c in "[]/@" for c in host) or host.startswith("-"):
        raise AddressError(f"{text!r} is not HOST:PORT")
    return Address(host, _port(port, default_port, text))


def _port(port: str, default: int | None, text: str) -> int:
    if not port and default is not None:
        return default
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= PORT_MAX):
        raise AddressError(f"{text!r} has no port from 1 to {PORT_MAX}")
    return int(port)
