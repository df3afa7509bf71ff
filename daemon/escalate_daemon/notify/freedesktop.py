"""Pop-ups through org.freedesktop.Notifications (Desktop Notifications Specification 1.2), by D-Bus.

A handle is "bus run/server's unique name/id": an id means something only to the server that gave it. So a
handle of another run never closes or replaces someone else's pop-up. After our own restart it still holds.
"""

import asyncio
import html
import importlib.util
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from escalate_daemon.notify import dbus_session
from escalate_daemon.notify.base import (
    APP_NAME,
    Listener,
    Loudness,
    NotifyFailed,
    Popup,
    Probe,
    Shown,
    icon_path,
)
from escalate_daemon.notify.dbus_session import BusFailed, BusSession, Pending, Service

if TYPE_CHECKING:
    from dbus_fast import Message

log = logging.getLogger(__name__)

SERVICE: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"
_SERVER: Final = Service(SERVICE, PATH, SERVICE)
CALL_LIMIT_S: Final = 3.0  # a live server answers in 1 ms, a swamped one at login within this
HUNG_FOR_S: Final = 10.0  # after a silence the others do not wait for it, unless it answers meanwhile
_CLOSED_KEPT: Final = 1024  # handles known to be closed; an update of one of them is dropped
_EARLY_KEPT: Final = 32  # closings that overtook the reply with their id
_BY_PERSON: Final = 2  # NotificationClosed: dismissed by the user
_SERVER_KEEPS: Final = -1  # expire_timeout: as long as the server thinks right
_NEVER_EXPIRES: Final = 0
_URGENCY: Final = {Loudness.NORMAL: 1, Loudness.CRITICAL: 2}
_NO_BUS: Final = "no session bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no bus in XDG_RUNTIME_DIR"
_NO_BUS_MEND: Final = "start the daemon inside the desktop session, or set DBUS_SESSION_BUS_ADDRESS"
_HUNG_MEND: Final = "restart the desktop's notification server"
_NO_SERVER_MEND: Final = "start a notification server (the desktop's own, dunst, mako, ...)"
_RULES: Final = [
    f"type='signal',sender='{SERVICE}',path='{PATH}',interface='{SERVICE}'",
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{SERVICE}'",
]


@dataclass(slots=True)
class _Up:
    """A pop-up that stands on this server, for all we know."""

    tag: str
    touched: bool = False


def installed() -> bool:
    """Whether dbus-fast can be imported here."""
    return importlib.util.find_spec("dbus_fast") is not None


