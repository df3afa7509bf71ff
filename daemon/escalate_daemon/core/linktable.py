"""The links of this node: which there are, when each was heard, which are listed, which are dead.

The dialler pings, and either end out of turn where the network changed or an urgent write goes unheard; either end
counts the silence. Silence alone makes a link doubtful, never dead before
DEAD_AFTER: under loss a pong can be very late on a healthy link.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Close, Send
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.wire import Ping

WAKE_GRACE: Final = 5 * tuning.SECOND  # after sleep a link has this long to be heard again


@dataclass(slots=True)
class Link:
    """One link. Times in ms of the node's clock.

    `probe`: it only asks whether staying is worth it. `compared`: the peer's table was heard and all of it
    that was newer has come; only then is the link listed, so that nobody believes in a path before holding
    what came over it.
    """

    id: LinkId
    peer: MemberId
    address: str | None
    dialled: bool
    probe: bool
    up_at: int
    heard_at: int
    next_ping: int | None
    nonce: int = 0
    ask_at: int | None = None  # a ping out of turn, of whichever end
    asked: int | None = None  # its nonce, until that is answered: bytes of the peer alone do not say that mine arrive
    doubt_at: int | None = None  # while a ping is outstanding
    doubtful: bool = False
    next_beside: int = 0
    compared: bool = False
    slept: bool = False  # not heard since this machine woke: not listed, for the peer may be long gone

    def told(self, now: int) -> None:
        """An urgent write goes out on it: unless it is heard soon it is asked whether that can arrive."""
        if self.ask_at is None and self.asked is None:
            self.ask_at = now + tuning.TOLD_UNHEARD


class LinkTable:
    """All links by id. Emits pings; closing and its consequences are the node's."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._links: dict[LinkId, Link] = {}

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[Link]:
        return iter(self._links.values())

    def get(self, link: LinkId) -> Link | None:
        """The link, or None once it is closed."""
        return self._links.get(link)

    def add(self, link: Link) -> None:
        """A link came up. Its dialler pings at once: equal fingerprints compare a link in one round."""
        self._links[link.id] = link

    def remove(self, link: LinkId) -> Link | None:
        """Forget a link that is down or closed."""
        return self._links.pop(link, None)

    def close(self, link: LinkId, reason: str) -> Link | None:
        """Forget a link and ask for it to be closed."""
        gone = self.remove(link)
        if gone is not None:
            self._ctx.emit(Close(link, reason))
        return gone

    def of(self, member: MemberId) -> list[Link]:
        """All links with one member, oldest first."""
        return [link for link in self._links.values() if link.peer == member]

    def by_peer(self) -> dict[MemberId, list[Link]]:
        """All links that are not merely probes, by peer, oldest first."""
        found: dict[MemberId, list[Link]] = {}
        for link in self._links.values():
            if not link.probe:
                found.setdefault(link.peer, []).append(link)
        return found

    def peers(self) -> set[MemberId]:
        """Members with any link that is not merely a probe."""
        return {link.peer for link in self._links.values() if not link.probe}

    def listed(self) -> frozenset[MemberId]:
        """Members that my `links` slot names."""
        return frozenset(
            link.peer for link in self._links.values() if link.compared and not link.probe and not link.slept
        )

    def heard(self, link: Link) -> bool:
        """Bytes came over it; whether that lists it again after a sleep."""
        woke, link.slept = link.slept, False
        link.heard_at = self._ctx.now
        link.ask_at = None
        if link.asked is None:
            link.doubt_at = None
            link.doubtful = False
        return woke

    def answered(self, link: Link, nonce: int) -> None:
        """A pong came over it."""
        if link.asked is not None and nonce >= link.asked:
            link.asked = link.doubt_at = None
            link.doubtful = False

    def ask_all(self) -> None:
        """The network changed under them: ping each at once, from either end, and doubt it soon without an answer.

        One that has yet to answer is not asked again.
        """
        now = self._ctx.now
        for link in self._links.values():
            soon = now + tuning.ASKED_DOUBTFUL_AFTER
            link.doubt_at = soon if link.doubt_at is None else min(link.doubt_at, soon)
            if link.asked is None:
                link.ask_at = now

    def ping_due(self, fingerprint: bytes) -> None:
        """Send the pings that are due, and mark links doubtful whose ping was not answered in time."""
        now = self._ctx.now
        for link in self._links.values():
            if _due(link.next_ping, now) or _due(link.ask_at, now):
                link.nonce += 1
                if link.next_ping is not None:
                    link.next_ping = now + tuning.PING_EVERY
                if _due(link.ask_at, now):
                    link.ask_at, link.asked = None, link.nonce
                if link.doubt_at is None:
                    link.doubt_at = now + tuning.DOUBTFUL_AFTER
                self._ctx.emit(Send(link.id, wire.encode(Ping(link.nonce, fingerprint)), urgent=True))
            elif not link.doubtful and _due(link.doubt_at, now):
                link.doubtful = True
                link.next_beside = now

    def dead(self) -> list[Link]:
        """Links on which nothing was heard for DEAD_AFTER."""
        return [link for link in self._links.values() if self._ctx.now >= link.heard_at + tuning.DEAD_AFTER]

    def beside_due(self) -> list[Link]:
        """Doubtful links beside which a second connection is to be dialled now."""
        now = self._ctx.now
        due = [link for link in self._links.values() if link.doubtful and now >= link.next_beside]
        for link in due:
            link.next_beside = now + tuning.SECOND_DIAL_EVERY
        return due

    def woken(self) -> None:
        """After sleep the silence says nothing: ask all at once, and give each a little time."""
        now = self._ctx.now
        for link in self._links.values():
            link.heard_at = max(link.heard_at, now - tuning.DEAD_AFTER + WAKE_GRACE)
            link.doubtful = link.slept = True
            link.next_beside = now
            if link.next_ping is not None:
                link.next_ping = now

    def next_deadline(self) -> int | None:
        """When a ping, a doubt, a second dial or a death is due next."""
        times: list[int] = []
        for link in self._links.values():
            times.append(link.heard_at + tuning.DEAD_AFTER)
            if link.next_ping is not None:
                times.append(link.next_ping)
            if link.ask_at is not None:
                times.append(link.ask_at)
            if link.doubtful:
                times.append(link.next_beside)
            elif link.doubt_at is not None:
                times.append(link.doubt_at)
        return min(times, default=None)


def _due(at: int | None, now: int) -> bool:
    return at is not None and now >= at
