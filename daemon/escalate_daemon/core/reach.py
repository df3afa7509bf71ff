"""Liveness is link-state: who is reachable from me over edges that both ends list.

Nobody declares another lost, so nobody can slander; a vanished member's neighbours take it off their lists.
"""

from collections.abc import Callable, Iterable

from escalate_daemon.core import tuning
from escalate_daemon.core.graph import Graph
from escalate_daemon.core.ids import MemberId


class Reachability:
    """Who is reachable now, and since when the others are not, by my own clock.

    Stored members start unreachable; `lost` is what a person is told: unreachable for LOST_AFTER. Equal `edition`s:
    the same are reachable, and the same are lost.
    """

    def __init__(self, me: MemberId) -> None:
        self.edition = 0
        self._graph = Graph(me)
        self._unreachable_since: dict[MemberId, int] = {}
        self._reached: dict[MemberId, tuple[int, int]] = {}  # unreachable since, reached at: for flaps
        self._lost: set[MemberId] = set()
        self._found: set[MemberId] = set()  # lost ones that were reached since the last `expire`
        self._lost_at: int | None = None  # when the next one becomes lost

    def start_lost(self, member: MemberId, now: int) -> None:
        """A member that only the disk knows: lost until a path to it is found."""
        self._unreachable_since[member] = now
        self._lost.add(member)
        self.edition += 1

    def update(
        self, members: Iterable[MemberId], links: Callable[[MemberId], Iterable[MemberId]], now: int
    ) -> set[MemberId]:
        """Look again at the lists of links of these `members`, those that are new among them; returns all whose
        reachability changed.
        """
        members = list(members)
        for member in members:
            self._graph.put(member, links(member))
        moved = self._graph.follow()
        self.edition += bool(moved)
        for member in moved.union(members):
            self._note(member, now)
        pending = (since for member, since in self._unreachable_since.items() if member not in self._lost)
        first = min(pending, default=None)
        self._lost_at = None if first is None else first + tuning.LOST_AFTER
        return moved

    def _note(self, member: MemberId, now: int) -> None:
        if self.is_reachable(member):
            since = self._unreachable_since.pop(member, None)
            if since is not None:
                self._reached[member] = (since, now)
                self._found.add(member)
        elif member not in self._unreachable_since:
            since, at = self._reached.pop(member, (now, now - tuning.FLAP))
            self._unreachable_since[member] = since if now - at < tuning.FLAP else now
            self._found.discard(member)

    def expire(self, now: int) -> set[MemberId]:
        """Move members into and out of `lost` by the clock; returns those that moved."""
        moved = self._found & self._lost
        self._found.clear()
        self._lost -= moved
        self.edition += bool(moved)
        if self._lost_at is None or now < self._lost_at:
            return moved
        pending = {member: at for member, at in self._unreachable_since.items() if member not in self._lost}
        late = {member for member, since in pending.items() if now - since >= tuning.LOST_AFTER}
        self._lost |= late
        self.edition += 1
        first = min((since for member, since in pending.items() if member not in late), default=None)
        self._lost_at = None if first is None else first + tuning.LOST_AFTER
        return moved ^ late

    def is_reachable(self, member: MemberId) -> bool:
        """Whether a path of mutual edges joins it to me now."""
        return member in self._graph.joined

    def is_lost(self, member: MemberId) -> bool:
        """Whether it has been unreachable for LOST_AFTER."""
        return member in self._lost

    def unreachable_since(self, member: MemberId) -> int | None:
        """When it became unreachable, None where it is reachable."""
        return self._unreachable_since.get(member)

    def count(self) -> int:
        """How many others are reachable."""
        return len(self._graph.joined) - 1

    def next_deadline(self) -> int | None:
        """When the next member becomes lost if nothing changes."""
        return self._lost_at