class FreedesktopNotifier:
    """The desktop's own notification server."""

    name = "freedesktop"

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._connecting = asyncio.Lock()
        self._session: BusSession | None = None
        self._owner: str | None = None  # the server's unique name
        self._capabilities: frozenset[str] | None = None  # of that owner
        self._hung_until = 0.0  # loop time
        self._up: dict[tuple[str, int], _Up] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._early: deque[tuple[str, int, int]] = deque(maxlen=_EARLY_KEPT)

    # --- Notifier ----------------------------------------------------------------------------------
    def listen(self, listener: Listener) -> None:
        """See base.Notifier."""
        self._listener = listener

    async def probe(self) -> Probe:
        """Ask the server who it is; starts it where the bus can."""
        try:
            session = await self._connected()
            reply = await self._answer(self._call(session, "GetServerInformation"))
        except NotifyFailed as error:
            found, _, mend = str(error).partition("; ")
            return Probe(usable=False, hears="none", found=found, mend=mend)
        name, _vendor, version = (str(word) for word in reply.body[:3])
        return Probe(usable=True, hears="popup", found=f"{name} {version} on the session bus")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier. A server that wakes later than the limit is told to the listener."""
        session = await self._connected()
        self._refuse_if_hung()
        replaced = None if replaces in self._closed else self._id_here(replaces, session)
        return await self._notify(session, popup, replaced or 0)

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier. Where the server itself was restarted, nobody closed it: it comes anew."""
        if handle in self._closed:
            return Shown(handle, "popup")
        session = await self._connected()
        self._refuse_if_hung()
        return await self._notify(session, popup, self._id_here(handle, session) or 0)

    async def close(self, handle: str) -> None:
        """See base.Notifier. A hung server gets the call in its queue and is not waited for."""
        session = await self._connected()
        number = self._id_here(handle, session)
        if number is None or handle in self._closed:
            return
        self._up.pop((self._owner or "", number), None)
        self._remember_closed(handle)
        pending = self._call(session, "CloseNotification", "u", number)
        if self._is_hung():
            return
        try:
            await pending.reply(CALL_LIMIT_S)
        except TimeoutError:
            raise self._hung() from None
        except BusFailed as error:
            log.debug("already gone: %s", error)  # the specification's answer for an id that is not up

    async def aclose(self) -> None:
        """See base.Notifier."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.aclose()

    # --- The connection ----------------------------------------------------------------------------
    async def _connected(self) -> BusSession:
        async with self._connecting:
            if self._session is not None and self._session.alive:
                return self._session
            await self.aclose()
            self._forget_server()
            address = dbus_session.current_address()
            if address is None:
                raise NotifyFailed(f"{_NO_BUS}; {_NO_BUS_MEND}")
            try:
                session = await dbus_session.connect(address, _RULES, self._hear)
                self._owner = await session.owner_of(SERVICE)
            except BusFailed as error:
                raise NotifyFailed(f"{error}; {_NO_BUS_MEND}") from error
            self._session = session
            return session

    def _forget_server(self) -> None:
        self._owner = None
        self._capabilities = None
        self._hung_until = 0.0
        self._up.clear()
        self._early.clear()

    def _call(self, session: BusSession, member: str, signature: str = "", *body: object) -> Pending:
        return session.call(_SERVER, member, signature, list(body))

    async def _answer(self, pending: Pending) -> "Message":
        try:
            reply = await pending.reply(CALL_LIMIT_S)
        except TimeoutError:
            pending.when_late(self._answered)
            raise self._hung() from None
        except BusFailed as error:
            raise NotifyFailed(f"no notification server: {error}; {_NO_SERVER_MEND}") from error
        self._answered(reply)
        return reply

    # --- A server that does not answer -------------------------------------------------------------
    def _is_hung(self) -> bool:
        return asyncio.get_running_loop().time() < self._hung_until

    def _refuse_if_hung(self) -> None:
        if self._is_hung():
            raise NotifyFailed(f"the notification server does not answer; {_HUNG_MEND}")

    def _hung(self) -> NotifyFailed:
        self._hung_until = asyncio.get_running_loop().time() + HUNG_FOR_S
        return NotifyFailed(f"the notification server did not answer for {CALL_LIMIT_S:g} s; {_HUNG_MEND}")

    def _answered(self, reply: "Message") -> None:
        self._hung_until = 0.0
        if reply.sender and reply.sender != self._owner:
            self._owner, self._capabilities = reply.sender, None

    # --- Notify ------------------------------------------------------------------------------------
    async def _notify(self, session: BusSession, popup: Popup, replaced: int) -> Shown:
        if self._capabilities is None:
            reply = await self._answer(self._call(session, "GetCapabilities"))
            self._capabilities = frozenset(str(word) for word in reply.body[0])
        body = _notify_body(popup, replaced, self._capabilities)
        pending = self._call(session, "Notify", "susssasa{sv}i", *body)
        try:
            reply = await self._answer(pending)
        except NotifyFailed:
            pending.when_late(lambda reply: self._came_late(session, popup, reply))
            raise
        return self._stands(session, popup, reply)

    def _stands(self, session: BusSession, popup: Popup, reply: "Message") -> Shown:
        owner, number = reply.sender or "", int(reply.body[0])
        handle = _handle(session, owner, number)
        self._up[owner, number] = _Up(popup.tag)
        self._closed.pop(handle, None)
        for early in tuple(self._early):
            if early[:2] == (owner, number):
                self._early.remove(early)
                self._was_closed(*early)
        return Shown(handle, "popup")

    def _came_late(self, session: BusSession, popup: Popup, reply: "Message") -> None:
        shown = self._stands(session, popup, reply)
        if self._listener is not None:
            self._listener.came_late(popup.tag, shown)

    def _id_here(self, handle: str | None, session: BusSession) -> int | None:
        """The id, where the handle is of this very run of the server."""
        run, _, number = (handle or "").rpartition("/")
        if self._owner is None or run != f"{session.guid}/{self._owner}" or not number.isdecimal():
            return None
        return int(number)

    # --- Signals -----------------------------------------------------------------------------------
    def _hear(self, message: "Message") -> None:
        match message.interface, message.member, message.body:
            case "org.freedesktop.DBus", "NameOwnerChanged", [str(name), str(), str(owner)]:
                if name == SERVICE and message.sender == "org.freedesktop.DBus":
                    self._owner_changed(owner)
            case interface, "NotificationClosed", [int(number), int(reason)] if interface == SERVICE:
                self._was_closed(message.sender or "", number, reason)
            case interface, "ActionInvoked", [int(number), str(action)] if interface == SERVICE:
                self._was_invoked(message.sender or "", number, action)

    def _owner_changed(self, owner: str) -> None:
        log.info("notification server: %s", owner or "gone")
        if owner != self._owner:
            self._forget_server()
            self._owner = owner or None

    def _was_closed(self, sender: str, number: int, reason: int) -> None:
        up = self._up.pop((sender, number), None)
        handle = _handle(self._session, sender, number) if self._session is not None else ""
        if up is None:
            if handle not in self._closed:  # else it is the echo of our own close()
                self._early.append((sender, number, reason))
            return
        self._remember_closed(handle)
        if reason == _BY_PERSON:
            self._was_touched(up)

    def _was_invoked(self, sender: str, number: int, action: str) -> None:
        up = self._up.get((sender, number))
        if up is not None and action == "default":
            self._was_touched(up)

    def _was_touched(self, up: _Up) -> None:
        if not up.touched and self._listener is not None:
            up.touched = True
            self._listener.touched(up.tag)

    def _remember_closed(self, handle: str) -> None:
        self._closed[handle] = None
        while len(self._closed) > _CLOSED_KEPT:
            self._closed.popitem(last=False)


def _handle(session: BusSession, owner: str, number: int) -> str:
    return f"{session.guid}/{owner}/{number}"


def _notify_body(popup: Popup, replaced: int, capabilities: frozenset[str]) -> list[Any]:
    """The arguments of Notify. The title is never markup; the body is where the server says so."""
    from dbus_fast import Variant

    critical = popup.loudness is Loudness.CRITICAL
    icon = icon_path(popup.colour).as_uri()
    hints = {
        "urgency": Variant("y", _URGENCY[popup.loudness]),
        "category": Variant("s", f"x-escalate.{popup.colour.value}"),
        "image-path": Variant("s", icon),
        "suppress-sound": Variant("b", True),  # servers that advertise sound may be silent: we play it ourselves
    }
    body = html.escape(popup.body, quote=False) if "body-markup" in capabilities else popup.body
    title = f" {popup.title}" if popup.title.startswith("-") else popup.title
    return [
        APP_NAME,
        replaced,
        icon,
        title,
        body,
        _actions(capabilities),
        hints,
        _NEVER_EXPIRES if critical else _SERVER_KEEPS,
    ]


def _actions(capabilities: frozenset[str]) -> list[str]:
    """Pairs of key and label. `default` is a click on the pop-up itself: somebody saw it."""
    return ["default", "Seen"] if "actions" in capabilities else []
