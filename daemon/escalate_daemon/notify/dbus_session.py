"""One connection to the session bus through dbus-fast, in which every call has a time limit.

Knows no notifications. dbus-fast is imported only when a connection is made: it exists on Linux only.
"""

import asyncio
import logging
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

log = logging.getLogger(__name__)

CONNECT_LIMIT_S: Final = 2.0  # a live bus takes 2 ms; connect() itself has no limit
BUS_CALL_LIMIT_S: Final = 2.0  # the bus daemon itself answers in under a millisecond
_LAUNCHED_MAX: Final = 3  # of the addresses that dbus-launch left: most are of logins long gone


@dataclass(frozen=True, slots=True)
class Service:
    """Something on the bus that can be called."""

    name: str
    path: str
    interface: str


_BUS: Final = Service("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class BusFailed(Exception):
    """The bus cannot be reached, was lost, or answered with an error; the text says which."""


class CallRefused(BusFailed):
    """The bus stands, and an error came back: `error` is its D-Bus name."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(f"{error}: {words}")
        self.error = error


def session_bus_addresses(env: Mapping[str, str], uid: int) -> list[str]:
    """Where the session bus may be, the likeliest first: after a new login that is not where it was at our start."""
    runtime = [env.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}"]
    sockets = [Path(folder) / "bus" for folder in runtime if folder]
    told = env.get("DBUS_SESSION_BUS_ADDRESS")
    # dbus-fast refuses '~', which quote() leaves alone.
    found = ["unix:path=" + quote(str(path)).replace("~", "%7E") for path in sockets if _is_socket(path)]
    return list(dict.fromkeys([*([told] if told else []), *found, *_launched(env.get("HOME"))]))


def session_bus_address(env: Mapping[str, str], uid: int) -> str | None:
    """Where the session bus most likely is; None: there is none. dbus-fast itself looks only into the environment."""
    return next(iter(session_bus_addresses(env, uid)), None)


def _launched(home: str | None) -> list[str]:
    """The buses that dbus-launch wrote down for its X displays, the newest first."""
    try:
        files = [
            (file.stat().st_mtime, file) for file in (Path(home or "/nonexistent") / ".dbus/session-bus").iterdir()
        ]
        lines = [line for _, file in sorted(files, reverse=True) for line in file.read_text().splitlines()]
    except (OSError, UnicodeDecodeError):
        return []
    key = "DBUS_SESSION_BUS_ADDRESS="
    return [line.removeprefix(key).strip("'\"") for line in lines if line.startswith(key)][:_LAUNCHED_MAX]


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


class GivenUp(BusFailed):
    """Whoever was asked is not the one to ask any more."""


class Pending:
    """A call that was sent. Its reply may come after the caller has stopped waiting."""

    def __init__(self, task: "asyncio.Task[Message]") -> None:
        self._task = task
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def reply(self, limit_s: float) -> "Message":
        """The reply. TimeoutError after `limit_s`, GivenUp, and the call stays open; BusFailed for an error."""
        either: set[asyncio.Future[Any]] = {self._task, self._given_up}
        await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self._task.cancelled():
            raise BusFailed("the connection to the session bus was let go")
        if self._task.done():
            return self._task.result()
        if self._given_up.done():
            raise GivenUp("another owner took the name while it was asked")
        raise TimeoutError

    def give_up(self) -> None:
        """Have all who wait stop waiting."""
        if not self._given_up.done():
            self._given_up.set_result(None)

    def when_late(self, tell: "Callable[[Message | None], None]") -> None:
        """Call `tell` with the reply once it comes, with None where it is known that none will."""

        def finished(task: "asyncio.Task[Message]") -> None:
            tell(None if task.cancelled() or task.exception() is not None else task.result())

        self._task.add_done_callback(finished)


class BusSession:
    """A connection that stands. `guid` is this run of the bus: unique names mean nothing in another."""

    def __init__(self, bus: "MessageBus", address: str) -> None:
        self._bus = bus
        self.address = address
        self.guid = ""
        self._calls: set[asyncio.Task[Message]] = set()
        self._gone = asyncio.create_task(self._until_gone(), name="dbus gone")

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
        except CallRefused:
            return None
        return str(reply.body[0])

    async def can_start(self, name: str) -> bool:
        """Whether the bus would start somebody who owns `name`."""
        return name in (await self.ask_bus("ListActivatableNames")).body[0]

    async def gone(self) -> None:
        """Until the connection breaks or is let go."""
        await asyncio.wait({self._gone})

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
            raise CallRefused(reply.error_name or "", str(reply.body[0]) if reply.body else "no words")
        return reply

    async def aclose(self) -> None:
        """Disconnect; open calls end with BusFailed."""
        for task in tuple(self._calls):
            task.cancel()
        if self._calls:
            await asyncio.wait(tuple(self._calls))
        if self.alive:
            self._bus.disconnect()
        await asyncio.wait({self._gone}, timeout=BUS_CALL_LIMIT_S)
        self._gone.cancel()

    async def _until_gone(self) -> None:
        from dbus_fast import DBusFastError

        until_gone: Callable[[], Awaitable[None]] = self._bus.wait_for_disconnect
        try:
            await until_gone()
        except (DBusFastError, OSError, EOFError) as error:
            log.debug("the session bus is gone: %s", error or "end of file")


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


def current_addresses() -> list[str]:
    """Where the session bus of this process's person may be now."""
    return session_bus_addresses(os.environ, os.getuid())


def current_address() -> str | None:
    """The likeliest of them."""
    return next(iter(current_addresses()), None)
