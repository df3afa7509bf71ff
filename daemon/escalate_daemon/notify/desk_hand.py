"""One hand on a desk: where it is up, and what is still wanted of it. Pure but for its tasks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.notify.base import Notifier


@dataclass(slots=True, eq=False)
class HandOnDesk:
    """`places`: where it is up, handle by the notifier's name; that notifier knows whether it still is.

    `said`: the newest words, also those that no notifier took; `stale`: one that shows it has older ones.
    """

    wanted: Show | None = None
    said: Show | None = None
    stale: bool = False
    places: dict[str, str | None] = field(default_factory=dict)
    worker: asyncio.Task[None] | None = None
    ring: asyncio.Task[None] | None = None
    closing: bool = False

    @property
    def overtaken(self) -> bool:
        """Whether it is to be closed, whatever is being done for it now."""
        return self.closing if self.wanted is None else self.wanted.kind is ShowKind.CLOSE

    @property
    def rings(self) -> bool:
        """Whether its ring is asked for and has no outcome."""
        return self.ring is not None and not self.ring.done()

    def stands_on(self, notifiers: Sequence[Notifier]) -> bool:
        """Whether it is up on one of them, or was until its person or its time closed it there."""
        for notifier in notifiers:
            if notifier.name in self.places:
                handle = self.places[notifier.name]
                if handle is None or notifier.keeps(handle):
                    return True
        return False


def merged(waiting: Show | None, new: Show) -> Show:
    """What is wanted after `new`, where `waiting` is not done yet. A ring that nobody heard stays wanted."""
    if waiting is None:
        return new
    handle = new.handle or waiting.handle
    if waiting.kind is ShowKind.CLOSE and new.kind is ShowKind.UPDATE:
        return waiting
    if waiting.kind is ShowKind.SHOW and new.kind is not ShowKind.CLOSE:
        louder = new.urgency if new.hush else min(waiting.urgency, new.urgency, key=list(Urgency).index)
        return replace(new, kind=ShowKind.SHOW, urgency=louder, handle=handle)
    return replace(new, handle=handle)
