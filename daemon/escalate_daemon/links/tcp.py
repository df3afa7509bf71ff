"""How our TCP sockets are made: small segments, so that no path is too narrow for them."""

import asyncio
import contextlib
import socket

from escalate_daemon.links.address import Address
from escalate_daemon.links.limits import SEGMENT_BYTES


def narrow(sock: socket.socket) -> None:
    """Before it connects or listens: both ends send segments of SEGMENT_BYTES at most."""
    if hasattr(socket, "TCP_MAXSEG"):
        with contextlib.suppress(OSError):  # not on Windows, which looks for black holes itself
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)


async def connect(address: Address) -> socket.socket:
    """A connected socket to an IP address; OSError where nobody answers, or for a host name."""
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=numeric)
    family, kind, protocol, _, where = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        narrow(sock)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock
