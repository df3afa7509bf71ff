"""When my receipts are written: soon, but not by a whole crowd at once."""

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.slots import Receipts
from escalate_daemon.core.viewer import Viewer


class Reporting:
    """Writes my `receipts` slot from the ledger of rings, for hands that are up."""

    def __init__(
        self, ctx: Context, replica: Replica, own: OwnSlots, hands: Hands, *, rings: Rings, viewer: Viewer
    ) -> None:
        self._ctx = ctx
        self._replica = replica
        self._own = own
        self._hands = hands
        self._rings = rings
        self._viewer = viewer
        self._at: int | None = ctx.now  # an earlier run may have died between a ring's record and its receipt

    def changed(self) -> None:
        """The ledger says something else: what comes together is written together."""
        if self._at is None:
            named = max((self._named(known) for known in self._up()), default=0)
            self._at = self._ctx.now + tuning.RECEIPT_GATHER
            if named > tuning.RECEIPT_CROWD:
                self._at += self._ctx.rng.randrange(tuning.RECEIPT_SPREAD)
            if named > tuning.RECEIPT_MASS:
                self._at += tuning.RECEIPT_TONE

    def _named(self, known: Known) -> int:
        """How many report of a hand, where I do."""
        return 0 if self._rings.receipt(known.id) is None else len(self._viewer.meant(known))

    def write(self) -> None:
        """Bring my slot to what the ledger says, if it is time."""
        if self._at is None or self._ctx.now < self._at:
            return
        self._at = None
        mine = tuple(r for known in self._up() if (r := self._rings.receipt(known.id)) is not None)
        if mine != self._replica.receipts(self._ctx.me):
            self._own.write(slots.RECEIPTS, Receipts(mine[-tuning.RECEIPTS_MAX :]))

    def _up(self) -> list[Known]:
        return sorted((known for known in self._hands.all() if known.is_up), key=lambda known: known.first_held)

    def next_deadline(self) -> int | None:
        """When the next write is due."""
        return self._at
