"""Tells when the person has gone from this machine, by the desktop's word: the screen is locked, or nothing is touched.

Decides nothing: what follows from it is the listener's. Linux only; elsewhere nobody is ever told.
"""

import asyncio
import logging
import sys
from typing import Final, Protocol

from escalate_daemon.notify.lock_sources import Logind, ScreenSavers

log = logging.getLogger(__name__)

IDLE_EVERY_S: Final = 15.0  # a look costs a few calls on the bus; nobody counts idleness in seconds
SETTLE_S: Final = 5.0  # a bus that is there has answered by then; many machines have but one of the two
BACK_EVERY_S: Final = 5.0  # while idle: who is back wants to be rung


class Listener(Protocol):
    """Who is told."""

    def went_away(self, reason: str) -> None:
        """The person is gone: "locked" or "idle"."""
        ...

    def came_back(self) -> None:
        """The screen is unlocked, and something was touched. Also told once at the start, where that is so."""
        ...


class LockWatch:
    """`run` as a task. `on_lock`: a locked screen counts. `idle_s`: so long untouched counts; 0: it does not."""

    def __init__(
        self,
        listener: Listener,
        *,
        on_lock: bool,
        idle_s: int,
        savers: ScreenSavers | None = None,
        logind: Logind | None = None,
    ) -> None:
        self._listener = listener
        self._on_lock = on_lock
        self._idle_s = idle_s
        self._savers = savers
        self._logind = logind
        self._idle = False
        self._gone: bool | None = None  # not told yet
        self._settled = False

    async def run(self) -> None:
        """Until cancelled; at once where nothing is to be watched."""
        if not self._on_lock and not self._idle_s:
            return
        if sys.platform != "linux":
            log.warning("presence.away_on_lock and away_when_idle do nothing on this system yet")
            return
        savers, logind = self._savers or ScreenSavers(), self._logind or Logind()
        savers.changed = logind.changed = lambda: self._judge(savers, logind)
        savers.unlocked_seen = logind.forget_told
        async with asyncio.TaskGroup() as group:
            group.create_task(savers.run(), name="screen savers")
            group.create_task(logind.run(), name="logind")
            group.create_task(self._settle(savers, logind), name="lock watch settles")
            if self._idle_s:
                group.create_task(self._look_for_idleness(savers, logind), name="idleness")

    async def _look_for_idleness(self, savers: ScreenSavers, logind: Logind) -> None:
        while True:
            idle_s = max(await savers.idle_s(), await logind.idle_s())
            self._idle = idle_s >= self._idle_s
            self._judge(savers, logind)
            await asyncio.sleep(BACK_EVERY_S if self._idle else IDLE_EVERY_S)

    async def _settle(self, savers: ScreenSavers, logind: Logind) -> None:
        await asyncio.sleep(SETTLE_S)
        self._settled = True
        self._judge(savers, logind)

    def _judge(self, savers: ScreenSavers, logind: Logind) -> None:
        locked = self._on_lock and (savers.locked or logind.locked)
        gone = locked or self._idle
        known = gone or self._settled or (savers.looked and logind.looked)
        if known and gone != self._gone:
            self._settled = True
            self._gone = gone
            if gone:
                self._listener.went_away("locked" if locked else "idle")
            else:
                self._listener.came_back()
