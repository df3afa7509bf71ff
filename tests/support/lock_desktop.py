"""A screen saver and a logind of a test's own, on a bus of its own: they answer and signal as the real ones do."""

import os
from dataclasses import dataclass, field
from typing import Final

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

SAVER: Final = "org.freedesktop.ScreenSaver"
MUTTER: Final = "org.gnome.Mutter.IdleMonitor"
LOGIND: Final = "org.freedesktop.login1"
SESSION: Final = "org.freedesktop.login1.Session"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
SESSIONS: Final = "/org/freedesktop/login1/session/"


@dataclass
class LockDesktop:
    """What it answers; change it, then `signal`. `sessions`: path's end -> the uid whose it is."""

    active: bool = False
    idle: int = 0  # as GetSessionIdleTime says it
    idle_ms: int = 0  # as mutter does
    locked: bool = False
    sessions: dict[str, int] = field(default_factory=lambda: {"_32": os.getuid(), "_33": os.getuid() + 1})
    idle_since_us: int | None = None
    kind: str = "wayland"
    _bus: MessageBus | None = None

    async def come(self, address: str, *names: str) -> None:
        """Be there under those names."""
        self._bus = await MessageBus(bus_address=address).connect()
        self._bus.add_message_handler(self._heard)
        for name in names:
            await self._bus.request_name(name)

    async def leave(self, name: str) -> None:
        """Be there under that name no more."""
        assert self._bus is not None
        await self._bus.release_name(name)

    def go(self) -> None:
        """Be gone."""
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()

    def saver_says(self, active: bool) -> None:
        """ActiveChanged."""
        self.active = active
        self._signal("/org/freedesktop/ScreenSaver", SAVER, "ActiveChanged", "b", [active])

    def logind_says(self, member: str, session: str = "_32") -> None:
        """Lock or Unlock."""
        self._signal(SESSIONS + session, SESSION, member, "", [])

    def hint_says(self, locked: bool, session: str = "_32") -> None:
        """LockedHint changed."""
        self.locked = locked
        body: list[object] = [SESSION, {"LockedHint": Variant("b", locked)}, []]
        self._signal(SESSIONS + session, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[object]) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _heard(self, call: Message) -> bool:
        if call.message_type is not MessageType.METHOD_CALL:
            return False
        reply = self._answer(call)
        if reply is None or self._bus is None:
            return False
        self._bus.send(reply)
        return True

    def _answer(self, call: Message) -> Message | None:
        match call.interface, call.member:
            case _, "GetActive":
                return Message.new_method_return(call, "b", [self.active])
            case _, "GetSessionIdleTime":
                return Message.new_method_return(call, "u", [self.idle])
            case _, "GetIdletime":
                return Message.new_method_return(call, "t", [self.idle_ms])
            case _, "ListSessions":
                rows = [["2", uid, "ana", "seat0", SESSIONS + end] for end, uid in self.sessions.items()]
                return Message.new_method_return(call, "a(susso)", [rows])
            case "org.freedesktop.DBus.Properties", "Get":
                return Message.new_method_return(call, "v", [self._property(str(call.body[1]))])
        return None

    def _property(self, name: str) -> Variant:
        match name:
            case "LockedHint":
                return Variant("b", self.locked)
            case "IdleHint":
                return Variant("b", self.idle_since_us is not None)
            case "IdleSinceHintMonotonic":
                return Variant("t", self.idle_since_us or 0)
        return Variant("s", self.kind)
