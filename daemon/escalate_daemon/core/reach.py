"""Liveness is link-state: who is reachable from me over edges that both ends list.

Nobody declares another lost, so nobody can slander; a vanished member's neighbours take it off their lists.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId

Lists = Mapping[MemberId, frozenset[MemberId]]


def mutual(one: MemberId, other: MemberId, lists: Lists) -> bool:
    """Whether the edge counts: both ends list it."""
    return other in lists.get(one, ()) and one in lists.get(other, ())


def reachable_from(me: MemberId, lists: Lists) -> set[MemberId]:
    """All members that a path of mutual edges joins to `me`, `me` included."""
    found = {me}
    queue = deque((me,))
    while queue:
        here = queue.popleft()
        for there in lists.get(here, ()):
            if there not in found and mutual(here, there, lists):
                found.add(there)
                queue.append(there)
    return found


class Reachability:
    """Who is reachable now, and since when the others are not, by my own clock.

    Stored members start unreachable; `lost` is what a person is told: unreachable for LOST_AFTER.
    """

    def __init__(self, me: MemberId) -> None:
        self._me = me
        self._reachable: set[MemberId] = {me}
        self._unreachable_since: dict[MemberId, int] = {}
        self._reached: dict[MemberId, tuple[int, int]] = {}  # unreachable since, reached at: for flaps
        self._lost: set[MemberId] = set()

    def start_lost(self, member: MemberId, now: int) -> None:
        """A member that only the disk knows: lost until a path to it is found."""
        self._unreachable_since[member] = now
        self._lost.add(member)

    def update(
        self, members: Iterable[MemberId], links: Callable[[MemberId], Iterable[MemberId]], now: int
    ) -> set[MemberId]:
        """Look again over all `members` and their lists of links; returns those whose reachability changed."""
        members = list(members)
        lists = {member: frozenset(links(member)) for member in members}
        before, self._reachable = self._reachable, reachable_from(self._me, lists)
        for member in members:
            if member in self._reachable:
                if (since := self._unreachable_since.pop(member, None)) is not None:
                    self._reached[member] = (since, now)
            elif member not in self._unreachable_since:
                since, at = self._reached.pop(member, (now, now - tuning.FLAP))
                self._unreachable_since[member] = since if now - at < tuning.FLAP else now
        return before ^ self._reachable

    def expire(self, now: int) -> set[MemberId]:
        """Move members into and out of `lost` by the clock; returns those that moved."""
        lost = {
            member
            for member, since in self._unreachable_since.items()
            if member in self._lost or now - since >= tuning.LOST_AFTER
        }
        moved, self._lost = lost ^ self._lost, lost
        return moved

    def is_reachable(self, member: MemberId) -> bool:
        """Whether a path of mutual edges joins it to me now."""
        return member in self._reachable

    def is_lost(self, member: MemberId) -> bool:
        """Whether it has been unreachable for LOST_AFTER."""
        return member in self._lost

    def unreachable_since(self, member: MemberId) -> int | None:
        """When it became unreachable, None where it is reachable."""
        return self._unreachable_since.get(member)

    def count(self) -> int:
        """How many others are reachable."""
        return len(self._reachable) - 1

    def next_deadline(self) -> int | None:
        """When the next member becomes lost if nothing changes."""
        pending = [since for member, since in self._unreachable_since.items() if member not in self._lost]
        return min(pending) + tuning.LOST_AFTER if pending else None
