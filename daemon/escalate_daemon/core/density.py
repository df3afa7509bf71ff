"""How dense the mesh is to be, by how many members are reachable.

One lost packet stalls one TCP link for 200 ms and more, so nobody lives on one link: where few are there, a pair
keeps several; where some are, all are linked with all; beyond, each dials a few.
"""

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.reach import Reachability


class Density:
    """The count of reachable members, and what follows from it once it has stood for a moment."""

    def __init__(self, ctx: Context, reach: Reachability) -> None:
        self._ctx = ctx
        self._reach = reach
        self._count = 0
        self._since = ctx.now
        self._stood = 1  # links a pair, by the last count that stood

    def is_small(self) -> bool:
        """Whether all are to be linked with all."""
        return self._reach.count() <= tuning.DIAL_ALL_UP_TO

    def is_large(self) -> bool:
        """Whether links from when it was small are to go: not yet where one more or less makes it small again."""
        return self._reach.count() > tuning.DIAL_ALL_UP_TO + tuning.SMALL_MARGIN

    def opens(self) -> int:
        """How many links a pair opens: one while the count moves, for the others may be on their way."""
        return self._stood if self._stands() else 1

    def keeps(self) -> int:
        """Above how many links a pair closes some: never for a count that moves, as it does where a link flaps."""
        return self._stood if self._stands() else max(self._stood, _links_a_pair(self._count))

    def stood_since(self) -> int:
        """When the present count has stood long enough, ahead where it has not yet."""
        self._stands()
        return self._since + tuning.COUNT_STANDS

    def _stands(self) -> bool:
        count = self._reach.count()
        if count != self._count:
            self._count, self._since = count, self._ctx.now
        if self._ctx.now < self._since + tuning.COUNT_STANDS:
            return False
        self._stood = _links_a_pair(count)
        return True


def _links_a_pair(others: int) -> int:
    return tuning.LINKS_A_PAIR.get(others, 1)
