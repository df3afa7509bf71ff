"""The system's word that an interface or address may have changed (Linux): a hint to look, nothing is read from it."""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Final

_GROUPS: Final = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR (linux/rtnetlink.h)
_NOTICE_BYTES: Final = 64 * 1024  # read at once and thrown away
_READS_MAX: Final = 16  # at a time; what is left is read in the next turn of the loop


class Notices:
    """Calls `changed` from the event loop, often many times for one change, until `close`."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._socket: socket.socket | None = None

    @property
    def works(self) -> bool:
        """Whether changes are told; else they have to be looked for."""
        return self._socket is not None

    def open(self) -> None:
        """Begin, where this system tells of changes and lets us listen."""
        if sys.platform != "linux" or self._socket is not None:
            return
        try:
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        except OSError:
            return  # a sandbox: looking now and then must do
        try:
            sock.bind((0, _GROUPS))
            asyncio.get_running_loop().add_reader(sock, self._read)
        except (OSError, NotImplementedError):
            sock.close()
            return
        self._socket = sock

    def close(self) -> None:
        """End; may be called twice."""
        sock, self._socket = self._socket, None
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _read(self) -> None:
        assert self._socket is not None
        try:
            for _ in range(_READS_MAX):
                self._socket.recv(_NOTICE_BYTES)
        except OSError:
            pass  # all read; or too many came at once, which is a change too
        self._changed()
