"""Whether this machine can listen to multicast DNS, and in which IP versions: tried before zeroconf does.

Tried first because zeroconf leaves sockets open where it fails, and its errors name no mend.
"""

import errno
import socket
from typing import Final

MDNS_PORT: Final = 5353


class CannotListen(Exception):
    """Multicast DNS cannot be opened; the text says why and what mends it."""


def listens_to_ipv6() -> bool:
    """Whether both IP versions can listen; False: IPv4 alone. Raises CannotListen where neither can."""
    if socket.has_ipv6 and _bind_error(socket.AF_INET6) is None:
        return True
    error = _bind_error(socket.AF_INET)
    if error is None:
        return False
    if error.errno == errno.EADDRINUSE:
        raise CannotListen(
            f"another program keeps UDP port {MDNS_PORT} to itself, so nobody is found by multicast "
            "(avahi: set disallow-other-stacks=no in avahi-daemon.conf); peers can be named in the config"
        ) from error
    raise CannotListen(f"multicast DNS cannot be opened, so nobody is found by it: {error}") from error


def _bind_error(family: socket.AddressFamily) -> OSError | None:
    """Why UDP port 5353 cannot be shared in this family, bound as zeroconf binds it; None where it can."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            probe.bind(("", MDNS_PORT))
    except OSError as error:
        return error
    return None
