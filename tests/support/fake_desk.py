"""A desk whose notifiers and loudspeaker do as the test tells them, and which writes down what it reports."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from escalate_daemon.core.ids import HandId
from escalate_daemon.notify.base import Listener, NotifyFailed, Popup, Press, Probe, Shown
from escalate_daemon.notify.choose import Choice, Found
from escalate_daemon.notify.desk import Desk
from escalate_daemon.notify.sound import LastSound, SoundFailed
from support.waiting import until

LIMIT_S = 30.0


class Fake:
    """A notifier that does as told and writes down what it was asked."""

    def __init__(self, name: str = "fake", how: str = "popup") -> None:
        self.name = name
        self.how = how
        self.did: list[str] = []
        self.broken = ""
        self.holds: dict[str, asyncio.Event] = {}  # tag -> until when show() hangs
        self.listener: Listener | None = None
        self.lost: set[str] = set()
        self._last = 0

    def listen(self, listener: Listener) -> None:
        self.listener = listener

    async def watch(self) -> None:
        pass

    def keeps(self, handle: str) -> bool:
        return handle not in self.lost

    def loses(self, *handles: str) -> None:
        """Its server is another one now."""
        self.lost.update(handles)

    def back(self) -> None:
        assert self.listener is not None
        self.listener.back()

    def gone(self) -> None:
        assert self.listener is not None
        self.listener.gone()

    async def probe(self) -> Probe:
        return Probe(not self.broken, "none" if self.broken else self.how, self.broken or "fine", "mend it")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        if popup.tag in self.holds:
            await self.holds[popup.tag].wait()
        if self.broken:
            raise NotifyFailed(self.broken)
        self._last += 1
        self.did.append(f"show {popup.tag[-2:]} {popup.loudness} over {replaces}")
        kept = replaces if replaces is not None and self.keeps(replaces) else None
        return Shown(kept or f"{self._last}", self.how)

    async def update(self, handle: str, popup: Popup) -> Shown:
        if self.broken:
            raise NotifyFailed(self.broken)
        self.did.append(f"update {handle} {popup.title}")
        return Shown(handle, self.how)

    async def close(self, handle: str) -> None:
        self.did.append(f"close {handle}")

    async def aclose(self) -> None:
        self.did.append("aclose")


@dataclass
class Loudspeaker:
    """A ringer that does as told."""

    rung: int = 0
    broken: str = ""
    hold: asyncio.Event | None = None
    ringing: int = 0
    silenced: int = 0
    last: LastSound | None = None

    async def ring(self) -> None:
        if self.hold is not None:
            self.ringing += 1
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.silenced += 1
                raise
        self.last = LastSound(not self.broken, "" if self.broken else "paplay", self.broken, 0.0)
        if self.broken:
            raise SoundFailed(self.broken, "mend it")
        self.rung += 1

    async def probe(self) -> Probe:
        return Probe(not self.broken, "sound", "paplay")


@dataclass
class Told:
    """Writes down every report."""

    reports: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    turns: int = 0

    def _note(self, words: str) -> None:
        self.reports.append(words)
        self.news.set()

    def shown(self, hand: HandId, handle: str | None, how: str) -> None:
        self._note(f"shown {hand[-2:]} {handle} {how}")

    def not_shown(self, hand: HandId, reason: str) -> None:
        self._note(f"not shown {hand[-2:]}: {reason}")

    def sounded(self, hand: HandId) -> None:
        self._note(f"sounded {hand[-2:]}")

    def not_sounded(self, hand: HandId, reason: str) -> None:
        self._note(f"not sounded {hand[-2:]}: {reason}")

    def closed(self, hand: HandId) -> None:
        pass

    def seen(self, hand: HandId) -> None:
        self._note(f"seen {hand[-2:]}")

    def pressed(self, hand: HandId, press: Press) -> None:
        self._note(f"pressed {press} {hand[-2:]}")

    def lost(self, hand: HandId) -> None:
        self._note(f"lost {hand[-2:]}")

    def mended(self) -> None:
        self._note("mended")

    def turned(self) -> None:
        self.turns += 1
        self.news.set()


class World:
    """A running desk with one or more fakes."""

    def __init__(self, *fakes: Fake) -> None:
        self.fakes = fakes or (Fake(),)
        self.fake = self.fakes[0]
        self.speaker = Loudspeaker()
        self.told = Told()
        self.desk = Desk(Choice(self.fakes, Found("fake", "", "popup", ())), self.speaker, self.told)

    async def until(self, condition: Callable[[], object]) -> None:
        await asyncio.to_thread(until, condition, "the desk did it", LIMIT_S)

    async def reported(self, *words: str) -> None:
        await self.until(lambda: set(words) <= set(self.told.reports))


def run(scenario: Callable[[World], Awaitable[None]], *fakes: Fake) -> World:
    async def main() -> World:
        world = World(*fakes)
        task = asyncio.create_task(world.desk.run())
        await asyncio.sleep(0)
        try:
            await scenario(world)
        finally:
            task.cancel()
            await asyncio.wait({task})
            await world.desk.aclose()
        assert task.cancelled()
        return world

    return asyncio.run(main())
