"""The person's desk: does what the core asks of screen and loudspeaker, and reports what came of it.

`post` never waits. Each hand has its own worker and one place for what is wanted of it: the newest wins. So
a hung server delays nobody else's pop-up, and a hand that ended before it was shown is never shown. What is
reported has happened.
"""

import asyncio
import itertools
import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.notify.base import (
    Colour,
    Listener,
    Loudness,
    Notifier,
    NotifyFailed,
    Popup,
    Probe,
    Shown,
)
from escalate_daemon.notify.choose import Choice, Found, look
from escalate_daemon.notify.render import popup_for
from escalate_daemon.notify.sound import SoundFailed

log = logging.getLogger(__name__)

HANDS_MAX: Final = 4096  # at once; a space has at most 2,048 members with one hand each
ANNOUNCEMENTS_MAX: Final = 16  # of our own words waiting to be shown; more would only bury the hands


class DeskReports(Protocol):
    """Who is told what happened. Called in the event loop, never awaited."""

    def shown(self, hand: HandId, handle: str | None, how: str) -> None:
        """It stands before a person's eyes; again where it got another handle."""
        ...

    def not_shown(self, hand: HandId, reason: str) -> None:
        """Every notifier failed."""
        ...

    def sounded(self, hand: HandId) -> None:
        """The player exited well."""
        ...

    def not_sounded(self, hand: HandId, reason: str) -> None:
        """No player did."""
        ...

    def closed(self, hand: HandId) -> None:
        """Its pop-up is off the screen."""
        ...

    def seen(self, hand: HandId) -> None:
        """A person touched the pop-up."""
        ...


class Ringer(Protocol):
    """The loudspeaker."""

    async def ring(self) -> None:
        """Raises SoundFailed."""
        ...

    async def probe(self) -> Probe:
        """Which player there is."""
        ...


@dataclass(slots=True, eq=False)
class _Hand:
    """One hand on this desk. `places`: where it is up, handle by the notifier's name."""

    wanted: Show | None = None
    places: dict[str, str | None] = field(default_factory=dict)
    worker: asyncio.Task[None] | None = None
    ring: asyncio.Task[None] | None = None
    closing: bool = False

    @property
    def overtaken(self) -> bool:
        """Whether it is to be closed, whatever is being done for it now."""
        return self.closing if self.wanted is None else self.wanted.kind is ShowKind.CLOSE


def merged(waiting: Show | None, new: Show) -> Show:
    """What is wanted after `new`, where `waiting` is not done yet. A ring that nobody heard stays wanted."""
    if waiting is None:
        return new
    handle = new.handle or waiting.handle
    if waiting.kind is ShowKind.CLOSE and new.kind is ShowKind.UPDATE:
        return waiting
    if waiting.kind is ShowKind.SHOW and new.kind is not ShowKind.CLOSE:
        louder = min(waiting.urgency, new.urgency, key=list(Urgency).index)
        return replace(new, kind=ShowKind.SHOW, urgency=louder, handle=handle)
    return replace(new, handle=handle)


