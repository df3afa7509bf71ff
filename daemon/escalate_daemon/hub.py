"""Facts, from the one shell to the many who watch: bounded, and nobody slow holds anybody up."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from escalate_daemon.core.facts import Fact

# A watcher this far behind is cut off; it asks again and begins with what is active then.
BEHIND: Final = 1024


class Subscription:
    """One watcher's queue of facts."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Fact | None] = asyncio.Queue(BEHIND + 1)
        self._closed = False

    async def next(self) -> Fact | None:
        """The next fact; None once the stream is over: the watcher was too slow, or the session changed."""
        if self._closed and self._queue.empty():
            return None
        return await self._queue.get()

    def put(self, fact: Fact) -> None:
        """Queue a fact, or close where the watcher is too far behind."""
        if not self._closed:
            if self._queue.qsize() >= BEHIND:
                self.close()
            else:
                self._queue.put_nowait(fact)

    def close(self) -> None:
        """End the stream after what is queued."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)


class Hub:
    """Who watches."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription that gets every fact published while the block runs."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, facts: Iterable[Fact]) -> None:
        """Pass facts on, in order."""
        for fact in facts:
            for subscription in tuple(self._subscriptions):
                subscription.put(fact)

    def close(self) -> None:
        """End every stream: the session is another one from here on."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether `true()` came to hold within `seconds`; looked at again after every fact."""
        with self.subscribe() as subscription:
            try:
                async with asyncio.timeout(max(0.0, seconds)):
                    while not true():
                        if await subscription.next() is None:
                            break
            except TimeoutError:
                pass
            return true()
