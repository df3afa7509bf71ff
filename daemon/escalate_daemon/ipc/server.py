"""The local API's server: this user's clients, a request a line, and the watch stream. Decides nothing.

Everything a client can make it hold is bounded: clients, a request's length, the time an idle or slow one is
kept.
"""

import asyncio
import contextlib
import hmac
import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Final, Protocol

from escalate_daemon.ipc import listener, peer, protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure

CLIENTS_MAX: Final = 128  # at once; a floor's scripts and status bars together stay far below
IDLE_S: Final = 10.0  # without a request; a command asks at once
LINGER_S: Final = 1.0  # for the last bytes of a line that is hung up
SLOW_S: Final = 5.0  # a client that takes nothing for this long is cut off, so that nothing piles up
CHECK_S: Final = 2.0  # how soon a vanished socket file (logind clears /run/user) is bound anew
LOCATE_EVERY: Final = (
    3  # checks; a login moves it, and a command waits 10 s for the door; asking takes ten system calls
)
_STOPPING: Final = failure("no-daemon", "the daemon has stopped", "escalate daemon start").failure
_FULL: Final = failure("no-daemon", f"the daemon serves {CLIENTS_MAX} commands already", "try again").failure
_UPGRADED: Final = "after an upgrade: escalate daemon restart"

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """What answers. Both methods may raise RequestFailed."""

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        """Do it and answer."""
        ...

    def watch(self) -> AsyncIterator[protocol.Event]:
        """What is active, `ready`, then what happens. Its end hangs up, and the client begins again."""
        ...


class Server:
    """One local door and all who came through it.

    `locate` says where the door has to be; it is asked again and again, since a login or logout may move it.
    """

    def __init__(self, locate: Callable[[], Path], handler: Handler) -> None:
        self._locate = locate
        self._handler = handler
        self._door: listener.Door | None = None
        self._server: asyncio.Server | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._mended_at: float | None = None  # loop time

    @property
    def mended(self) -> float | None:
        """So many seconds ago the door's file had vanished and was made anew; None: never."""
        return None if self._mended_at is None else asyncio.get_running_loop().time() - self._mended_at

    @property
    def address(self) -> str:
        """Where clients find it."""
        return "" if self._door is None else str(self._door.path)

    async def start(self) -> None:
        """Open the door. EndpointError naming the mend; AlreadyServed."""
        await self._open()
        self._keeper = asyncio.create_task(self._keep(), name="ipc-keeper")

    async def aclose(self) -> None:
        """Close the door, tell all who wait or watch that the daemon stops, end every task."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self._shut()
        if self._clients:
            for task in self._clients:
                task.cancel()
            await asyncio.wait(self._clients)

    async def _open(self) -> None:
        self._door = listener.bind(self._locate())
        self._server = await asyncio.start_server(self._accepted, sock=self._door.sock, limit=protocol.REQUEST_BYTES)

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._door is not None:
            self._door.remove()

    async def _keep(self) -> None:
        """Open the door anew where its file vanished, or has to be elsewhere: clients could not find it."""
        for check in itertools.count(1):
            await asyncio.sleep(CHECK_S)
            try:
                if self._stands(locate=check % LOCATE_EVERY == 0):
                    continue
                self._shut()
                await self._open()
                self._mended_at = asyncio.get_running_loop().time()
                _log.warning("the local socket had vanished; it is at %s now", self.address)
            except OSError as error:
                _log.error("the local socket has vanished and cannot be made again: %s", error)

    def _stands(self, *, locate: bool) -> bool:
        """Whether clients find the door; `locate`: also whether it is where it has to be by now."""
        door = self._door
        return door is not None and door.stands() and (not locate or door.path == self._locate())

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="ipc-client")
        self._clients.add(task)
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._clients.discard(task)
        # One command's bug must not take down what rings: it is logged, and the client sees the line end.
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a local request failed", exc_info=error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._check_peer(writer)
            if len(self._clients) > CLIENTS_MAX:
                await _write(writer, _FULL)
                return
            while (line := await _line(reader)) is not None:
                await self._answer(line, reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the client went, or takes nothing: there is nobody to tell
        except RequestFailed as refused:
            with contextlib.suppress(ConnectionError, TimeoutError):
                await _write(writer, refused.failure)
        except asyncio.CancelledError:
            writer.write(protocol.encode_line(_STOPPING))
            raise
        finally:
            await _hang_up(writer)

    def _check_peer(self, writer: asyncio.StreamWriter) -> None:
        if self._door is not None and not self._door.token:
            peer.check_peer(writer.get_extra_info("socket"))

    async def _answer(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = self._decode(line)
        if isinstance(request, protocol.WatchRequest):
            await self._watch(reader, writer)
            raise RequestFailed(_STOPPING) if self._stopping else ConnectionResetError("the stream is over")
        if isinstance(request, protocol.DaemonStopRequest):
            self._stopping = True  # whoever watches must not start it again
        try:
            await _write(writer, await self._handler.handle(request))
        except RequestFailed as refused:
            await _write(writer, refused.failure)

    def _decode(self, line: bytes) -> protocol.AnyRequest:
        try:
            envelope = protocol.decode_request(line)
        except protocol.ProtocolError as error:
            raise failure("failed", f"the daemon does not understand this command: {error}", _UPGRADED) from error
        door = self._door
        if door is not None and not hmac.compare_digest(envelope.token.encode(), door.token.encode()):
            raise failure("not-allowed", "the daemon does not know this client", "escalate daemon restart")
        return envelope.request

    async def _watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Stream until either side goes. Reading is how the client's going is noticed at once."""
        sending = asyncio.create_task(self._stream(writer), name="ipc-watch")
        leaving = asyncio.create_task(reader.read(1), name="ipc-watch-left")
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        events = self._handler.watch()
        try:
            async for event in events:
                await _write(writer, event)
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """The next request line; None at the end. TimeoutError where none comes."""
    try:
        async with asyncio.timeout(IDLE_S):
            line = await reader.readline()
    except ValueError as error:
        raise failure("usage", f"a request is longer than {protocol.REQUEST_BYTES} bytes") from error
    return line if line.endswith(b"\n") else None


async def _write(writer: asyncio.StreamWriter, answer: protocol.AnyReply | protocol.Failure | protocol.Event) -> None:
    """Write one line; TimeoutError where the client takes nothing."""
    writer.write(protocol.encode_line(answer))
    async with asyncio.timeout(SLOW_S):
        await writer.drain()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(LINGER_S):
            await writer.wait_closed()
    except (ConnectionError, TimeoutError):
        writer.transport.abort()
