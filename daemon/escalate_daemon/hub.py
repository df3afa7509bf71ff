"""Facts, from the one shell to the many who watch: bounded, and nobody slow holds anybody up."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.facts import EscalationFact, Fact, MemberChanged

# A watcher this far behind is cut off; it asks again and begins with what is active then. So many facts at once
# are more than a whole space can be news of: each member, and four kinds of news about its hand.
BEHIND: Final = 5 * tuning.MEMBERS_MAX


class Subscription:
    """One watcher's queue of facts. Where a newer fact of the same kind about the same one comes, it is enough."""

    def __init__(self) -> None:
        self._queue: dict[Hashable, Fact] = {}
        self._news = asyncio.Event()
        self._closed = False

    async def next(self) -> Fact | None:
        """The next fact; None once the stream is over: the watcher was too slow, or the session changed."""
        while not self._queue:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._queue.pop(next(iter(self._queue)))

    def put(self, fact: Fact) -> None:
        """Queue a fact, or close where the watcher is too far behind."""
        if self._closed:
            return
        key = _about(fact)
        self._queue.pop(key, None)  # to the end, after what it may be the answer to
        if len(self._queue) >= BEHIND:
            self.close()
            return
        self._queue[key] = fact
        self._news.set()

    def close(self) -> None:
        """End the stream after what is queued."""
        self._closed = True
        self._news.set()


class Hub:
    """Who watches."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._news = asyncio.Event()  # another one after each news
        self._sessions = 0

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
        self._tell()

    def close(self) -> None:
        """End every stream: the session is another one from here on."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
        self._sessions += 1
        self._tell()

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether `true()` came to hold within `seconds`, in this session; looked at again after every fact."""
        session = self._sessions
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                while not true() and session == self._sessions:
                    await self._news.wait()
        except TimeoutError:
            pass
        return true()

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()


def _about(fact: Fact) -> tuple[str, Hashable]:
    """What kind of news it is, and about whom."""
    match fact:
        case EscalationFact():
            whom: Hashable = fact.hand
        case MemberChanged(member):
            whom = member.id
        case _:
            whom = None
    return type(fact).__name__, whom
