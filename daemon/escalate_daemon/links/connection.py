"""One TCP connection under TLS: frames in, frames out. Who it is and what it may is its watcher's to say."""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from dataclasses import dataclass
from typing import Final, Protocol

from escalate_daemon.core import tuning
from escalate_daemon.core.wire import WireError
from escalate_daemon.links import limits
from escalate_daemon.links.framing import FrameReader, with_length
from escalate_daemon.links.queue import SendQueue
from escalate_daemon.links.tlspipe import TlsPipe

_LINGER_FORM: Final = "hh" if sys.platform == "win32" else "ii"  # how the C struct linger is laid out


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a connection ended. `stranger`: its TLS was not of our kind."""

    reason: str
    stranger: bool = False


class Watcher(Protocol):
    """Told what happens on a connection, in this order; `lost` exactly once after `made`."""

    def made(self, connection: "Connection") -> None:
        """TCP is open."""

    def secured(self, connection: "Connection") -> None:
        """TLS is done on this side."""

    def frame(self, connection: "Connection", data: bytes) -> None:
        """A frame came."""

    def lost(self, connection: "Connection", loss: Loss) -> None:
        """It is over."""


class Crowd:
    """The connections whose TCP is open, so that closing can wait for the last."""

    def __init__(self) -> None:
        self._inside: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._inside)

    def came(self, connection: "Connection") -> None:
        """Its TCP opened."""
        self._inside.add(connection)
        self._empty.clear()

    def went(self, connection: "Connection") -> None:
        """Its TCP closed."""
        self._inside.discard(connection)
        if not self._inside:
            self._empty.set()

    async def close(self) -> None:
        """Closes them all, and waits until they are: about CLOSE_S."""
        for connection in list(self._inside):
            connection.close()
        await self._empty.wait()


class Connection(asyncio.Protocol):
    """A client's connection where `server_name` is given, else a server's. The watcher may be replaced."""

    def __init__(self, context: ssl.SSLContext, server_name: str | None, watcher: Watcher, crowd: Crowd) -> None:
        self.watcher = watcher
        self._crowd = crowd
        self.frame_limit = tuning.FRAME_BYTES
        self.heard_limit: int | None = None  # raw bytes, while its peer is unknown
        self._pipe = TlsPipe(context, server_name)
        self._is_client = server_name is not None
        self._reader = FrameReader()
        self._queue = SendQueue()
        self._transport: asyncio.Transport | None = None
        self._heard = 0
        self._paused = False
        self._told_secured = False
        self._finishing = False
        self._said_goodbye = False
        self._loss: Loss | None = None
        self._timer: asyncio.TimerHandle | None = None  # for closing
        self._stall: asyncio.TimerHandle | None = None

    @property
    def pipe(self) -> TlsPipe:
        """Its TLS."""
        return self._pipe

    @property
    def host(self) -> str:
        """The peer's address, for limits and logs."""
        peer = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(peer[0]) if peer else "?"

    @property
    def own_host(self) -> str:
        """This machine's address on it, without scope."""
        own = None if self._transport is None else self._transport.get_extra_info("sockname")
        return str(own[0]).partition("%")[0] if own else "?"

    # --- What the owner does -----------------------------------------------------------------------
    def send(self, data: bytes, *, urgent: bool) -> bool:
        """Queues a frame; True where the queue overflowed. Nothing happens once it is closing."""
        if self._loss is not None or self._finishing:
            return False
        overflowed = self._queue.put(with_length(data), urgent=urgent)
        self._pump()
        return overflowed

    def close(self) -> None:
        """Sends what is queued, says goodbye, and is gone within CLOSE_S."""
        if self._transport is None or not self._pipe.secured:
            self.abort(Loss("closed here"))
        elif self._loss is None and not self._finishing:
            self._finishing = True
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(limits.CLOSE_S, self.abort, Loss("closed here"))
            self._pump()

    def abort(self, loss: Loss) -> None:
        """Gone at once, without a word; `lost` follows from the event loop."""
        if self._loss is None:
            self._loss = loss
        if self._transport is not None:
            _reset_on_close(self._transport.get_extra_info("socket"))
            self._transport.abort()

    # --- What asyncio tells ------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is open."""
        assert isinstance(transport, asyncio.Transport)  # TCP has no other
        self._transport = transport
        self._crowd.came(self)
        transport.set_write_buffer_limits(high=0)  # what waits stays in the queue, where it can be overtaken
        _tune(transport.get_extra_info("socket"))
        self.watcher.made(self)
        if self._loss is not None:
            transport.abort()
        elif self._is_client:
            self._work(b"")

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        self._heard += len(data)
        if self._loss is not None or self._finishing:
            return
        if self.heard_limit is not None and self._heard > self.heard_limit:
            self.abort(Loss("too many bytes before its hello"))
        else:
            self._work(data)

    def eof_received(self) -> bool | None:
        """The peer hung up."""
        return None

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._paused = True
        self._watch_stall(self._unsent(), 0)

    def resume_writing(self) -> None:
        """All that was handed over is with the kernel."""
        self._paused = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        loss = self._loss or Loss(str(exc) if exc else "closed by its peer")
        self._loss = loss
        self._crowd.went(self)
        self.watcher.lost(self, loss)

    # --- Inside ------------------------------------------------------------------------------------
    def _work(self, raw: bytes) -> None:
        """Takes bytes through TLS, and tells the watcher what came of it."""
        try:
            plain = self._pipe.feed(raw)
        except ssl.SSLError as error:
            self.abort(Loss(_words(error), stranger=True))
            return
        self._flush()
        if self._pipe.secured and not self._told_secured:
            self._told_secured = True
            self.watcher.secured(self)
            self._pump()
        self._dispatch(plain)
        if self._pipe.ended and self._loss is None:
            self.abort(Loss("closed by its peer"))

    def _dispatch(self, plain: bytes) -> None:
        self._reader.feed(plain)
        try:
            while self._loss is None and not self._finishing:
                frame = self._reader.take(self.frame_limit)
                if frame is None:
                    return
                self.watcher.frame(self, frame)
        except WireError as error:
            self.abort(Loss(str(error)))

    def _pump(self) -> None:
        """Sends while the kernel takes it."""
        while self._pipe.secured and not self._paused and self._loss is None:
            data = self._queue.take()
            if data is None:
                if self._finishing:
                    self._say_goodbye()
                return
            self._pipe.write(data)
            self._flush()

    def _say_goodbye(self) -> None:
        """The peer hangs up on hearing it, so that our last bytes are read before the connection goes."""
        if not self._said_goodbye:
            self._said_goodbye = True
            self._pipe.end()
            self._flush()

    def _flush(self) -> None:
        data = self._pipe.outgoing()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _unsent(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _watch_stall(self, before: int, quiet: int) -> None:
        """Looks now and then whether anything drains: `quiet` looks in a row saw nothing."""
        unsent = self._unsent()
        quiet = 0 if unsent < before else quiet
        if quiet >= limits.STALL_CHECKS:
            self.abort(Loss(f"nothing drained for {limits.STALL_S:.0f} s"))
            return
        loop = asyncio.get_running_loop()
        wait = limits.STALL_S / limits.STALL_CHECKS
        self._stall = loop.call_later(wait, self._watch_stall, unsent, quiet + 1)


def _reset_on_close(sock: socket.socket | None) -> None:
    """Let the peer hear of it now: a FIN would queue behind what a deaf path never acknowledges."""
    if sock is None or sock.fileno() < 0:
        return
    with contextlib.suppress(OSError):  # gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER_FORM, 1, 0))


def _tune(sock: socket.socket | None) -> None:
    """No waiting for more to send; little unsent in the kernel, where it can be told so."""
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, limits.NOTSENT_LOWAT)


def _words(error: ssl.SSLError) -> str:
    return f"TLS: {error.reason or error}"
