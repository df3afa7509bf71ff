"""A visit at a door (an invite's, the dial-back's): one request, one answer, and the door shuts."""

import asyncio
from collections.abc import Callable, Coroutine

from escalate_daemon.links import limits
from escalate_daemon.links.connection import Connection, Loss
from escalate_daemon.links.events import Door


class Visit:
    """Watches a connection whose peer the door's TLS let in."""

    def __init__(
        self,
        door: Door,
        peer_key: bytes,
        spawn: Callable[[Coroutine[None, None, None]], None],
        over: Callable[[Connection], None],
    ) -> None:
        self._door = door
        self._peer_key = peer_key
        self._spawn = spawn
        self._over = over
        self._asked = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, connection: Connection) -> None:
        """From now on the visitor has UNFINISHED_S to ask."""
        connection.watcher = self
        connection.frame_limit = self._door.request_bytes
        connection.heard_limit = limits.UNFINISHED_BYTES
        self._hang_up_in(limits.UNFINISHED_S, connection, "asked nothing")

    def made(self, connection: Connection) -> None:
        """Was long ago."""

    def secured(self, connection: Connection) -> None:
        """Was before the visit."""

    def frame(self, connection: Connection, data: bytes) -> None:
        """The request; a second one shuts the door."""
        if self._asked:
            connection.abort(Loss("asked twice"))
            return
        self._asked = True
        self._hang_up_in(limits.DOOR_ANSWER_S + limits.CLOSE_S, connection, "not answered")
        self._spawn(self._answer(connection, data))

    def lost(self, connection: Connection, loss: Loss) -> None:
        """The visitor left, or was answered."""
        self._stop()
        self._over(connection)

    async def _answer(self, connection: Connection, request: bytes) -> None:
        try:
            async with asyncio.timeout(limits.DOOR_ANSWER_S):
                answer = await self._door.answer(request, self._peer_key, connection.host)
        except TimeoutError:
            answer = None
        if answer is None:
            connection.abort(Loss("not answered"))
            return
        connection.send(answer, urgent=True)
        connection.close()

    def _hang_up_in(self, seconds: float, connection: Connection, reason: str) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, connection.abort, Loss(reason))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
