"""The person's desk: does what the core asks of screen and loudspeaker, and reports what came of it.

`post` never waits. Each hand has its own worker and one place for what is wanted of it: the newest wins. So
a hung server delays nobody else's pop-up, and a hand that ended before it was shown is never shown. What is
reported has happened.
"""

import asyncio
import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
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
    Press,
    Probe,
    Shown,
)
from escalate_daemon.notify.choose import Choice, look
from escalate_daemon.notify.condition import Condition, Tried, condition_of
from escalate_daemon.notify.desk_hand import HandOnDesk, merged
from escalate_daemon.notify.render import popup_for
from escalate_daemon.notify.sound import LastSound, SoundFailed

log = logging.getLogger(__name__)

HANDS_MAX: Final = 4096  # at once; a space has at most 2,048 members with one hand each
ANNOUNCEMENTS_MAX: Final = 16  # of our own words waiting to be shown; more would only bury the hands
GRACE_S: Final = 2.0  # a server that is restarted is back by then; later, others show what it held


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
        """A person touched the pop-up, and it is off the screen."""
        ...

    def pressed(self, hand: HandId, press: Press) -> None:
        """A person pressed one of its buttons, and so has seen it; it may still be up."""
        ...

    def lost(self, hand: HandId) -> None:
        """It was up and is no more, or could now be up in a better way: it wants to be shown again."""
        ...

    def mended(self) -> None:
        """What could not be shown may be shown now."""
        ...

    def turned(self) -> None:
        """What this desk can do may be something else now: `look`."""
        ...


class Ringer(Protocol):
    """The loudspeaker."""

    @property
    def last(self) -> LastSound | None:
        """How the last ring went."""
        ...

    async def ring(self) -> None:
        """Raises SoundFailed."""
        ...

    async def probe(self) -> Probe:
        """Which player there is."""
        ...


