"""Past escalations as this machine saw them: kept from the facts that watchers get, told by `history`.

A row an escalation, its owner's or another's, in the store: this machine's own, whatever space it is in and whoever it
is there. Written soon after something happened and never in the way of a ring; receipts, which come in hundreds, are
gathered. Whatever the disk refuses is tried again; meanwhile it stands in memory.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from escalate_daemon import clock, history_row, present
from escalate_daemon.core import tuning
from escalate_daemon.core.facts import EscalationFact, EscalationUpdated
from escalate_daemon.core.views import EscalationState, EscalationView
from escalate_daemon.hub import Hub, Subscription
from escalate_daemon.ipc.protocol import Escalation
from escalate_daemon.store import Row, Store, StoreError

log = logging.getLogger(__name__)

KEPT_FOR: Final = 90 * 24 * tuning.HOUR  # a quarter: what a report is made of
ROWS_MAX: Final = 10_000  # 110 a day for those 90 days
BYTES_MAX: Final = 32 * 1024 * 1024  # of all rows: half of what one answer of the local API may have
SOON: Final = 300  # ms; the pop-up, the sends and what follows at once come first
GATHER: Final = 2_000  # ms between two writes of one escalation
GATHER_CROWD: Final = 30_000  # ms; where so many are named that a row is large and its receipts come for a minute
PRUNE_EVERY: Final = 24 * tuning.HOUR
AGAIN: Final = 60_000  # ms; so long a disk that refuses is left alone
FAULT_PAUSE_S: Final = 1.0  # a fault that comes at once again must not spin
PENDING_MAX: Final = 512  # escalations that wait for such a disk; beyond it the oldest are given up
SLACK: Final = 20  # a 20th more than may be kept is cut at once, so that not every write cuts
PAGE: Final = 50  # rows read between two looks at what else there is to do


@dataclass(slots=True)
class _Pending:
    """What was last seen of one, not yet written. `due` in ms of clock.now()."""

    view: EscalationView
    unix_s: float
    due: int


@dataclass(slots=True)
class _Written:
    """What the row of one that is up holds."""

    at: int  # ms of clock.now()
    shown: bool


class History:
    """Run as a task. `views`: all that the running session knows now, ended ones too; none without a session."""

    def __init__(self, store: Store, hub: Hub, views: Callable[[], Iterable[EscalationView]]) -> None:
        self._store = store
        self._hub = hub
        self._views = views
        self._pending: dict[str, _Pending] = {}
        self._written: dict[str, _Written] = {}
        self._prune_at = clock.now()
        self._not_before = 0  # of the next write, after a refusal
        self._failing = False
        self._rows = self._bytes = 0  # counted at the first pruning, which is the first thing done

    # --- Keeping ----------------------------------------------------------------------------------
    async def run(self) -> None:
        """Follow what happens until cancelled; what is not written yet is written then."""
        try:
            while True:
                try:
                    await self._follow()
                except Exception:  # what must ring people does not end because of what only remembers
                    log.exception("a fault in the history; the daemon goes on")
                    self._pending.clear()
                    await asyncio.sleep(FAULT_PAUSE_S)
        finally:
            try:
                self._write(list(self._pending))
            except Exception:  # nor does its orderly end
                log.exception("a fault in the history; what happened last is not kept")

    async def _follow(self) -> None:
        """One session's facts."""
        with self._hub.subscribe() as subscription:
            self._written.clear()
            for view in self._views():  # of what came before no fact is to come
                self._take(view, gather=False)
            while await self._heard(subscription):
                self._work()
                await asyncio.sleep(0)  # facts come in thousands

    async def _heard(self, subscription: Subscription) -> bool:
        """Take in the next fact, or wait until something is due; False once the stream is over."""
        try:
            async with asyncio.timeout(max(0, self._next() - clock.now()) / 1000):
                fact = await subscription.next()
        except TimeoutError:
            return True
        if isinstance(fact, EscalationFact):
            self._take(fact.view, gather=isinstance(fact, EscalationUpdated))
        return fact is not None

    def _take(self, view: EscalationView, *, gather: bool) -> None:
        key, now = _key(view), clock.now()
        before = self._pending.pop(key, None)
        due = self._due(key, view, now, gather=gather)
        self._pending[key] = _Pending(view, clock.wall(), due if before is None else min(due, before.due))
        while len(self._pending) > PENDING_MAX:
            if not self._failing:
                self._write(list(self._pending))
            else:
                self._pending.pop(next(iter(self._pending)))

    def _due(self, key: str, view: EscalationView, now: int, *, gather: bool) -> int:
        written = self._written.get(key)
        if view.state is EscalationState.ENDED:
            return now  # what ended before a crash is never heard of again
        if written is None or (view.reach.shown and not written.shown):
            return now + SOON
        crowd = gather and len(view.receipts) > tuning.RECEIPT_CROWD
        return max(now + SOON, written.at + (GATHER_CROWD if crowd else GATHER))

    def _next(self) -> int:
        """When something is due, ms of clock.now()."""
        due = min((each.due for each in self._pending.values()), default=self._prune_at)
        return max(min(due, self._prune_at), self._not_before)

    def _work(self) -> None:
        """Write and prune what is due."""
        now = clock.now()
        if now < self._not_before:
            return
        due = [key for key, each in self._pending.items() if each.due <= now]
        if due:
            self._write(due)
        full = self._rows > ROWS_MAX + ROWS_MAX // SLACK or self._bytes > BYTES_MAX + BYTES_MAX // SLACK
        if full or now >= self._prune_at:
            self._prune(now)

    def _write(self, keys: Iterable[str]) -> None:
        """Bring these to the store; what it refuses stays pending."""
        pending = {key: self._pending[key] for key in keys}
        if not pending:
            return
        rows = [self._row(key, each) for key, each in pending.items()]
        try:
            self._store.put_history(rows)
        except StoreError as error:
            self._refused(error)
            return
        self._taken()
        self._rows += len(rows)  # at most: what is replaced counts twice until the next pruning
        self._bytes += sum(len(row.value) for row in rows)
        for key, each in pending.items():
            del self._pending[key]
            self._written[key] = _Written(clock.now(), each.view.reach.shown > 0)
            if each.view.state is EscalationState.ENDED:
                del self._written[key]

    def _row(self, key: str, pending: _Pending) -> Row:
        kept = self._store.history_row(key)
        one = _with(kept, present.escalation(pending.view, pending.unix_s))
        return Row(key, history_row.started(one), history_row.encode(one))

    def _prune(self, now: int) -> None:
        try:
            self._store.prune_history(_wall_ms() - KEPT_FOR, ROWS_MAX, BYTES_MAX)
        except StoreError as error:
            self._refused(error)
            return
        self._taken()
        self._prune_at = now + PRUNE_EVERY
        self._rows, self._bytes = self._store.history_size()

    def _refused(self, error: StoreError) -> None:
        if not self._failing:
            log.error("the history is not kept for now: %s", error)
        self._failing = True
        self._not_before = clock.now() + AGAIN

    def _taken(self) -> None:
        if self._failing:
            log.warning("the history is kept again")
        self._failing = False
        self._not_before = 0

    # --- Telling ----------------------------------------------------------------------------------
    async def past(self, since_s: float | None) -> list[Escalation]:
        """Everything kept that was raised in the last `since_s` seconds (None: ever), newest first.

        What is up stands there as it is now. What is not up any more here, and whose end was never heard of, is
        "put-away": hidden, and not ended in its owner's name. Thousands of rows are read in parts, and others are
        served in between.
        """
        self._write(list(self._pending))
        since = -tuning.AGE_MAX if since_s is None else _wall_ms() - _ms(since_s)
        known = {_key(view): (view, clock.wall()) for view in self._views()}
        fresh = {key: (each.view, each.unix_s) for key, each in self._pending.items()} | known  # pending: refused
        told: list[tuple[int, Escalation]] = []
        async for row in self._kept(since):
            if row.id not in fresh:
                one = history_row.decode(row.value)
                if one is not None:
                    told.append((row.started, history_row.gone(one)))
        for key, (view, unix_s) in fresh.items():
            one = _with(self._store.history_row(key), present.escalation(view, unix_s))
            started = history_row.started(one)
            if started >= since:
                told.append((started, one if key in known else history_row.gone(one)))
        return [one for _, one in sorted(told, key=lambda each: -each[0])]

    async def _kept(self, since: int) -> AsyncIterator[Row]:
        last: Row | None = None
        while page := self._store.history(since, last, PAGE):
            for row in page:
                yield row
            last = page[-1]
            await asyncio.sleep(0)


def _with(kept: Row | None, one: Escalation) -> Escalation:
    """`one`, and what its row knew before."""
    before = None if kept is None else history_row.decode(kept.value)
    return one if before is None else history_row.merged(before, one)


def _key(view: EscalationView) -> str:
    """An id is its owner's choice: another's of the same id is another escalation."""
    return f"{view.owner.id.hex()}/{view.id}"


def _ms(seconds: float) -> int:
    return round(max(0.0, min(seconds, tuning.AGE_MAX / tuning.SECOND)) * tuning.SECOND)


def _wall_ms() -> int:
    return round(clock.wall() * 1000)
