"""What this node still has to say to each link, and to ask of it: the state that spreading, asking and comparing share.

One timer for all of it: `wake_at` brings it forward, never back, so it may be early and is never late.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import LinkId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.wire import HaveEntry, SlotKey

NEVER: Final = tuning.VERSION_MAX  # ms; no deadline


@dataclass(slots=True)
class Question:
    """What a peer asked for: all that differs from its digests in the buckets from `start` on."""

    digests: tuple[bytes, ...]
    start: int


@dataclass(slots=True)
class Line:
    """One link's share. Times in ms."""

    link: Link
    # spreading
    later: dict[SlotKey, int] = field(default_factory=dict)  # whole copies that follow, and when
    announce: dict[SlotKey, None] = field(default_factory=dict)
    announce_at: int | None = None
    # asking
    wants: dict[SlotKey, HaveEntry] = field(default_factory=dict)
    asked: dict[SlotKey, tuple[int, int]] = field(default_factory=dict)  # key -> size, when
    owed: dict[SlotKey, int] = field(default_factory=dict)  # what was not answered in time, until when that counts
    # comparing
    ask_at: int | None = None  # when my question is due
    asked_at: int | None = None  # when it was put last
    asked_from: int = 0  # the bucket that it began with
    table_heard: bool = False
    differs_since: int | None = None  # no ping nor pong told my fingerprint since
    ask_again_at: int | None = None  # when to ask for the fingerprint once more
    question: Question | None = None  # the peer's, not answered yet
    answer_at: int = 0  # when the next one that begins anew is answered at the earliest
    told: int = 0  # of the peer's last question: buckets answered


class Lines:
    """All lines by link, and when something of them is due."""

    def __init__(self) -> None:
        self._lines: dict[LinkId, Line] = {}
        self.due = NEVER

    def __iter__(self) -> Iterator[Line]:
        return iter(list(self._lines.values()))

    def __contains__(self, link: LinkId) -> bool:
        return link in self._lines

    def get(self, link: LinkId) -> Line | None:
        """The line of a link, None where it is closed or a probe."""
        return self._lines.get(link)

    def add(self, line: Line) -> None:
        """A link that stays."""
        self._lines[line.link.id] = line

    def remove(self, link: LinkId) -> Line | None:
        """The link is gone."""
        return self._lines.pop(link, None)

    def wake_at(self, at: int) -> None:
        """Something is due then."""
        self.due = min(self.due, at)
