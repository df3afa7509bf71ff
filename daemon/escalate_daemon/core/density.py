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

    def is_small(self) -> bool:
        """Whether all are to be linked with all."""
        return self._reach.count() <= tuning.DIAL_ALL_UP_TO

    def links_a_pair(self) -> int:
        """How many links a pair keeps: one while the count still moves, for the others may be on their way."""
        return tuning.LINKS_A_PAIR.get(self._count, 1) if self._stands() else 1

    def moves_until(self) -> int | None:
        """When the present count will have stood long enough, None where it has."""
        return None if self._stands() else self._since + tuning.COUNT_STANDS

    def _stands(self) -> bool:
        count = self._reach.count()
        if count != self._count:
            self._count, self._since = count, self._ctx.now
        return self._ctx.now >= self._since + tuning.COUNT_STANDS
