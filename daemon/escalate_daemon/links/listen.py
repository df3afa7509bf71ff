"""Listening sockets: one port, on IPv4 and IPv6, or on the one of them that this machine has."""

import errno
import os
import socket
from typing import Final

from escalate_daemon.links.limits import BACKLOG
from escalate_daemon.links.tcp import narrow

_TRIES: Final = 16  # any free IPv4 port may be taken on IPv6: draw again
_MISSING: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT, errno.EINVAL})


def listen(port: int) -> list[socket.socket]:
    """Sockets that listen on `port` (0: any one free) everywhere. OSError: taken, or no IP at all."""
    for left in reversed(range(_TRIES)):
        try:
            return _listen_on_both(port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or not left:
                raise
    raise AssertionError("unreachable")


def _listen_on_both(port: int) -> list[socket.socket]:
    listening: list[socket.socket] = []
    last: OSError | None = None
    try:
        for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            try:
                listening.append(_listen(family, anywhere, port))
            except OSError as error:
                if error.errno not in _MISSING:
                    raise
                last = error
                continue
            port = listening[0].getsockname()[1]
    except OSError:
        for one in listening:
            one.close()
        raise
    if not listening and last is not None:
        raise last
    return listening


def _listen(family: int, anywhere: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let another program take the port over
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        narrow(sock)
        sock.bind((anywhere, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
