"""The daemon's own end of the local door: binds it, clears a stale one away, knows when its file vanished."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon.ipc import connection, endpoint

BACKLOG: Final = 128  # a burst of commands waits here rather than being refused


class AlreadyServed(OSError):
    """Another daemon answers at this door."""


@dataclass(frozen=True, slots=True)
class Door:
    """A bound door. `token` is empty on Unix, where the kernel says who is there."""

    sock: socket.socket
    path: Path
    inode: int
    token: str

    def stands(self) -> bool:
        """Whether clients still find this door at its path."""
        try:
            return self.path.stat().st_ino == self.inode
        except OSError:
            return False

    def remove(self) -> None:
        """Take the file away, where it is still this door's."""
        if self.stands():
            self.path.unlink(missing_ok=True)


def bind(path: Path) -> Door:
    """Open the door at `path`. AlreadyServed; EndpointError naming the mend."""
    endpoint.prepare(path)
    try:
        _clear_stale(path)
        return _bind_unix(path) if endpoint.UNIX else _bind_loopback(path)
    except (AlreadyServed, endpoint.EndpointError):
        raise
    except OSError as error:  # a file system without sockets, or without a free byte
        raise endpoint.EndpointError(
            f"cannot listen at {path}: {error.strerror}; set ESCALATE_HOME to a folder on another file system"
        ) from error


def _bind_unix(path: Path) -> Door:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
        return Door(sock, path, path.stat().st_ino, "")
    except OSError:
        sock.close()
        raise


def _bind_loopback(path: Path) -> Door:
    sock = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    try:
        token = endpoint.write_token(path, sock.getsockname()[1]).token
        return Door(sock, path, path.stat().st_ino, token)
    except OSError:
        sock.close()
        raise


def _clear_stale(path: Path) -> None:
    if not os.path.lexists(path):
        return
    try:
        connection.connect_at(path).close()
    except (BlockingIOError, TimeoutError):
        pass  # somebody is there, too busy to accept
    except OSError:
        path.unlink(missing_ok=True)
        return
    raise AlreadyServed(f"another daemon answers at {path}")
