"""Who knows whether the screen is locked and the person idle: the session bus's screen savers, and logind.

Each is one connection that is made again whenever it breaks; what it said last stands meanwhile.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from escalate_daemon.notify.dbus_session import BUS_CALL_LIMIT_S, BusFailed, BusSession, Service
from escalate_daemon.notify.desktop_bus import DesktopBus

if TYPE_CHECKING:
    from dbus_fast import Message

_SAVERS: Final = (
    Service("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"),
    Service("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"),
    Service("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver", "org.cinnamon.ScreenSaver"),
    Service("org.mate.ScreenSaver", "/org/mate/ScreenSaver", "org.mate.ScreenSaver"),
    Service("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver", "org.xfce.ScreenSaver"),
)
_MUTTER: Final = Service(
    "org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor"
)
_KDE: Final = "org.kde.screensaver"  # beside it the same call counts milliseconds; by the specification, seconds
_LOGIND: Final = "org.freedesktop.login1"
_MANAGER: Final = Service(_LOGIND, "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
_SESSION: Final = "org.freedesktop.login1.Session"
_SESSIONS: Final = "/org/freedesktop/login1/session"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_SYSTEM_BUS: Final = "unix:path=/run/dbus/system_bus_socket"
_GRAPHICAL: Final = ("x11", "wayland", "mir")
_BUS: Final = "org.freedesktop.DBus"
_HEARD_MAX: Final = 64  # signals not yet looked at; past that one look tells all


class _Source:
    """One connection, and a task that looks when it is new and hears what it signals."""

    def __init__(self, service: str, rules: list[str], addresses: Callable[[], list[str]] | None) -> None:
        self._bus = DesktopBus(service, rules, self, addresses)
        self._heard: deque[Message] = deque(maxlen=_HEARD_MAX)
        self._fresh = False
        self._kick = asyncio.Event()
        self.session: BusSession | None = None
        self.looked = False  # once: before, what it says is a guess
        self.changed: Callable[[], None] = lambda: None

    def settled(self, session: BusSession, owner: str | None, *, startable: bool) -> None:
        """See desktop_bus.Guest."""
        self.session = session
        self._look_again()

    def hear(self, message: "Message") -> None:
        """See desktop_bus.Guest. Answers to our own calls come by here too."""
        if message.interface and message.member and message.message_type.name == "SIGNAL":
            self._heard.append(message)
            self._kick.set()

    def left(self) -> None:
        """See desktop_bus.Guest."""
        self.session = None
        self._heard.clear()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._bus.watch(), name=f"{type(self).__name__} bus")
                while True:
                    await self._kick.wait()
                    self._kick.clear()
                    await self._turn()
        finally:
            await self._bus.aclose()

    def _look_again(self) -> None:
        self._fresh = True
        self._kick.set()

    async def _turn(self) -> None:
        while self.session is not None and (self._fresh or self._heard):
            if self._fresh:
                self._fresh = False
                await self._look(self.session)
                self.looked = True
            elif self._heard:
                await self._take(self.session, self._heard.popleft())
        self.changed()

    async def _look(self, session: BusSession) -> None:
        """Ask how it is now."""
        raise NotImplementedError

    async def _take(self, session: BusSession, message: "Message") -> None:
        """A signal came."""
        raise NotImplementedError


class ScreenSavers(_Source):
    """The screen savers of the person's session bus. `unlocked_seen` is called when one says that it went."""

    def __init__(self, addresses: Callable[[], list[str]] | None = None) -> None:
        rules = [f"type='signal',interface='{saver.interface}',member='ActiveChanged'" for saver in _SAVERS]
        rules += [_owner_changes(saver.name) for saver in _SAVERS]
        super().__init__(_SAVERS[0].name, rules, addresses)
        self._active: dict[str, bool] = {}
        self.unlocked_seen: Callable[[], None] = lambda: None

    @property
    def locked(self) -> bool:
        """Whether one of them is on."""
        return any(self._active.values())

    async def idle_s(self) -> float:
        """How long nobody touched anything, as far as the session knows; 0 where it does not."""
        if self.session is None:
            return 0.0
        found = await ask(self.session, _MUTTER, "GetIdletime")
        if isinstance(found, int):
            return found / 1000
        found = await ask(self.session, _SAVERS[0], "GetSessionIdleTime")
        if not isinstance(found, int):
            return 0.0
        return found / 1000 if await _owned(self.session, _KDE) else float(found)

    async def _look(self, session: BusSession) -> None:
        self._active = {saver.interface: await ask(session, saver, "GetActive") is True for saver in _SAVERS}

    async def _take(self, session: BusSession, message: "Message") -> None:
        if _is_owner_change(message):
            self._fresh = True
        elif message.signature == "b" and message.interface and message.member == "ActiveChanged":
            self._active[message.interface] = bool(message.body[0])
            if not message.body[0]:
                self.unlocked_seen()


