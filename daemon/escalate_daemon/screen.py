"""The desk as the sessions use it: there from the first moment, whichever notifiers are still being tried.

Owns the Desk and its choosing, which a hung notification server can hold up for seconds: until it stands, what is
to be shown waits here. Reports go to whichever session runs.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from escalate_daemon.core.commands import (
    Command,
    ReportClosed,
    ReportLost,
    ReportMended,
    ReportNotShown,
    ReportNotSounded,
    ReportSeen,
    ReportShown,
    ReportSounded,
    SetProfile,
)
from escalate_daemon.core.effects import Show, ShowKind
from escalate_daemon.core.ids import HandId
from escalate_daemon.notify.base import Press, Probe
from escalate_daemon.notify.choose import UnknownNotifier, choose
from escalate_daemon.notify.condition import Condition, Tried
from escalate_daemon.notify.desk import Desk, Ringer
from escalate_daemon.notify.sound import LastSound, Sound, SoundFailed
from escalate_daemon.wording import Words

log = logging.getLogger(__name__)

WAITING_MAX: Final = 4096  # shows that wait for the desk; a space has at most 2,048 members with one hand each
WORDS_MAX: Final = 16  # of our own words, likewise
_LOG: Final = "log"  # shows nothing to a person, and yet takes what nobody else could show
LOOK_AGAIN_S: Final = 60.0  # what tells nothing when it comes or goes: a player on PATH, a sound server
LOOK_PAUSE_S: Final = 1.0  # between two looks, however often something turns: each change is told to all members


class Silence:
    """The loudspeaker of a person who wants none."""

    last: LastSound | None = None

    async def ring(self) -> None:
        """Never sounds."""
        raise SoundFailed("sound is switched off", "escalate config set notify.sound true")

    async def probe(self) -> Probe:
        """Never sounds."""
        return Probe(usable=False, hears="none", found="switched off (notify.sound)")


class Screen:
    """Where shows go. `run` it as a task. `forced`: a notifier's name, None for the best."""

    def __init__(self, forced: str | None, warn: Callable[[str, str | None], None], *, sound: bool) -> None:
        self.notifier: str | None = None  # what takes pop-ups now
        self.player: str | None = None
        self.condition: Condition | None = None  # as it was last seen; None before the first look
        self._forced = forced
        self._warn = warn
        self._ringer: Ringer = Sound() if sound else Silence()
        self._desk: Desk | None = None
        self._up: dict[HandId, Show] = {}
        self._waiting: deque[Show] = deque(maxlen=WAITING_MAX)
        self._words: deque[Words] = deque(maxlen=WORDS_MAX)
        self._tell: Callable[[Command], object] | None = None
        self._hears = "none"
        self._told: Callable[[Condition], None] | None = None
        self._on_press: Callable[[HandId, Press], None] | None = None
        self._stands = asyncio.Event()
        self._turned = asyncio.Event()

    async def run(self) -> None:
        """Choose, then work until cancelled."""
        try:
            choice = await choose(self._forced)
            self._warn("notifier", None)
        except UnknownNotifier as error:
            self._warn("notifier", f"{error}; the best there is is used")
            choice = await choose(None)
        log.info("notifier: %s, %s", choice.found.taken or "none", choice.found.why)
        desk = Desk(choice, self._ringer, self)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(desk.run(), name="desk")
                group.create_task(self._keep_looking(desk), name="desk-look")
                await asyncio.sleep(0)  # the desk's own group stands after this
                self._desk = desk
                self._stands.set()
                self._flush(desk)
        finally:
            self._desk = None
            self._stands.clear()
            await desk.aclose()

    def report_to(self, tell: Callable[[Command], object] | None) -> None:
        """From now on reports are this session's; None: nobody's."""
        self._tell = tell
        if self.condition is not None:  # before the first look the last run's word holds
            self._say_hears()

    # --- shows ------------------------------------------------------------------------------------
    def perform(self, show: Show) -> None:
        """See shell.Screen."""
        if show.kind is ShowKind.CLOSE:
            self._up.pop(show.hand, None)
        else:
            self._up[show.hand] = show
        if self._desk is None:
            self._waiting.append(show)
        else:
            self._desk.post(show)

    def announce(self, words: Words) -> None:
        """A pop-up of our own."""
        if self._desk is None:
            self._words.append(words)
        else:
            self._desk.announce(words.title, words.body)

    def clear(self) -> None:
        """Take all pop-ups from the screen: their session is over for good."""
        for show in tuple(self._up.values()):
            self.perform(replace(show, kind=ShowKind.CLOSE))

    def _flush(self, desk: Desk) -> None:
        while self._waiting:
            desk.post(self._waiting.popleft())
        while self._words:
            words = self._words.popleft()
            desk.announce(words.title, words.body)

    # --- what it can do ---------------------------------------------------------------------------
    def tell_changes(self, told: Callable[[Condition], None]) -> None:
        """Call `told`, and nobody else, with every condition that differs from the one before."""
        self._told = told

    def tell_presses(self, told: Callable[[HandId, Press], None]) -> None:
        """Call `told`, and nobody else, with every button that is pressed."""
        self._on_press = told

    async def look(self) -> Condition:
        """Ask notifiers and player now; as long as a hung server is waited for. Waits for the desk to stand."""
        return self._know(await (await self._standing()).look())

    async def try_out(self, words: Words) -> Tried:
        """One real pop-up and one real ring, whatever comes of either."""
        return await (await self._standing()).try_out(words.title, words.body)

    async def _standing(self) -> Desk:
        while self._desk is None:
            await self._stands.wait()
        return self._desk

    async def _keep_looking(self, desk: Desk) -> None:
        while True:
            self._turned.clear()
            self._know(await desk.look())
            await asyncio.sleep(LOOK_PAUSE_S)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._turned.wait()
            except TimeoutError:
                continue

    def _know(self, found: Condition) -> Condition:
        before, self.condition = self.condition, found
        names = [each.name for each in found.candidates]
        self.notifier = found.notifier or (_LOG if _LOG in names else None)
        self.player = found.player.found if found.player.usable else None
        if self._hears != found.hears or before is None:
            self._hears = found.hears
            self._say_hears()
        if before is not None and found.differs(before):
            log.info("notifier: %s, %s; hears: %s", found.notifier or "none", found.why, found.hears)
            if self._told is not None:
                self._told(found)
        return found

    # --- reports (notify.desk.DeskReports) --------------------------------------------------------
    def shown(self, hand: HandId, handle: str | None, how: str) -> None:
        """It stands before a person's eyes."""
        self._report(ReportShown(hand, handle, how))

    def not_shown(self, hand: HandId, reason: str) -> None:
        """Every notifier failed."""
        log.warning("%s was not shown: %s", hand, reason)
        self._report(ReportNotShown(hand, reason))

    def sounded(self, hand: HandId) -> None:
        """The player exited well."""
        self._report(ReportSounded(hand))

    def not_sounded(self, hand: HandId, reason: str) -> None:
        """No player did."""
        log.warning("%s was not heard: %s", hand, reason)
        self._report(ReportNotSounded(hand, reason))

    def closed(self, hand: HandId) -> None:
        """Its pop-up is off the screen."""
        self._report(ReportClosed(hand))

    def seen(self, hand: HandId) -> None:
        """A person touched it, and it is off the screen."""
        self._report(ReportSeen(hand))

    def pressed(self, hand: HandId, press: Press) -> None:
        """A person pressed a button."""
        self._report(ReportSeen(hand, still_up=True))
        if self._on_press is not None:
            self._on_press(hand, press)

    def lost(self, hand: HandId) -> None:
        """Its pop-up is no more, or not where it could be."""
        self._report(ReportLost(hand))

    def mended(self) -> None:
        """What could not be shown may be now."""
        self._report(ReportMended())

    def turned(self) -> None:
        """What the desk can do may be something else."""
        self._turned.set()

    def _say_hears(self) -> None:
        self._report(SetProfile(hears=self._hears))

    def _report(self, command: Command) -> None:
        if self._tell is not None:
            self._tell(command)
