"""When to look for others by zeroconf, and when to say anew where we are.

A browse finds peers long before our own registration is done (0.2 s against 1.6 s), so it comes first and
whoever is found is reported at once. Nothing here is trust or liveness.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from escalate_daemon.discovery.addresses import (
    Damper,
    Snapshot,
    advertised,
    gone,
    moved,
    only_loopback,
    read_addresses,
    usable,
)
from escalate_daemon.discovery.advert import random_own
from escalate_daemon.discovery.carriers import Carriers
from escalate_daemon.discovery.events import DiscoveryEvents
from escalate_daemon.discovery.instances import InstanceTable
from escalate_daemon.discovery.listening import CannotListen
from escalate_daemon.discovery.notices import Notices
from escalate_daemon.discovery.radio import Radio, open_radio


@dataclass(frozen=True, slots=True)
class Timing:
    """Every period of discovery, in seconds."""

    poll: float = 5.0  # between two looks at this machine's addresses, where the system does not tell of changes
    poll_told: float = 30.0  # where it does
    settle: float = 0.5  # from its word to the look: a lease's old address goes a moment before the new one comes
    look_gap: float = 2.0  # between two looks, however often it tells: containers come and go by the dozen
    confirm: float = 2.0  # to the second look after one that differed: flapping links are not followed
    few: int = 3  # with fewer members reachable, somebody may be near whom we do not know
    browse_few: float = 30.0
    browse_enough: float = 300.0  # addresses travel in profiles too, so this is for islands
    ask: float = 6.0  # between two questions of all instances on the LAN together, as many as they are
    browse_gap: float = 2.0  # between two browses that were hinted at
    retry: float = 30.0  # where zeroconf cannot listen
    settle_polls: int = 3  # polls after a change that look at the interfaces again: new IPv6 addresses bind late


class Discovery:
    """Finds daemons near, and is found. `tag_key` None: only looks, and publishes nothing."""

    def __init__(
        self,
        tag_key: bytes | None,
        events: DiscoveryEvents,
        timing: Timing | None = None,
        read: Callable[[], Snapshot] = read_addresses,
    ) -> None:
        self.problem: str | None = None  # what keeps multicast from working now
        self._own = random_own(tag_key) if tag_key is not None else None
        self._events = events
        self._timing = timing or Timing()
        self._read = read
        self._table = InstanceTable(tag_key, events.found)
        self._damper = Damper()
        self._told: tuple[str, ...] | None = None
        self._port = 0
        self._others = 0
        self._radio: Radio | None = None
        self._runner: asyncio.Task[None] | None = None
        self._kick = asyncio.Event()
        self._closing = False
        self._notices = Notices(self._noticed)
        self._carriers = Carriers(events.interfaces_changed, lambda: self._addresses)
        self._polled_at = 0.0
        self._poll_at = 0.0  # all on the loop's clock
        self._open_at = 0.0
        self._browse_at = 0.0
        self._browsed_at = 0.0
        self._ask_at = 0.0
        self._settling = 0

    # --- For the app -------------------------------------------------------------------------------
    async def start(self, port: int) -> None:
        """Begin to look, and to publish TCP port `port`. Tells this machine's addresses before it returns."""
        if self._runner is None:
            self._port, self._closing = port, False
            self._notices.open()
            self._look_at_addresses()
            self._runner = asyncio.create_task(self._run(), name="discovery")
            self._runner.add_done_callback(self._ended)

    async def aclose(self) -> None:
        """Say goodbye and end, within about a second. May be called twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            # Not cancelled: zeroconf leaves its sockets open when that happens while it starts.
            self._closing = True
            self._kick.set()
            await runner

    def set_reachable(self, count: int) -> None:
        """How many other members can be reached: with few, the network is browsed more often."""
        few = self._timing.few
        crossed = (count < few) != (self._others < few)
        self._others = count
        if crossed:
            self._browse_at = self._browsed_at + self._period
            self._kick.set()

    def wake(self) -> None:
        """The machine slept, or the network came back: look at everything now."""
        now = asyncio.get_running_loop().time()
        self._poll_at = self._open_at = self._browse_at = now
        self._kick.set()

    def hint_rebrowse(self) -> None:
        """Somebody may have come: ask the network soon."""
        self._browse_at = min(self._browse_at, self._browsed_at + self._timing.browse_gap)
        self._kick.set()

    def other_spaces(self) -> int:
        """How many daemons that are not of our space are advertised near."""
        return self._table.other_spaces()

    def near(self) -> int:
        """How many daemons of our space have answered since the last browse began."""
        return self._table.near()

    def instances(self) -> list[str]:
        """HOST:PORT of every instance seen, of whatever space, without our own."""
        return self._table.addresses()

    async def look(self, seconds: float) -> int:
        """Look around for so long: how many daemons of other spaces (with no space: any) are near."""
        await self._look(seconds)
        return self.other_spaces()

    async def look_for_instances(self, seconds: float) -> list[str]:
        """Look around for so long: HOST:PORT of every instance near, of whatever space."""
        await self._look(seconds)
        return self.instances()

    async def _look(self, seconds: float) -> None:
        """Browse; where not started, only for this look, without being seen."""
        running = self._runner is not None
        if running:
            self.wake()
        else:
            await self.start(0)
        try:
            await asyncio.sleep(seconds)
        finally:
            if not running:
                await self.aclose()

    # --- The one task ------------------------------------------------------------------------------
    @property
    def _period(self) -> float:
        few = self._others < self._timing.few
        return self._timing.browse_few if few else self._timing.browse_enough

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while not self._closing:
                self._kick.clear()
                await self._step(loop.time())
                due = min(self._poll_at, self._open_at if self._radio is None else min(self._browse_at, self._ask_at))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._kick.wait(), max(0.0, due - loop.time()))
        finally:
            self._notices.close()
            self._carriers.close()
            await self._close_radio()

    async def _step(self, now: float) -> None:
        """Do all that is due."""
        if now >= self._poll_at:
            await self._poll()
        if self._radio is None:
            if now >= self._open_at:
                await self._open()
        elif now >= self._browse_at:
            await self._browse(self._radio)
        elif now >= self._ask_at:
            self._radio.ask()
            self._ask_later()

    def _ask_later(self) -> None:
        """The more of us there are, the seldomer each asks; at random, so that two halves of a LAN never keep step."""
        wait = self._timing.ask * (1 + len(self._table)) * random.uniform(0.5, 1.5)
        self._ask_at = asyncio.get_running_loop().time() + wait

    def _noticed(self) -> None:
        """Something changed: look soon, and ask soon who is there, for a cable may be plugged in again."""
        self._carriers.look_soon()
        soon = asyncio.get_running_loop().time() + self._timing.settle
        soon = max(soon, self._polled_at + self._timing.look_gap)
        if soon < self._poll_at and not self._damper.unsettled:
            self._poll_at = soon
            self._ask_at = min(self._ask_at, soon + self._timing.settle)
            self._kick.set()

    async def _poll(self) -> None:
        before = self._damper.settled
        if self._look_at_addresses():
            await self._follow(before)
        elif self._settling and self._radio is not None:
            self._settling -= 1
            await self._radio.update_interfaces()

    def _look_at_addresses(self) -> bool:
        """Read this machine's addresses; True where they have changed."""
        timing, now = self._timing, asyncio.get_running_loop().time()
        before = self._addresses
        try:
            changed = self._damper.observe(self._read())
        except OSError:
            changed = False  # looked at again with the next poll
        usual = timing.poll_told if self._notices.works and not self._settling else timing.poll
        self._polled_at = now
        self._poll_at = now + (timing.confirm if self._damper.unsettled else usual)
        addresses = usable(self._addresses)
        if changed and addresses != self._told:
            self._told = addresses
            self._events.addresses_changed(addresses)
        if lost := gone(before, self._addresses):
            self._events.addresses_gone(lost)
        self._carriers.look()
        return changed

    @property
    def _addresses(self) -> Snapshot:
        return self._damper.settled or frozenset()

    async def _follow(self, before: Snapshot | None) -> None:
        """Go where the changed addresses are: other interfaces, other records, a new browse."""
        self._settling = self._timing.settle_polls
        if self._radio is not None and moved(before or frozenset(), self._addresses):
            await self._close_radio()
        now = asyncio.get_running_loop().time()
        if self._radio is None:
            self._open_at = now
            return
        self._publish(self._radio)
        await self._radio.update_interfaces()
        self._browse_at = now

    async def _open(self) -> None:
        self._open_at = asyncio.get_running_loop().time() + self._timing.retry
        if not self._addresses:
            self._say("no network interface has an address, so nobody can be found until one has")
            return
        try:
            self._radio = await open_radio(self._table, self._own)
        except CannotListen as error:
            self._say(str(error))
            return
        self.problem = None
        self._settling = self._timing.settle_polls
        await self._browse(self._radio)  # first: who is found can be dialled while we still register
        self._publish(self._radio)

    async def _browse(self, radio: Radio) -> None:
        now = asyncio.get_running_loop().time()
        self._browsed_at, self._browse_at = now, now + self._period
        self._table.loopback = only_loopback(self._addresses)
        # With few in reach nothing cached is believed; with enough, a large LAN is not made to answer as one.
        afresh = self._others < self._timing.few
        await radio.update_interfaces()
        self._table.begin_sweep(afresh=afresh)
        await radio.browse(afresh=afresh)
        self._ask_later()

    def _publish(self, radio: Radio) -> None:
        if self._port:
            radio.publish(advertised(self._addresses), self._port)

    async def _close_radio(self) -> None:
        radio, self._radio = self._radio, None
        if radio is not None:
            await radio.aclose()

    def _say(self, text: str) -> None:
        if text != self.problem:
            self.problem = text
            self._events.trouble(text)

    def _ended(self, runner: asyncio.Task[None]) -> None:
        """Nobody else looks at the task before `aclose`: a fault in here must not pass unseen."""
        if not runner.cancelled() and (error := runner.exception()) is not None:
            self._say(f"discovery has stopped: {error!r}; the daemon goes on with the peers it knows")
