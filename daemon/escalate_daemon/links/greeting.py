"""A connection that is not a link yet: TLS, whose key it is, both hellos. It has exactly one outcome."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.ids import DialId
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.wire import Hello, WireError
from escalate_daemon.links import limits
from escalate_daemon.links.connection import Connection, Loss
from escalate_daemon.links.events import LinkEvents
from escalate_daemon.links.reception import Reception


@dataclass(frozen=True, slots=True)
class Dialled:
    """The dial that a greeting is part of."""

    dial: DialId
    address: str
    probe: bool


@dataclass(frozen=True, slots=True)
class Parting:
    """Why nothing came of a greeting."""

    reason: str
    myself: bool = False
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Whom greetings tell how they ended: it is a link, or it is nothing."""

    greeted: Callable[[Connection, PeerHello, Dialled | None], None]
    parted: Callable[[Dialled | None, Parting], None]


class Greeting:
    """Watches a connection until it is a link, a visit at a door, or nothing. Reception: it was accepted."""

    def __init__(
        self,
        events: LinkEvents,
        key: bytes,
        outcomes: Outcomes,
        *,
        wait_s: float,
        reception: Reception | None = None,
        dialled: Dialled | None = None,
    ) -> None:
        self._events = events
        self._key = key
        self._outcomes = outcomes
        self._wait_s = wait_s
        self._reception = reception
        self._dialled = dialled
        self._peer_key = b""
        self._parting: Parting | None = None
        self._timer: asyncio.TimerHandle | None = None

    def made(self, connection: Connection) -> None:
        """TCP is open: the clock runs."""
        connection.heard_limit = limits.UNFINISHED_BYTES
        connection.frame_limit = limits.UNFINISHED_BYTES
        late = Parting(f"no hello within {self._wait_s:.0f} s")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._wait_s, self._part, connection, late)
        if self._reception is not None:
            self._reception.arrived(connection)

    def secured(self, connection: Connection) -> None:
        """TLS proved a key: one of this space's members, or a joiner with an invite's code."""
        door = None if self._reception is None else self._reception.door_of(connection)
        key = connection.pipe.peer_key()
        if key is None:
            self._part(connection, Parting("its key is not Ed25519", stranger=True))
        elif self._reception is not None and door is not None:
            self._done(connection)
            self._reception.visit(connection, door, key)
        elif key == self._key:
            self._part(connection, Parting("it is this daemon itself", myself=True))
        else:
            self._peer_key = key
            probe = self._dialled is not None and self._dialled.probe
            connection.send(wire.encode(self._events.hello(probe=probe)), urgent=True)

    def frame(self, connection: Connection, data: bytes) -> None:
        """The first frame must be the hello that admits the key."""
        try:
            hello = wire.decode_frame(data)
            if not isinstance(hello, Hello):
                raise WireError("its first frame is no hello")
            member = self._events.judge_hello(hello, self._peer_key)
        except WireError as error:
            self._part(connection, Parting(str(error), stranger=True))
            return
        self._done(connection)
        address = None if self._dialled is None else self._dialled.address
        self._outcomes.greeted(connection, PeerHello(member, hello, address), self._dialled)

    def lost(self, connection: Connection, loss: Loss) -> None:
        """It ended before it was anything."""
        self._done(connection)
        parting = self._parting or Parting(loss.reason, stranger=loss.stranger)
        self._outcomes.parted(self._dialled, parting)

    def _part(self, connection: Connection, parting: Parting) -> None:
        self._parting = self._parting or parting
        connection.abort(Loss(parting.reason))

    def _done(self, connection: Connection) -> None:
        if self._timer is not None:
            self._timer.cancel()
        connection.heard_limit = None
        connection.frame_limit = tuning.FRAME_BYTES
        if self._reception is not None:
            self._reception.left(connection)
