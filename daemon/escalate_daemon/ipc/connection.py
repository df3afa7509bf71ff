"""The command line's end of the local API: blocking sockets, one question, one answer. No asyncio."""

import contextlib
import socket
import struct
import time
from pathlib import Path
from typing import Final

from escalate_daemon.ipc import endpoint, peer, protocol

CONNECT_S: Final = 5.0  # a living daemon accepts in milliseconds; a stopped one's backlog can be full
_CHUNK: Final = 64 * 1024


class NotThere(ConnectionError):
    """No daemon listens at this door."""


class Gone(ConnectionError):
    """The daemon closed the line, or it broke."""


class Connection:
    """One line to the daemon. Not for several threads."""

    def __init__(self, sock: socket.socket, token: str = "") -> None:
        self._sock = sock
        self._token = token
        self._held = bytearray()

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def send(self, request: protocol.AnyRequest) -> None:
        """Ask. Gone where the daemon went; UnicodeEncodeError for text that is none (lone surrogates)."""
        line = protocol.encode_line(protocol.Envelope(request=request, token=self._token))
        try:
            self._sock.settimeout(CONNECT_S)
            self._sock.sendall(line)
        except OSError as error:
            raise Gone(str(error)) from error

    def receive(self, seconds: float | None) -> protocol.AnyReply | protocol.Failure | protocol.Event:
        """The next line; waits at most `seconds` (None: for ever).

        TimeoutError where none came whole; Gone; ProtocolError.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > protocol.LINE_BYTES:
                raise protocol.ProtocolError("the daemon sent a line without end")
            self._read(deadline)
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        return protocol.decode_answer(line)

    def pending(self) -> bool:
        """Whether a whole line is here already, so that select would wait for nothing."""
        return b"\n" in self._held

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _read(self, deadline: float | None) -> None:
        try:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            chunk = self._sock.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone(str(error)) from error
        if not chunk:
            raise Gone("the daemon closed the line")
        self._held += chunk


def connect(path: Path) -> Connection:
    """A line to the daemon whose door is at `path`; NotThere, EndpointError where it may not be used."""
    try:
        return connect_at(path)
    except PermissionError as error:
        raise endpoint.EndpointError(f"may not use the socket {path}: {error.strerror}") from error
    except (BlockingIOError, TimeoutError) as error:
        raise NotThere(f"the daemon behind {path} does not accept connections") from error
    except OSError as error:
        raise NotThere(f"no daemon listens at {path}") from error


def connect_at(path: Path) -> Connection:
    """A line to whoever listens at exactly this path; OSError of the system's kind where nobody does."""
    return _connect_unix(path) if endpoint.UNIX else _connect_loopback(path)


def _connect_unix(path: Path) -> Connection:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Not settimeout: a non-blocking connect to a full backlog fails at once instead of waiting.
        with contextlib.suppress(OSError):  # a system whose timeval is another: it waits as long as it waits
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(CONNECT_S), 0))
        sock.connect(str(path))
        peer.check_peer(sock)
    except OSError:
        sock.close()
        raise
    return Connection(sock)


def _connect_loopback(path: Path) -> Connection:
    loopback = endpoint.read_token(path)
    if loopback is None:
        raise FileNotFoundError(path)
    return Connection(socket.create_connection(("127.0.0.1", loopback.port), CONNECT_S), loopback.token)
