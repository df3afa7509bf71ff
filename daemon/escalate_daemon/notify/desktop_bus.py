"""The connection to the bus where a service is, made again whenever it breaks.

Knows where to look and when to look again; what is said there is the guest's.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from escalate_daemon.notify import dbus_session
from escalate_daemon.notify.dbus_session import BusFailed, BusSession

if TYPE_CHECKING:
    from dbus_fast import Message

RETRY_FIRST_S: Final = 0.1  # a bus that is restarted is back in well under a second
RETRY_S: Final = 1.0  # a login takes seconds; a look costs a few system calls
RETRY_NEVER_S: Final = 5.0  # where there was no bus yet since the daemon's start: perhaps there never is
_HELD_MAX: Final = 64  # messages that come while the connection is looked over: its owner changes, a few signals


class Guest(Protocol):
    """Who wants to talk to the service."""

    def settled(self, session: BusSession, owner: str | None, *, startable: bool) -> None:
        """This is the connection from now on; who owns the service there, and whether the bus would start it."""
        ...

    def hear(self, message: "Message") -> None:
        """A message came by the settled connection."""
        ...

    def left(self) -> None:
        """The settled connection is no more; nothing of it will be heard again."""
        ...


@dataclass(slots=True)
class _Ear:
    """What one connection hears: held until it is settled that this is the one."""

    tell: "Callable[[Message], None] | None" = None
    held: "deque[Message]" = field(default_factory=lambda: deque(maxlen=_HELD_MAX))

    def __call__(self, message: "Message") -> None:
        if self.tell is None:
            self.held.append(message)
        else:
            self.tell(message)


@dataclass(frozen=True, slots=True)
class _Found:
    session: BusSession
    ear: _Ear
    owner: str | None
    startable: bool

    @property
    def served(self) -> bool:
        return self.startable or self.owner is not None


class DesktopBus:
    """At most one connection. `watch` it as a task to have it made again by itself.

    `addresses`: where the bus may be now; None: this person's session bus.
    """

    def __init__(
        self, service: str, rules: list[str], guest: Guest, addresses: Callable[[], list[str]] | None = None
    ) -> None:
        self._service = service
        self._rules = rules
        self._guest = guest
        self._addresses = addresses
        self._connecting = asyncio.Lock()
        self._failed: tuple[float, str] | None = None  # loop time, why
        self._ever = False
        self.session: BusSession | None = None

    async def connected(self) -> BusSession | None:
        """The standing connection, or a new one; None: there is no bus to be found. Raises BusFailed."""
        if self.session is not None and self.session.alive:
            return self.session
        now = asyncio.get_running_loop().time
        asked = now()
        async with self._connecting:
            if self.session is not None and self.session.alive:
                return self.session
            if self._failed is not None and self._failed[0] > asked:  # so that a hung bus costs its limit once
                raise BusFailed(self._failed[1])
            await self._let_go()
            try:
                found = await self._find()
            except BusFailed as error:
                self._failed = now(), str(error)
                raise
            self._failed = None
            if found is not None:
                self._settle(found)
            return self.session

    async def watch(self) -> None:
        """Until cancelled: connect, and again whenever the connection breaks."""
        now = asyncio.get_running_loop().time
        pause = RETRY_FIRST_S
        while True:
            try:
                session = await self.connected()
            except BusFailed:
                session = None
            if session is not None:
                since = now()
                await session.gone()
                async with self._connecting:
                    if session is self.session:
                        await self._let_go()
                if now() - since > RETRY_S:  # else it takes us in and throws us out: no reason to hurry
                    pause = RETRY_FIRST_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_S) if self._ever else RETRY_NEVER_S

    async def aclose(self) -> None:
        """Disconnect."""
        session, self.session = self.session, None
        if session is not None:
            await session.aclose()

    async def _let_go(self) -> None:
        if self.session is not None:
            await self.aclose()
            self._guest.left()

    def _settle(self, found: _Found) -> None:
        self.session = found.session
        self._ever = True
        self._guest.settled(found.session, found.owner, startable=found.startable)
        while found.ear.held:
            self._guest.hear(found.ear.held.popleft())
        found.ear.tell = self._guest.hear

    async def _find(self) -> _Found | None:
        """The first bus that has the service, else the first that stands. BusFailed: there are some, and none does."""
        spare: _Found | None = None
        failure: BusFailed | None = None
        for address in self._addresses() if self._addresses else dbus_session.current_addresses():
            try:
                found = await self._try(address)
            except BusFailed as error:
                failure = failure or error
                continue
            if spare is None:
                spare = found
            elif found.served:
                await spare.session.aclose()
                spare = found
            else:
                await found.session.aclose()
            if spare.served:
                return spare
        if spare is None and failure is not None:
            raise failure
        return spare

    async def _try(self, address: str) -> _Found:
        ear = _Ear()
        session = await dbus_session.connect(address, self._rules, ear)
        try:
            owner = await session.owner_of(self._service)
            return _Found(session, ear, owner, startable=await session.can_start(self._service))
        except BaseException:
            await session.aclose()
            raise
