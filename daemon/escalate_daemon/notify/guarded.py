"""A notifier whose own faults are failures: what nobody foresaw in one of them costs a pop-up, not the daemon."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final, TypeVar

from escalate_daemon.notify.base import Listener, Notifier, NotifyFailed, Popup, Probe, Shown

log = logging.getLogger(__name__)

_WATCH_AGAIN_S: Final = 10.0  # after a fault in it
_MEND: Final = "escalate daemon logs tells more; set ESCALATE_NOTIFIER to another"

T = TypeVar("T")


class Guarded:
    """A Notifier that raises NotifyFailed and nothing else."""

    def __init__(self, inner: Notifier) -> None:
        self._inner = inner
        self.name = inner.name

    def listen(self, listener: Listener) -> None:
        """See base.Notifier."""
        self._inner.listen(listener)

    async def watch(self) -> None:
        """See base.Notifier."""
        while True:
            try:
                return await self._foreseen(self._inner.watch())
            except NotifyFailed:
                await asyncio.sleep(_WATCH_AGAIN_S)

    def keeps(self, handle: str) -> bool:
        """See base.Notifier."""
        return self._inner.keeps(handle)

    async def probe(self) -> Probe:
        """See base.Notifier."""
        try:
            return await self._foreseen(self._inner.probe())
        except NotifyFailed as error:
            found, _, mend = str(error).partition("; ")
            return Probe(usable=False, hears="none", found=found, mend=mend)

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier."""
        return await self._foreseen(self._inner.show(popup, replaces))

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier."""
        return await self._foreseen(self._inner.update(handle, popup))

    async def close(self, handle: str) -> None:
        """See base.Notifier."""
        await self._foreseen(self._inner.close(handle))

    async def aclose(self) -> None:
        """See base.Notifier."""
        await self._inner.aclose()

    async def _foreseen(self, doing: Awaitable[T]) -> T:
        try:
            return await doing
        except NotifyFailed:
            raise
        except Exception as error:
            log.exception("a fault in the notifier %s", self.name)
            raise NotifyFailed(f"{self.name} had a fault: {error!r}; {_MEND}") from error
