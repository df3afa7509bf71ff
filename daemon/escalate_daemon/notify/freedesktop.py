"""Pop-ups through org.freedesktop.Notifications (Desktop Notifications Specification 1.2), by D-Bus.

A handle is "bus run/server's unique name/id": an id means something only to the server that gave it. So a
handle of another run never closes or replaces someone else's pop-up. After our own restart it still holds.
"""

import asyncio
import importlib.util
import logging
from collections import OrderedDict, deque
from functools import partial
from typing import TYPE_CHECKING, Final

from escalate_daemon.notify.base import Listener, NotifyFailed, Popup, Press, Probe, Shown
from escalate_daemon.notify.dbus_session import BusFailed, BusSession, CallRefused, GivenUp, Pending, Service
from escalate_daemon.notify.desktop_bus import DesktopBus
from escalate_daemon.notify.freedesktop_words import notify_body
from escalate_daemon.notify.server_state import ServerState, Up

if TYPE_CHECKING:
    from dbus_fast import Message

log = logging.getLogger(__name__)

SERVICE: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"
CALL_LIMIT_S: Final = 1.5  # a live server answers in 1 ms; whoever shows in its stead shall do so within 2 s
HUNG_FOR_S: Final = 10.0  # after a silence the others do not wait for it, unless it answers meanwhile
REFUSED_FOR_S: Final = 5.0  # after an error (too many pop-ups in a short time, for one) it is asked again
_RESTARTS: Final = 6  # so many servers within this time: its session restarts it, and it dies again
_RESTARTS_WITHIN_S: Final = 10.0
_CLOSED_KEPT: Final = 1024  # handles known to be closed; an update of one of them is dropped
_EARLY_KEPT: Final = 32  # closings that overtook the reply with their id
_BY_PERSON: Final = 2  # NotificationClosed: dismissed by the user
_NO_BUS: Final = "no session bus: DBUS_SESSION_BUS_ADDRESS is not set, and there is no bus in XDG_RUNTIME_DIR"
_NO_BUS_MEND: Final = "start the daemon inside the desktop session, or set DBUS_SESSION_BUS_ADDRESS"
_HUNG_MEND: Final = "restart the desktop's notification server"
_NO_SERVER_MEND: Final = "start a notification server (the desktop's own, dunst, mako, ...)"
_FROM_BUS: Final = "org.freedesktop.DBus.Error."  # errors of these names are the bus's word, not the server's
_NOBODY: Final = frozenset(_FROM_BUS + word for word in ("ServiceUnknown", "NameHasNoOwner", "NoReply", "TimedOut"))
_RULES: Final = [
    f"type='signal',sender='{SERVICE}',path='{PATH}',interface='{SERVICE}'",
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{SERVICE}'",
]


class _Replaced(NotifyFailed):
    """Another server took the name while the first was asked."""


def installed() -> bool:
    """Whether dbus-fast can be imported here."""
    return importlib.util.find_spec("dbus_fast") is not None