class Desk:
    """Owns the notifiers and the sound. Make it, `run` it as a task, post to it, `aclose` it after."""

    def __init__(self, choice: Choice, sound: Ringer, report: DeskReports) -> None:
        self._chain = choice.chain
        self._forced = choice.forced
        self._by_name = {notifier.name: notifier for notifier in choice.chain}
        self._sound = sound
        self._report = report
        self._hands: dict[HandId, HandOnDesk] = {}
        self._group: asyncio.TaskGroup | None = None
        self._announcing: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._grace: asyncio.TimerHandle | None = None
        self._backs = 0  # how often a notifier came back
        self._able = self._chain  # up to the one that came back last
        for notifier in choice.chain:
            came_late, back = partial(self._came_late, notifier), partial(self._back, notifier)
            notifier.listen(Listener(self._touched, self._pressed, came_late, back, self._gone))

    async def run(self) -> None:
        """Work until cancelled. Pop-ups stay up."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for notifier in self._chain:
                    group.create_task(notifier.watch(), name=f"watch {notifier.name}")
                for hand, entry in self._hands.items():
                    self._employ(hand, entry)
                await asyncio.Event().wait()
        finally:
            self._group = None
            if self._grace is not None:
                self._grace.cancel()

    async def aclose(self) -> None:
        """Let go of connections; after `run` has ended."""
        for notifier in self._chain:
            await notifier.aclose()

    async def look(self) -> Condition:
        """Ask notifiers and player what they can do now."""
        found, player = await asyncio.gather(look(self._chain, self._forced), self._sound.probe())
        return condition_of(found, player, self._sound.last)

    async def try_out(self, title: str, body: str) -> Tried:
        """Show one real pop-up and ring once, whatever comes of either."""
        popup = Popup(f"tried-{next(self._numbers)}", title, body, Loudness.NORMAL, Colour.GREY)
        (shown, failures), not_sounded = await asyncio.gather(self._first_that_shows(popup), self._rung())
        player = self._sound.last.player if not not_sounded and self._sound.last is not None else ""
        return Tried(shown, "" if shown else failures, player, not_sounded)

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
            entry = self._hands[show.hand] = HandOnDesk()
            self._adopt(entry, show.handle)
        entry.wanted = merged(entry.wanted, show)
        if show.view is not None:
            entry.said = show
        if (show.hush or show.kind is ShowKind.CLOSE) and entry.ring is not None:
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
    def _employ(self, hand: HandId, entry: HandOnDesk) -> None:
        if entry.worker is None and self._group is not None:
            entry.worker = self._group.create_task(self._work(hand, entry), name=f"desk {hand}")

    async def _work(self, hand: HandId, entry: HandOnDesk) -> None:
        try:
            while (show := entry.wanted) is not None:
                entry.wanted = None
                entry.closing = show.kind is ShowKind.CLOSE
                match show.kind:
                    case ShowKind.SHOW:
                        backs = self._backs
                        await self._show(hand, entry, show)
                        if backs != self._backs:  # it may have passed the one that came back
                            self._bring_back([hand], self._able)
                            self._report.mended()
                    case ShowKind.UPDATE:
                        await self._update(hand, entry, show)
                    case ShowKind.CLOSE:
                        await self._close(hand, entry)
        finally:
            entry.worker = None
            if entry.closing and entry.wanted is None:
                self._hands.pop(hand, None)

    def _adopt(self, entry: HandOnDesk, kept: str | None) -> None:
        """Take over the pop-up of an earlier run."""
        name, _, handle = (kept or "").rpartition("|")
        if name in self._by_name and handle:
            entry.places.setdefault(name, handle)

    async def _show(self, hand: HandId, entry: HandOnDesk, show: Show) -> None:
        rings = show.urgency is Urgency.RING
        if rings and not entry.rings and self._group is not None:
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

    async def _update(self, hand: HandId, entry: HandOnDesk, show: Show) -> None:
        popup = _popup(show, rings=False)
        entry.stale = False
        for name, handle in tuple(entry.places.items()):
            if handle is None or entry.overtaken:
                continue
            notifier = self._by_name[name]
            try:
                shown = await notifier.update(handle, popup)
            except NotifyFailed as error:
                log.info("%s: not updated: %s", name, error)
                entry.stale = True
                continue
            if shown.handle != handle:
                entry.places[name] = shown.handle
                self._report.shown(hand, _kept(notifier, shown.handle), shown.how)

    async def _close(self, hand: HandId, entry: HandOnDesk) -> None:
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
        if failure := await self._rung():
            self._report.not_sounded(hand, failure)
        else:
            self._report.sounded(hand)

    async def _rung(self) -> str:
        """Ring; why nothing was heard, "" where it was."""
        before = self._sound.last
        try:
            await self._sound.ring()
            failure = ""
        except SoundFailed as error:
            failure = str(error)
        if (before is None or before.well) is not (not failure):
            self._report.turned()
        return failure

    async def _announce(self, popup: Popup) -> None:
        shown, failures = await self._first_that_shows(popup)
        if not shown:
            log.warning("not shown: %s | %s (%s)", popup.title, popup.body, failures)

    async def _first_that_shows(self, popup: Popup) -> tuple[str, str]:
        """How it was shown, "" for not at all, and what failed before."""
        failures: list[str] = []
        for notifier in self._chain:
            try:
                return (await notifier.show(popup, None)).how, "; ".join(failures)
            except NotifyFailed as error:
                failures.append(f"{notifier.name}: {error}")
        return "", "; ".join(failures) or "there is no notifier"

    # --- What the notifiers tell -------------------------------------------------------------------
    def _touched(self, tag: str) -> None:
        if tag in self._hands:
            self._report.seen(HandId(tag))

    def _pressed(self, tag: str, press: Press) -> None:
        if tag in self._hands:
            self._report.pressed(HandId(tag), press)

    def _came_late(self, notifier: Notifier, popup: Popup, shown: Shown) -> None:
        """A server that was given up on has put it up after all: it counts, or it goes."""
        hand = HandId(popup.tag)
        entry = self._hands.get(hand)
        if entry is None or entry.overtaken:
            self._take_down_soon(notifier, shown.handle)
            return
        before = entry.places.get(notifier.name)
        if before is not None and before != shown.handle:
            self._take_down_soon(notifier, before)
        entry.places[notifier.name] = shown.handle
        self._report.shown(hand, _kept(notifier, shown.handle), shown.how)
        if entry.said is not None and _popup(entry.said, rings=False) != replace(popup, rings=False):
            self.post(replace(entry.said, kind=ShowKind.UPDATE))

    def _take_down_soon(self, notifier: Notifier, handle: str | None) -> None:
        if handle is not None and self._group is not None:
            self._group.create_task(self._take_down_late(notifier, handle), name=f"late {handle}")

    def _back(self, notifier: Notifier) -> None:
        """A server came, replaced another, or answers again."""
        self._backs += 1
        self._able = self._chain[: self._chain.index(notifier) + 1]
        self._bring_back(self._hands, self._able)
        self._report.mended()
        self._report.turned()

    def _gone(self) -> None:
        """A server went, or hangs."""
        if self._grace is None:
            self._grace = asyncio.get_running_loop().call_later(GRACE_S, self._after_grace)
        self._report.turned()

    def _after_grace(self) -> None:
        self._grace = None
        self._bring_back(self._hands, self._chain)

    def _bring_back(self, hands: Iterable[HandId], among: Sequence[Notifier]) -> None:
        """What was up somewhere shall stand on one of these, with its newest words."""
        for hand in tuple(hands):
            entry = self._hands[hand]
            if not entry.places or entry.overtaken:
                continue
            if not entry.stands_on(among):
                self._report.lost(hand)
            elif entry.stale and entry.said is not None:
                self.post(replace(entry.said, kind=ShowKind.UPDATE))


def _popup(show: Show, *, rings: bool) -> Popup:
    if show.view is None:
        raise ValueError("only a CLOSE comes without a view")
    return popup_for(show.view, show.urgency, rings=rings)


def _kept(notifier: Notifier, handle: str | None) -> str | None:
    """A handle that says whose it is."""
    return None if handle is None else f"{notifier.name}|{handle}"
