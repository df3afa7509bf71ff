"""Who is at the other end of a Unix socket, by the kernel's word."""

import os
import socket
import struct
from typing import Final

# struct xucred of macOS and the BSDs: version, uid, group count, 16 groups. Python has no getpeereid.
# Read, not run.
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1
_XUCRED_BYTES: Final = 76


class WrongPeer(ConnectionError):
    """The other end of the socket is another user's process."""


def peer_uid(connection: socket.socket) -> int | None:
    """The user id of the process at the other end; None where this system cannot say: the folder guards."""
    linux = getattr(socket, "SO_PEERCRED", None)
    if linux is not None:
        raw = connection.getsockopt(socket.SOL_SOCKET, linux, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    try:
        raw = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
    except OSError:
        return None
    return int(struct.unpack_from("2I", raw)[1])


def check_peer(connection: socket.socket) -> None:
    """Raise WrongPeer where the other end is another user's process."""
    uid = peer_uid(connection)
    if uid is not None and uid != os.geteuid():
        raise WrongPeer(f"the other end of the local socket belongs to user {uid}, not to {os.geteuid()}")