class Logind(_Source):
    """The person's own sessions at logind. Not every desktop writes its lock down there; some only hear `Lock`."""

    def __init__(self, addresses: Callable[[], list[str]] | None = None) -> None:
        rules = [
            f"type='signal',sender='{_LOGIND}',interface='{_SESSION}'",
            f"type='signal',sender='{_LOGIND}',interface='{_PROPERTIES}',path_namespace='{_SESSIONS}'",
            _owner_changes(_LOGIND),
        ]
        super().__init__(_LOGIND, rules, addresses or system_bus_addresses)
        self._owner: str | None = None  # whoever else signals is not logind
        self._mine: dict[str, bool] = {}  # every session's path -> whether it is this person's
        self._hints: dict[str, bool] = {}
        self._told: set[str] = set()  # told to lock, and not yet to unlock

    @property
    def locked(self) -> bool:
        """Whether one of the person's sessions is."""
        return bool(self._told) or any(self._hints.values())

    def forget_told(self) -> None:
        """Somebody who knows says that the screen is not locked."""
        self._told.clear()

    async def idle_s(self) -> float:
        """How long every session of the person has been idle; 0 where one is not, or the desktop does not tell."""
        waits = [await self._idle_of(path) for path, mine in self._mine.items() if mine]
        return min((wait for wait in waits if wait is not None), default=0.0)

    def settled(self, session: BusSession, owner: str | None, *, startable: bool) -> None:
        """See desktop_bus.Guest."""
        self._owner = owner
        super().settled(session, owner, startable=startable)

    async def _look(self, session: BusSession) -> None:
        if self._owner is None:
            self._mine, self._hints = {}, {}
            self._told.clear()
            return
        listed = await ask(session, _MANAGER, "ListSessions")
        rows = listed if isinstance(listed, list) else []
        self._mine = {str(row[4]): row[1] == os.getuid() for row in rows if len(row) == 5}
        mine = [path for path, mine in self._mine.items() if mine]
        self._hints = {path: await self._get(path, "LockedHint") is True for path in mine}
        self._told &= set(mine)

    async def _take(self, session: BusSession, message: "Message") -> None:
        if _is_owner_change(message):
            self._owner = message.body[2] or None
            self._fresh = True
            return
        path = message.path or ""
        if message.sender != self._owner or not path.startswith(_SESSIONS):
            return
        if path not in self._mine:
            await self._look(session)
            self._mine.setdefault(path, False)  # gone already
        if self._mine[path]:
            self._hear_of(path, message)

    def _hear_of(self, path: str, message: "Message") -> None:
        if message.interface == _SESSION and message.member in ("Lock", "Unlock"):
            if message.member == "Lock":
                self._told.add(path)
            else:
                self._told.discard(path)
                self._hints[path] = False
        elif message.member == "PropertiesChanged" and message.signature == "sa{sv}as":
            hint = message.body[1].get("LockedHint")
            if message.body[0] == _SESSION and hint is not None:
                self._hints[path] = hint.value is True
                if not self._hints[path]:
                    self._told.discard(path)

    async def _idle_of(self, path: str) -> float | None:
        """None: a session without a desktop, such as ssh, says nothing of who sits where."""
        if await self._get(path, "Type") not in _GRAPHICAL:
            return None
        if await self._get(path, "IdleHint") is not True:
            return 0.0
        since_us = await self._get(path, "IdleSinceHintMonotonic")
        return max(0.0, time.monotonic() - since_us / 1e6) if isinstance(since_us, int) else 0.0

    async def _get(self, path: str, name: str) -> object:
        if self.session is None:
            return None
        found = await ask(self.session, Service(_LOGIND, path, _PROPERTIES), "Get", "ss", _SESSION, name)
        value: object = getattr(found, "value", None)  # a Variant
        return value


async def ask(session: BusSession, service: Service, member: str, signature: str = "", *body: object) -> object:
    """The first value of the answer; None where there is none, or nobody to ask. Starts nobody."""
    try:
        if await session.owner_of(service.name) is None:
            return None
        reply = await session.call(service, member, signature, list(body)).reply(BUS_CALL_LIMIT_S)
    except (BusFailed, TimeoutError):
        return None
    found: object = reply.body[0] if reply.body else None
    return found


def _owner_changes(name: str) -> str:
    return f"type='signal',sender='{_BUS}',interface='{_BUS}',member='NameOwnerChanged',arg0='{name}'"


def _is_owner_change(message: "Message") -> bool:
    return message.member == "NameOwnerChanged" and message.sender == _BUS and message.signature == "sss"


async def _owned(session: BusSession, name: str) -> bool:
    try:
        return await session.owner_of(name) is not None
    except BusFailed:
        return False


def system_bus_addresses() -> list[str]:
    """Where the system bus may be."""
    return [os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or _SYSTEM_BUS]