class Desk:
    """Owns the notifiers and the sound. Make it, `run` it as a task, post to it, `aclose` it after."""

    def __init__(self, choice: Choice, sound: Ringer, report: DeskReports) -> None:
        self._chain = choice.chain
        self._by_name = {notifier.name: notifier for notifier in choice.chain}
        self._sound = sound
        self._report = report
        self._hands: dict[HandId, _Hand] = {}
        self._group: asyncio.TaskGroup | None = None
        self._announcing: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        for notifier in choice.chain:
            notifier.listen(Listener(self._touched, partial(self._came_late, notifier)))

    async def run(self) -> None:
        """Work until cancelled. Pop-ups stay up."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for hand, entry in self._hands.items():
                    self._employ(hand, entry)
                await asyncio.Event().wait()
        finally:
            self._group = None

    async def aclose(self) -> None:
        """Let go of connections; after `run` has ended."""
        for notifier in self._chain:
            await notifier.aclose()

    async def probe(self) -> tuple[Found, Probe]:
        """What notifiers and player can do now."""
        found, player = await asyncio.gather(look(self._chain), self._sound.probe())
        return found, player

    async def hears(self) -> str:
        """What this person can hear now: sound, popup, terminal or none."""
        found, player = await self.probe()
        return "sound" if player.usable and found.hears != "none" else found.hears

    # --- What is wanted ----------------------------------------------------------------------------
    def post(self, show: Show) -> None:
        """Have it done soon; never waits. A SHOW that its CLOSE overtakes is answered by nothing."""
        entry = self._hands.get(show.hand)
        if entry is None:
            if show.kind is ShowKind.CLOSE and show.handle is None:
                return
            if len(self._hands) >= HANDS_MAX:
                if show.kind is ShowKind.SHOW:
                    self._report.not_shown(show.hand, f"{HANDS_MAX} others are on the desk already")
                return
            entry = self._hands[show.hand] = _Hand()
        entry.wanted = merged(entry.wanted, show)
        if show.kind is ShowKind.CLOSE and entry.ring is not None:
            entry.ring.cancel()
        self._employ(show.hand, entry)

    def announce(
        self, title: str, body: str, colour: Colour = Colour.GREY, loudness: Loudness = Loudness.NORMAL
    ) -> None:
        """Show escalate's own words once, soon. Dropped, and logged, where too many wait."""
        if self._group is None or len(self._announcing) >= ANNOUNCEMENTS_MAX:
            log.warning("not shown: %s | %s", title, body)
            return
        popup = Popup(f"said-{next(self._numbers)}", title, body, loudness, colour)
        task = self._group.create_task(self._announce(popup), name=popup.tag)
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    # --- Work --------------------------------------------------------------------------------------
    def _employ(self, hand: HandId, entry: _Hand) -> None:
        if entry.worker is None and self._group is not None:
            entry.worker = self._group.create_task(self._work(hand, entry), name=f"desk {hand}")

    async def _work(self, hand: HandId, entry: _Hand) -> None:
        try:
            while (show := entry.wanted) is not None:
                entry.wanted = None
                entry.closing = show.kind is ShowKind.CLOSE
                self._adopt(entry, show.handle)
                match show.kind:
                    case ShowKind.SHOW:
                        await self._show(hand, entry, show)
                    case ShowKind.UPDATE:
                        await self._update(hand, entry, show)
                    case ShowKind.CLOSE:
                        await self._close(hand, entry)
        finally:
            entry.worker = None
            if entry.closing and entry.wanted is None:
                self._hands.pop(hand, None)

    def _adopt(self, entry: _Hand, kept: str | None) -> None:
        """Take over the pop-up of an earlier run."""
        name, _, handle = (kept or "").rpartition("|")
        if name in self._by_name and handle:
            entry.places.setdefault(name, handle)

    async def _show(self, hand: HandId, entry: _Hand, show: Show) -> None:
        rings = show.urgency is Urgency.RING
        if rings and self._group is not None:
            entry.ring = self._group.create_task(self._ring(hand), name=f"ring {hand}")
        popup = _popup(show, rings=rings)
        failures = []
        for notifier in self._chain:
            if entry.overtaken:
                return
            try:
                shown = await notifier.show(popup, entry.places.get(notifier.name))
            except NotifyFailed as error:
                failures.append(f"{notifier.name}: {error}")
                continue
            entry.places[notifier.name] = shown.handle
            self._report.shown(hand, _kept(notifier, shown.handle), shown.how)
            return
        if not entry.overtaken:
            self._report.not_shown(hand, "; ".join(failures) or "there is no notifier")

    async def _update(self, hand: HandId, entry: _Hand, show: Show) -> None:
        popup = _popup(show, rings=False)
        for name, handle in tuple(entry.places.items()):
            if handle is None or entry.overtaken:
                continue
            notifier = self._by_name[name]
            try:
                shown = await notifier.update(handle, popup)
            except NotifyFailed as error:
                log.info("%s: not updated: %s", name, error)
                continue
            if shown.handle != handle:
                entry.places[name] = shown.handle
                self._report.shown(hand, _kept(notifier, shown.handle), shown.how)

    async def _close(self, hand: HandId, entry: _Hand) -> None:
        closed = True
        while entry.places:
            name, handle = entry.places.popitem()
            if handle is not None:
                closed = await self._take_down(self._by_name[name], handle) and closed
        if closed:
            self._report.closed(hand)

    async def _take_down(self, notifier: Notifier, handle: str) -> bool:
        try:
            await notifier.close(handle)
        except NotifyFailed as error:
            log.info("%s: not closed: %s", notifier.name, error)
            return False
        return True

    async def _take_down_late(self, notifier: Notifier, handle: str) -> None:
        await self._take_down(notifier, handle)

    async def _ring(self, hand: HandId) -> None:
        try:
            await self._sound.ring()
        except SoundFailed as error:
            self._report.not_sounded(hand, str(error))
        else:
            self._report.sounded(hand)

    async def _announce(self, popup: Popup) -> None:
        failures = []
        for notifier in self._chain:
            try:
                await notifier.show(popup, None)
            except NotifyFailed as error:
                failures.append(f"{notifier.name}: {error}")
            else:
                return
        log.warning("not shown: %s | %s (%s)", popup.title, popup.body, "; ".join(failures))

    # --- What the notifiers tell -------------------------------------------------------------------
    def _touched(self, tag: str) -> None:
        if tag in self._hands:
            self._report.seen(HandId(tag))

    def _came_late(self, notifier: Notifier, tag: str, shown: Shown) -> None:
        """A server that was given up on has put it up after all: it counts, or it goes."""
        hand = HandId(tag)
        entry = self._hands.get(hand)
        if entry is not None and not entry.overtaken:
            entry.places[notifier.name] = shown.handle
            self._report.shown(hand, _kept(notifier, shown.handle), shown.how)
        elif shown.handle is not None and self._group is not None:
            self._group.create_task(self._take_down_late(notifier, shown.handle), name=f"late {tag}")


def _popup(show: Show, *, rings: bool) -> Popup:
    if show.view is None:
        raise ValueError("only a CLOSE comes without a view")
    return popup_for(show.view, show.urgency, rings=rings)


def _kept(notifier: Notifier, handle: str | None) -> str | None:
    """A handle that says whose it is."""
    return None if handle is None else f"{notifier.name}|{handle}"
