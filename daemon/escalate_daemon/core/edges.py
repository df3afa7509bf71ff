"""My share of the graph: what my `links` slot says, and who is reachable over everybody's."""

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.linktable import LinkTable
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica


class Edges:
    """Writes `links` and keeps `reach` up to date: a loss at once, gains and others' lists gathered."""

    def __init__(self, ctx: Context, links: LinkTable, replica: Replica, reach: Reachability, gossip: Gossip) -> None:
        self._ctx = ctx
        self._links = links
        self._replica = replica
        self._reach = reach
        self._gossip = gossip
        self._write_at: int | None = None
        self._look_at: int | None = None
        self._gained_at = ctx.now - tuning.GAIN_EVERY
        self._broke = False

    def broke(self) -> None:
        """A link broke: what that cuts off is told at once, unlike a link that I closed for having others."""
        self._broke = True
        self.changed()

    def changed(self) -> None:
        """A list of links, mine or another's, may say something else now."""
        if self._look_at is None:
            self._look_at = self._ctx.now + tuning.REACH_GATHER

    def write(self, own: OwnSlots) -> None:
        """Bring my slot to what is listed, if it is time."""
        now, listed = self._ctx.now, self._links.listed()
        written = frozenset(self._replica.links(self._ctx.me))
        if listed == written:
            self._write_at, self._broke = None, False
            return
        due = self._gain_due(listed - written)
        self._write_at = due if self._write_at is None else min(self._write_at, due)
        loss = self._broke and bool(written - listed)
        if loss or now >= self._write_at:
            self._write_at, self._broke = None, False
            self._gained_at = self._gained_at if loss else now
            own.write(slots.LINKS, slots.Links(tuple(sorted(listed))))
            self.changed()
            if loss:
                self._gossip.hurry()

    def _gain_due(self, gained: frozenset[MemberId]) -> int:
        """Soon where somebody was out of reach before; else it is one more path, and now and then will do."""
        soon = self._ctx.now + tuning.GAIN_GATHER
        if all(self._reach.is_reachable(member) for member in gained):
            return max(soon, self._gained_at + tuning.GAIN_EVERY)
        return soon

    def follow(self) -> list[MemberId]:
        """Look at the graph if it is time; gives members that were lost, found, cut off or reached, sorted."""
        moved: set[MemberId] = set()
        if self._look_at is not None and self._ctx.now >= self._look_at:
            self._look_at = None
            moved |= self._reach.update(self._replica.changed(slots.LINKS), self._replica.links, self._ctx.now)
        moved |= self._reach.expire(self._ctx.now)
        return sorted(moved - {self._ctx.me})

    def next_deadline(self) -> int | None:
        """When something is due."""
        return min((at for at in (self._write_at, self._look_at) if at is not None), default=None)
