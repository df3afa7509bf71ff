"""What the core wants kept, brought to the disk; and what happens while the disk refuses.

What is committed has left this process before its step goes on. To wait for the disk itself costs from half a
millisecond to thirty, for each member that a red passes through, so that comes after: at the end of the step for what I
alone said, within a second for the rest, which the others give back. A number that must not be given twice waits.

A raise is worth more than its record: where the store fails, the daemon warns once, goes on in memory, and
keeps what could not be written to write it later, in order, the newest value of each key.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from escalate_daemon.core import slots
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.myself import ALIVE
from escalate_daemon.core.own import INCARNATION, store_key
from escalate_daemon.core.wire import SlotKey
from escalate_daemon.store import StoreError

log = logging.getLogger(__name__)

BACKLOG: Final = 16_384  # keys; about the slots of a full space. Above it the oldest are given up
FEW: Final = 256  # keys; so few are tried again with every step, as a refusal costs next to nothing
RETRY_EVERY: Final = 5_000  # ms
SECURE_WITHIN: Final = 1_000  # ms; so much of what others said, and of rings, a loss of power may take


def is_mine_alone(item: Store, me: MemberId) -> bool:
    """Whether nobody would give it back after a loss of power."""
    match item.bucket:
        case Bucket.SLOTS:
            return item.key.startswith(me) and item.key != store_key(SlotKey(me, slots.RECEIPTS))
        case Bucket.META:
            return item.key != ALIVE
        case Bucket.PINS:
            return True
        case Bucket.RINGS | Bucket.RECEIPTS | Bucket.INTROS:
            return False


class Disk(Protocol):
    """Where it is kept."""

    def commit(self, items: Sequence[Store], *, firm: bool) -> None:
        """All of `items` in one transaction; StoreError where nothing was written. `firm`: outlives the power."""
        ...

    def secure(self) -> None:
        """All that was committed outlives the power from now on; StoreError where that is not sure."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Store
    since: int


class Keeping:
    """Commits, and the backlog of what could not be committed. `warn` is told once a failure, None when it is over."""

    def __init__(self, disk: Disk, warn: Callable[[str | None], None]) -> None:
        self._disk = disk
        self._warn = warn
        self._backlog: dict[tuple[Bucket, bytes], _Waiting] = {}
        self._failing = False
        self._tried = 0
        self.secure_by: int | None = None  # ms; when what was committed is to be secured, None where it is

    @property
    def behind(self) -> int:
        """How many keys wait."""
        return len(self._backlog)

    def commit(self, items: Sequence[Store], now: int, me: MemberId) -> None:
        """Keep `items` and what waits, together; never raises: what fails waits."""
        if not self._failing:
            if items:
                self._write(items, now)
                by = now if any(is_mine_alone(item, me) for item in items) else now + SECURE_WITHIN
                self.secure_by = by if self.secure_by is None else min(by, self.secure_by)
            return
        self._wait(items, now)
        few = bool(items) and self.behind <= FEW
        if few or now - self._tried >= RETRY_EVERY:
            self._write(self._due(now), now)

    def secure(self, now: int) -> None:
        """Wait for the disk, if it is time; never raises."""
        if self.secure_by is None or now < self.secure_by:
            return
        self.secure_by = None
        try:
            self._disk.secure()
        except StoreError as error:  # the next commit finds out whether it lasts
            log.error("what was kept may not outlive a loss of power: %s", error)

    def _write(self, items: Sequence[Store], now: int) -> None:
        self._tried = now
        try:
            self._disk.commit(items, firm=any(item.key == INCARNATION for item in items))
        except StoreError as error:
            if not self._failing:
                log.error("nothing can be kept, going on in memory: %s", error)
                self._failing = True
                self._warn(str(error))
                self._wait(items, now)
            return
        if self._failing:
            log.warning("the disk takes what is kept again")
            self._failing = False
            self._backlog.clear()
            self._warn(None)

    def _wait(self, items: Sequence[Store], now: int) -> None:
        for item in items:
            self._backlog.pop((item.bucket, item.key), None)
            self._backlog[item.bucket, item.key] = _Waiting(item, now)
        while len(self._backlog) > BACKLOG:
            self._backlog.pop(next(iter(self._backlog)))

    def _due(self, now: int) -> list[Store]:
        return [replace(each.item, age=each.item.age + now - each.since) for each in self._backlog.values()]
