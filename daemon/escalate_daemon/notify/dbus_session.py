"""One connection to the session bus through dbus-fast, in which every call has a time limit.

Knows no notifications. dbus-fast is imported only when a connection is made: it exists on Linux only.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

CONNECT_LIMIT_S: Final = 2.0  # a live bus takes 2 ms; connect() itself has no limit
BUS_CALL_LIMIT_S: Final = 2.0  # the bus daemon itself answers in under a millisecond


@dataclass(frozen=True, slots=True)
class Service:
    """Something on the bus that can be called."""

    name: str
    path: str
    interface: str


_BUS: Final = Service("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class BusFailed(Exception):
    """The bus cannot be reached, was lost, or answered with an error; the text says which."""


def session_bus_address(env: Mapping[str, str], uid: int) -> str | None:
    """Where the session bus is; None: there is none. dbus-fast itself looks only at the first of these."""
    if told := env.get("DBUS_SESSION_BUS_ADDRESS"):
        return told
    folders = [env.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}"]
    for folder in folders:
        if folder and _is_socket(Path(folder) / "bus"):
            # dbus-fast refuses '~', which quote() leaves alone.
            return "unix:path=" + quote(str(Path(folder) / "bus")).replace("~", "%7E")
    return None


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


class Pending:
    """A call that was sent. Its reply may come after the caller has stopped waiting."""

    def __init__(self, task: "asyncio.Task[Message]") -> None:
        self._task = task

    async def reply(self, limit_s: float) -> "Message":
        """The reply. TimeoutError after `limit_s`, and the call stays open; BusFailed for an error."""
        done, _ = await asyncio.wait({self._task}, timeout=limit_s)
        if not done:
            raise TimeoutError
        return self._task.result()

    def when_late(self, tell: "Callable[[Message], None]") -> None:
        """Call `tell` with the reply once it comes, if it ever does."""

        def finished(task: "asyncio.Task[Message]") -> None:
            if not task.cancelled() and task.exception() is None:
                tell(task.result())

        self._task.add_done_callback(finished)


class BusSession:
    """A connection that stands. `guid` is this run of the bus: unique names mean nothing in another."""

    def __init__(self, bus: "MessageBus", address: str) -> None:
        self._bus = bus
        self.address = address
        self.guid = ""
        self._calls: set[asyncio.Task[Message]] = set()

    @property
    def alive(self) -> bool:
        """Whether the connection still stands."""
        return bool(self._bus.connected)

    async def ask_bus(self, member: str, signature: str = "", *body: object) -> "Message":
        """Call the bus daemon itself. Raises BusFailed."""
        pending = self.call(_BUS, member, signature, list(body))
        try:
            return await pending.reply(BUS_CALL_LIMIT_S)
        except TimeoutError:
            raise BusFailed(f"the session bus does not answer {member}") from None

    async def owner_of(self, name: str) -> str | None:
        """The unique name that owns `name` now."""
        try:
            reply = await self.ask_bus("GetNameOwner", "s", name)
        except BusFailed:
            if not self.alive:
                raise
            return None
        return str(reply.body[0])

    def call(self, service: Service, member: str, signature: str, body: list[Any]) -> Pending:
        """Send a call now and owe its reply."""
        from dbus_fast import Message

        message = Message(service.name, service.path, service.interface, member, signature=signature, body=body)
        task = asyncio.create_task(self._call(message), name=f"dbus {member}")
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        task.add_done_callback(_mark_read)
        return Pending(task)

    async def _call(self, message: "Message") -> "Message":
        from dbus_fast import DBusFastError, MessageType

        if not self.alive:
            raise BusFailed("the connection to the session bus was lost")
        try:
            reply = await self._bus.call(message)
        except (DBusFastError, OSError, EOFError) as error:
            raise BusFailed(f"the connection to the session bus broke: {error or 'end of file'}") from error
        if reply is None:
            raise BusFailed("the connection to the session bus was lost")
        if reply.message_type is MessageType.ERROR:
            raise BusFailed(f"{reply.error_name}: {reply.body[0] if reply.body else 'no words'}")
        return reply

    async def aclose(self) -> None:
        """Disconnect; open calls end with BusFailed."""
        from dbus_fast import DBusFastError

        for task in tuple(self._calls):
            task.cancel()
        if self._calls:
            await asyncio.wait(tuple(self._calls))
        if not self.alive:
            return
        gone: Callable[[], Awaitable[None]] = self._bus.wait_for_disconnect
        self._bus.disconnect()
        try:
            async with asyncio.timeout(BUS_CALL_LIMIT_S):
                await gone()
        except (DBusFastError, OSError, EOFError, TimeoutError):
            return


def _mark_read(task: "asyncio.Task[Message]") -> None:
    """Fetch the error of a call whose caller has gone, or asyncio reports it as never retrieved."""
    if not task.cancelled():
        task.exception()


async def connect(address: str, rules: list[str], on_message: "Callable[[Message], None]") -> BusSession:
    """Connect and subscribe to `rules`; every message goes to `on_message` too. Raises BusFailed."""
    from dbus_fast import DBusFastError
    from dbus_fast.aio import MessageBus

    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            bus = await MessageBus(bus_address=address).connect()
    except TimeoutError:
        raise BusFailed(f"the session bus at {address} accepts but does not answer") from None
    except (DBusFastError, OSError, EOFError) as error:
        raise BusFailed(f"the session bus at {address} cannot be reached: {error or 'end of file'}") from error
    session = BusSession(bus, address)
    bus.add_message_handler(on_message)
    try:
        session.guid = str((await session.ask_bus("GetId")).body[0])
        for rule in rules:
            await session.ask_bus("AddMatch", "s", rule)
    except BaseException:
        await session.aclose()
        raise
    return session


def current_address() -> str | None:
    """The session bus of this process's own environment."""
    return session_bus_address(os.environ, os.getuid())
