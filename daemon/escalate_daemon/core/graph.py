"""The graph of links as everybody's lists tell it, and who is joined to me in it.

Kept up to date one list at a time: in a large space somebody's list changes all the time, and looking at all of them
again for each would take most of what a daemon costs.
"""

from collections.abc import Iterable, Mapping

from escalate_daemon.core.ids import MemberId

Lists = Mapping[MemberId, frozenset[MemberId]]
_NOBODY: frozenset[MemberId] = frozenset()


def mutual(one: MemberId, other: MemberId, lists: Lists) -> bool:
    """Whether the edge counts: both ends list it."""
    return other in lists.get(one, _NOBODY) and one in lists.get(other, _NOBODY)


class Graph:
    """`joined`: all members that a path of mutual edges joins to me, me included, as of the last `follow`."""

    def __init__(self, me: MemberId) -> None:
        self._me = me
        self._lists: dict[MemberId, frozenset[MemberId]] = {}
        self._edges: dict[MemberId, set[MemberId]] = {me: set()}
        self._gained: list[tuple[MemberId, MemberId]] = []
        self._cut: list[tuple[MemberId, MemberId]] = []
        self.joined: set[MemberId] = {me}

    def put(self, member: MemberId, listed: Iterable[MemberId]) -> None:
        """The member's list says this now."""
        before, after = self._lists.get(member, _NOBODY), frozenset(listed)
        self._lists[member] = after
        for other in before ^ after:
            counted = other in self._edges.get(member, _NOBODY)
            counts = mutual(member, other, self._lists)
            if counts and not counted:
                self._edges.setdefault(member, set()).add(other)
                self._edges.setdefault(other, set()).add(member)
                self._gained.append((member, other))
            elif counted and not counts:
                self._edges[member].discard(other)
                self._edges[other].discard(member)
                self._cut.append((member, other))

    def follow(self) -> set[MemberId]:
        """Bring `joined` up to date; gives who joined and who parted."""
        before = self.joined
        gained, self._gained = self._gained, []
        cut, self._cut = self._cut, []
        inside = [edge for edge in cut if edge[0] in before and edge[1] in before]
        if not all(self._is_path(one, other) for one, other in inside):
            self.joined = self._grown({self._me})
        elif any((one in before) != (other in before) for one, other in gained):
            self.joined = self._grown(before)
        return before ^ self.joined

    def _is_path(self, one: MemberId, other: MemberId) -> bool:
        """Whether they are joined still, looking from both ends at once: in a mesh that is a few steps."""
        near, far = {one}, {other}
        here, there = near, far
        while near and far and one != other:
            if len(near) > len(far):
                near, far, here, there = far, near, there, here
            near = set().union(*(self._edges.get(member, _NOBODY) for member in near)) - here
            if not near.isdisjoint(there):
                return True
            here = here | near
        return one == other

    def _grown(self, seed: set[MemberId]) -> set[MemberId]:
        found, edge = set(seed), seed
        while edge:
            edge = set().union(*(self._edges.get(member, _NOBODY) for member in edge)) - found
            found |= edge
        return found