class FreedesktopNotifier:
    """The desktop's own notification server. A desktop_bus.Guest."""

    name = "freedesktop"

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._bus = DesktopBus(SERVICE, _RULES, self)
        self._server = ServerState()
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._early: deque[tuple[str, int, int]] = deque(maxlen=_EARLY_KEPT)
        self._asks_again: asyncio.TimerHandle | None = None
        self._came_at: deque[float] = deque(maxlen=_RESTARTS)

    # --- Notifier ----------------------------------------------------------------------------------
    def listen(self, listener: Listener) -> None:
        """See base.Notifier."""
        self._listener = listener

    async def watch(self) -> None:
        """See base.Notifier."""
        await self._bus.watch()

    def keeps(self, handle: str) -> bool:
        """See base.Notifier."""
        return handle in self._closed or self._id_here(handle) is not None

    async def probe(self) -> Probe:
        """Ask the server who it is; starts it where the bus can."""
        try:
            session = await self._connected()
            self._refuse_if_hung()
            await self._learn_capabilities(session)
            reply = await self._answer(self._call(session, "GetServerInformation"), "ssss")
        except NotifyFailed as error:
            return self._unusable(str(error))
        server = self._server
        name, vendor, version = (str(word) for word in reply.body[:3])
        server.words = name, vendor, version
        if server.refused:
            return self._unusable(server.refused)
        found = f"{name} {version} on the session bus"
        return Probe(usable=True, hears="popup", found=found, server=server.seen_as(answers=True), bus=session.address)

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier. A server that wakes later than the limit is told to the listener."""
        replaced = None if replaces in self._closed else replaces
        try:
            return await self._notify(popup, replaced)
        except _Replaced:
            return await self._notify(popup, replaced)

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier. Where the server itself was restarted, nobody closed it: it comes anew."""
        if handle in self._closed:
            return Shown(handle, "popup")
        return await self.show(popup, handle)

    async def close(self, handle: str) -> None:
        """See base.Notifier. A hung server gets the call in its queue and is not waited for."""
        session = await self._connected()
        number = self._id_here(handle)
        if number is None or handle in self._closed:
            return
        self._server.up.pop(number, None)
        self._remember_closed(handle)
        pending = self._call(session, "CloseNotification", "u", number)
        if self._is_hung():
            return
        try:
            await self._waited(pending)
        except TimeoutError:
            raise self._hung() from None
        except BusFailed as error:
            log.debug("already gone: %s", error)  # the specification's answer for an id that is not up

    async def aclose(self) -> None:
        """See base.Notifier."""
        if self._asks_again is not None:
            self._asks_again.cancel()
        await self._bus.aclose()

    # --- The connection (desktop_bus.Guest) --------------------------------------------------------
    def settled(self, session: BusSession, owner: str | None, *, startable: bool) -> None:
        """See desktop_bus.Guest."""
        log.info("session bus: %s, notification server: %s", session.address, owner or "none")
        self._server = ServerState(owner)
        if owner is not None or startable:
            self._turn(able=True)

    def left(self) -> None:
        """See desktop_bus.Guest."""
        log.info("session bus: gone")
        self._server = ServerState()
        self._early.clear()
        self._turn(able=False)

    def hear(self, message: "Message") -> None:
        """See desktop_bus.Guest."""
        match message.interface, message.member, message.body:
            case "org.freedesktop.DBus", "NameOwnerChanged", [str(name), str(), str(owner)]:
                if name == SERVICE and message.sender == "org.freedesktop.DBus":
                    self._owner_changed(owner or None)
            case interface, "NotificationClosed", [int(number), int(reason)] if interface == SERVICE:
                self._was_closed(message.sender or "", number, reason)
            case interface, "ActionInvoked", [int(number), str(action)] if interface == SERVICE:
                self._was_invoked(message.sender or "", number, action)

    async def _connected(self) -> BusSession:
        try:
            session = await self._bus.connected()
        except BusFailed as error:
            raise NotifyFailed(f"{error}; {_NO_BUS_MEND}") from error
        if session is None:
            raise NotifyFailed(f"{_NO_BUS}; {_NO_BUS_MEND}")
        return session

    def _owner_changed(self, owner: str | None) -> None:
        before = self._server
        if owner == before.owner:
            return
        log.info("notification server: %s", owner or "gone")
        # What was asked while nobody owned the name waits in the bus for the one who does now.
        self._server = ServerState(owner, owed=before.owed if before.owner is None else {})
        self._early.clear()
        if before.owner is not None:
            for pending in tuple(before.waited_for):
                pending.give_up()
            if owner is not None:
                self._clear(before)
        if owner is not None:
            self._came()
        else:
            self._turn(able=False)  # one that the bus can start is started by whoever asks next

    def _came(self) -> None:
        """A server is there. One that dies of what it is shown is not shown it as fast as it can be started."""
        now = asyncio.get_running_loop().time()
        self._came_at.append(now)
        if len(self._came_at) == _RESTARTS and now - self._came_at[0] < _RESTARTS_WITHIN_S:
            self._ask_later()
        else:
            self._turn(able=True)

    def _clear(self, before: ServerState) -> None:
        """Whoever lost the name may live on with our pop-ups, which come up in the new server."""
        for number in before.up:
            self._close_at(before.owner, number)

    def _close_at(self, owner: str | None, number: int) -> None:
        if self._bus.session is not None and owner is not None:
            self._bus.session.call(Service(owner, PATH, SERVICE), "CloseNotification", "u", [number])

    def _turn(self, *, able: bool) -> None:
        """Tell the listener, soon: replies that came together with the news are taken first."""
        if self._listener is not None:
            asyncio.get_running_loop().call_soon(self._listener.back if able else self._listener.gone)

    # --- Calls, and a server that does not answer --------------------------------------------------
    def _call(self, session: BusSession, member: str, signature: str = "", *body: object) -> Pending:
        return session.call(Service(SERVICE, PATH, SERVICE), member, signature, list(body))

    async def _answer(self, pending: Pending, signature: str) -> "Message":
        try:
            reply = await self._waited(pending)
        except TimeoutError:
            pending.when_late(self._answered)
            raise self._hung() from None
        except GivenUp as error:
            raise _Replaced(f"{error}; {_HUNG_MEND}") from error
        except BusFailed as error:
            raise self._failed(error) from error
        self._answered(reply)
        if reply.signature != signature:
            raise self._failed(CallRefused("nonsense", f"an answer of type '{reply.signature}'"))
        return reply

    async def _waited(self, pending: Pending) -> "Message":
        server = self._server
        server.waited_for.add(pending)
        try:
            return await pending.reply(CALL_LIMIT_S)
        finally:
            server.waited_for.discard(pending)

    def _failed(self, error: BusFailed) -> NotifyFailed:
        if not isinstance(error, CallRefused):
            return NotifyFailed(f"{error}; {_NO_BUS_MEND}")
        if error.error in _NOBODY or error.error.startswith(f"{_FROM_BUS}Spawn."):
            return NotifyFailed(f"no notification server: {error}; {_NO_SERVER_MEND}")
        self._server.refused = f"the notification server refuses: {error}; {_HUNG_MEND}"
        self._ask_later()
        return NotifyFailed(self._server.refused)

    def _ask_later(self) -> None:
        if self._asks_again is None:
            self._asks_again = asyncio.get_running_loop().call_later(REFUSED_FOR_S, self._ask_again)
            self._turn(able=False)

    def _ask_again(self) -> None:
        self._asks_again = None
        self._turn(able=True)

    def _is_hung(self) -> bool:
        until = self._server.hung_until
        return until is not None and asyncio.get_running_loop().time() < until

    def _refuse_if_hung(self) -> None:
        if self._is_hung():
            raise NotifyFailed(f"the notification server does not answer; {_HUNG_MEND}")

    def _hung(self) -> NotifyFailed:
        if self._server.hung_until is None:
            self._turn(able=False)
        self._server.hung_until = asyncio.get_running_loop().time() + HUNG_FOR_S
        return NotifyFailed(f"the notification server did not answer for {CALL_LIMIT_S:g} s; {_HUNG_MEND}")

    def _answered(self, reply: "Message | None") -> None:
        if reply is not None and reply.sender == self._server.owner and self._server.hung_until is not None:
            log.info("the notification server answers again")
            self._server.hung_until = None
            self._turn(able=True)

    def _unusable(self, why: str) -> Probe:
        found, _, mend = why.partition("; ")
        session = self._bus.session
        answers = self._server.hung_until is None
        server = self._server.seen_as(answers=answers) if self._server.owner is not None else None
        address = "" if session is None else session.address
        return Probe(usable=False, hears="none", found=found, mend=mend, server=server, bus=address)

    # --- Notify ------------------------------------------------------------------------------------
    async def _notify(self, popup: Popup, replaces: str | None) -> Shown:
        session = await self._connected()
        self._refuse_if_hung()
        capabilities = await self._learn_capabilities(session)
        replaced = self._id_here(replaces) or 0
        if (owed := self._server.owed.get(popup.tag)) is not None:
            # It may come yet, and a second call would make a second pop-up.
            replaced = int((await self._answer(owed, "u")).body[0])
        pending = self._call(session, "Notify", "susssasa{sv}i", *notify_body(popup, replaced, capabilities))
        self._server.owed[popup.tag] = pending
        try:
            reply = await self._answer(pending, "u")
        except NotifyFailed:
            pending.when_late(partial(self._came_late, session, popup, pending))
            raise
        self._settle_debt(popup.tag, pending)
        if reply.sender != self._server.owner:
            self._close_at(reply.sender, int(reply.body[0]))
            raise _Replaced(f"the notification server was replaced; {_HUNG_MEND}")
        self._server.refused = ""
        return self._stands(session, popup, reply)

    async def _learn_capabilities(self, session: BusSession) -> frozenset[str]:
        server = self._server
        if server.capabilities is None:
            reply = await self._answer(self._call(session, "GetCapabilities"), "as")
            server = self._server  # asking may have started it
            server.capabilities = frozenset(str(word) for word in reply.body[0])
        return server.capabilities

    def _settle_debt(self, tag: str, pending: Pending) -> None:
        if self._server.owed.get(tag) is pending:
            del self._server.owed[tag]

    def _stands(self, session: BusSession, popup: Popup, reply: "Message") -> Shown:
        owner, number = reply.sender or "", int(reply.body[0])
        handle = _handle(session, owner, number)
        self._server.up[number] = Up(popup.tag)
        self._closed.pop(handle, None)
        for early in tuple(self._early):
            if early[:2] == (owner, number):
                self._early.remove(early)
                self._was_closed(*early)
        return Shown(handle, "popup")

    def _came_late(self, session: BusSession, popup: Popup, pending: Pending, reply: "Message | None") -> None:
        self._settle_debt(popup.tag, pending)
        if reply is None or reply.signature != "u" or session is not self._bus.session:
            return
        if reply.sender != self._server.owner:  # one that lost the name while it hung: nobody would find it there
            self._close_at(reply.sender, int(reply.body[0]))
        elif self._listener is not None:
            self._listener.came_late(popup, self._stands(session, popup, reply))

    def _id_here(self, handle: str | None) -> int | None:
        """The id, where the handle is of this very run of the server."""
        session, owner = self._bus.session, self._server.owner
        run, _, number = (handle or "").rpartition("/")
        if session is None or owner is None or run != f"{session.guid}/{owner}" or not number.isdecimal():
            return None
        return int(number)

    # --- What the person does ----------------------------------------------------------------------
    def _was_closed(self, sender: str, number: int, reason: int) -> None:
        if sender != self._server.owner or self._bus.session is None:
            return
        up = self._server.up.pop(number, None)
        handle = _handle(self._bus.session, sender, number)
        if up is None:
            if handle not in self._closed:  # else it is the echo of our own close()
                self._early.append((sender, number, reason))
            return
        self._remember_closed(handle)
        if reason == _BY_PERSON:
            self._was_touched(up)

    def _was_invoked(self, sender: str, number: int, action: str) -> None:
        up = self._server.up.get(number)
        if up is None or sender != self._server.owner:
            return
        press = next((each for each in Press if each == action), None)
        if press is None:
            self._was_touched(up)
            self._close_at(sender, number)  # a resident one stays, and this says that it was seen
        elif self._listener is not None:
            self._listener.pressed(up.tag, press)

    def _was_touched(self, up: Up) -> None:
        if not up.touched and self._listener is not None:
            up.touched = True
            self._listener.touched(up.tag)

    def _remember_closed(self, handle: str) -> None:
        self._closed[handle] = None
        while len(self._closed) > _CLOSED_KEPT:
            self._closed.popitem(last=False)


def _handle(session: BusSession, owner: str, number: int) -> str:
    return f"{session.guid}/{owner}/{number}"
