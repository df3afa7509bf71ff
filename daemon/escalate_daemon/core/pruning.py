"""Which links are one too many, and which one goes for another."""

from collections.abc import Callable
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.density import Density
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.reach import Reachability

SURPLUS_GRACE: Final = 1 * tuning.SECOND  # both ends see both links before one is closed
TRIM_EVERY: Final = 2 * tuning.SECOND  # of links from when the space was small, half go each time: few writes, no cliff


class Pruning:
    """Names links to close; closes none itself. `degree` says how many peers a member lists."""

    def __init__(
        self,
        ctx: Context,
        links: LinkTable,
        reach: Reachability,
        *,
        density: Density,
        degree: Callable[[MemberId], int],
    ) -> None:
        self._ctx = ctx
        self._links = links
        self._reach = reach
        self._density = density
        self._degree = degree
        self._next_look = self._next_trim = ctx.now

    def changed(self) -> None:
        """A link came, went, or is judged otherwise: look at once."""
        self._next_look = self._ctx.now

    def displaced_by(self, newcomer: Link, degree: int) -> LinkId | None:
        """The link that goes for one that just came up, itself included; None: there is room for all.

        A peer has a few at most; at the cap the second link with one peer goes first, then one that never
        compared, then the best connected peer's, if that has more links than the newcomer.
        """
        same = [link for link in self._links.of(newcomer.peer) if link.id != newcomer.id]
        if len(same) >= tuning.LINKS_A_PEER:
            return max(same, key=lambda link: (link.doubtful, not link.compared, -link.up_at)).id
        if len(self._links) <= tuning.LINKS_MAX:
            return None
        if newcomer.probe and self._reach.is_reachable(newcomer.peer):
            return newcomer.id  # it joins no islands
        others = [link for link in self._links if link.peer != newcomer.peer]
        idle = [link for link in others if not link.compared and self._ctx.now >= link.up_at + tuning.DEAD_AFTER]
        first = {link.peer: link.id for link in reversed(others)}
        for link in (*(x for x in others if first[x.peer] != x.id), *idle):
            return link.id
        best = max(others, key=lambda link: (self._degree(link.peer), link.id), default=None)
        return best.id if best is not None and self._degree(best.peer) > degree else newcomer.id

    def replaced_by(self, link: Link) -> LinkId | None:
        """A random own link that a probe which stays replaces, where the mesh is full."""
        if self._density.is_small():
            return None
        own = [other.id for other in self._links if other.dialled and not other.probe and other.id != link.id]
        return self._ctx.rng.choice(own) if len(own) >= tuning.DIAL_PEERS else None

    def surplus(self) -> list[LinkId]:
        """Links to close now: never compared, more than a pair keeps, or dialled when the space was small."""
        now = self._ctx.now
        if now < self._next_look:
            return []
        self._next_look = now + SURPLUS_GRACE // 2
        gone = [x.id for x in self._links if not x.compared and now >= x.up_at + tuning.UNCOMPARED_MAX]
        keeps = self._density.keeps()
        for peer, links in self._links.by_peer().items():
            if len(links) > 1:
                gone.extend(self._too_many(peer, links, keeps))
        return gone or self._trim()

    def _too_many(self, peer: MemberId, links: list[Link], keeps: int) -> list[LinkId]:
        """A doubtful link goes when another is compared, at either end; of good ones the lower id of the two members
        keeps the youngest: a peer that dialled again may have lost the older, and only it would know.
        """
        good = [link for link in links if link.compared and not link.doubtful]
        if not good:
            return []
        gone = [link.id for link in links if link.doubtful]
        if self._ctx.me < peer and len(good) > keeps:
            good.sort(key=lambda link: (link.up_at, link.id))
            if self._ctx.now >= good[-1].up_at + SURPLUS_GRACE:
                gone.extend(link.id for link in good[:-keeps])
        return gone

    def _trim(self) -> list[LinkId]:
        if not self._density.is_large() or self._ctx.now < self._next_trim:
            return []
        own = [link for link in self._links if link.dialled and not link.probe]
        rich = [link.id for link in own if link.compared and self._degree(link.peer) > tuning.DIAL_PEERS]
        surplus = len(own) - tuning.DIAL_PEERS
        if surplus <= 0 or not rich:
            return []
        self._next_trim = self._ctx.now + TRIM_EVERY
        return self._ctx.rng.sample(rich, min(len(rich), (surplus + 1) // 2))

    def next_deadline(self) -> int | None:
        """When a link may be one too many, None where no pair has more than it keeps."""
        keeps = self._density.keeps()
        pairs = self._links.by_peer().values()
        own = sum(link.dialled for links in pairs for link in links)
        crowded = any(len(x) > keeps or (len(x) > 1 and any(link.doubtful for link in x)) for x in pairs)
        if crowded or (own > tuning.DIAL_PEERS and self._density.is_large()):
            return self._ctx.now + SURPLUS_GRACE
        return None
