"""Everybody's receipts by the hand that they report of, as the replica holds them, kept up to date one by one."""

from escalate_daemon.core import slots
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Receipt


class Receiving:
    """The only one who asks the replica whose receipts changed."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._of_member: dict[MemberId, tuple[Receipt, ...]] = {}
        self._of_hand: dict[tuple[str, MemberId], dict[MemberId, Receipt]] = {}

    def of(self, hand: str, owner: MemberId) -> dict[MemberId, Receipt]:
        """All receipts that name this hand as this owner's."""
        self._look()
        return dict(self._of_hand.get((hand, owner), {}))

    def _look(self) -> None:
        for member in self._replica.changed(slots.RECEIPTS):
            for receipt in self._of_member.pop(member, ()):
                reports = self._of_hand.get((receipt.hand, receipt.owner), {})
                reports.pop(member, None)
                if not reports:
                    self._of_hand.pop((receipt.hand, receipt.owner), None)
            for receipt in self._replica.receipts(member):
                self._of_member[member] = self._replica.receipts(member)
                self._of_hand.setdefault((receipt.hand, receipt.owner), {})[member] = receipt
