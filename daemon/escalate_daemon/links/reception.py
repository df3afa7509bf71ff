"""Where accepted connections come in: few unfinished ones at a time, each to the door it asked for."""

import asyncio
import random
import ssl
from collections.abc import Coroutine
from weakref import WeakKeyDictionary

from escalate_daemon.links import limits
from escalate_daemon.links.connection import Connection, Loss
from escalate_daemon.links.events import Door, Doors, LinkTls
from escalate_daemon.links.gate import Gate
from escalate_daemon.links.visit import Visit


class Reception:
    """Knows the unfinished and the visitors; answers at doors."""

    def __init__(self, tls: LinkTls, doors: Doors) -> None:
        self._tls = tls
        self._doors = doors
        self._gate: Gate[Connection] = Gate(random.SystemRandom())
        self._asked: WeakKeyDictionary[ssl.SSLObject, Door] = WeakKeyDictionary()
        self._visitors: Gate[Connection] = Gate(random.SystemRandom(), limits.DOOR_VISITS_MAX)
        self._answers: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """From now on server names are looked at."""
        self._tls.server.sni_callback = self._choose

    async def close(self) -> None:
        """No answer is worked on any more."""
        self._tls.server.sni_callback = None
        answers = list(self._answers)
        for task in answers:
            task.cancel()
        await asyncio.gather(*answers, return_exceptions=True)

    def arrived(self, connection: Connection) -> None:
        """An accepted connection is unfinished from now on."""
        displaced = self._gate.enter(connection, connection.host)
        if displaced is not None:
            displaced.abort(Loss("displaced by a newcomer"))

    def left(self, connection: Connection) -> None:
        """It is unfinished no more."""
        self._gate.leave(connection)

    def door_of(self, connection: Connection) -> Door | None:
        """The door that it asked for; None: it came as a member."""
        return self._asked.get(connection.pipe.tls)

    def visit(self, connection: Connection, door: Door, peer_key: bytes) -> None:
        """The door's TLS let its peer in."""
        visit = Visit(door, peer_key, self._spawn, self._visitors.leave)
        visit.begin(connection)
        displaced = self._visitors.enter(connection, connection.host)
        if displaced is not None:
            displaced.abort(Loss("displaced at the doors by a newcomer"))

    def _choose(self, tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        """OpenSSL's server name callback: strangers without one of our names are told nothing."""
        if name == self._tls.sni:
            return None
        door = None if name is None else self._doors(name)
        if door is None or not isinstance(tls, ssl.SSLObject):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        self._asked[tls] = door
        tls.context = door.context
        return None

    def _spawn(self, answer: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(answer)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
