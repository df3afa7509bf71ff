"""What follows from a record: merged, kept, passed on, and each slot's own consequences."""

from collections.abc import Callable
from dataclasses import dataclass

from escalate_daemon.core import slots, wire
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.facts import MemberChanged
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.hands import Hands
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.merging import Merging
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Receipt
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.wire import Record


def receipt_key(hand: str, member: MemberId) -> bytes:
    """The store's key of a receipt for my hand."""
    return member + b"/" + hand.encode()


@dataclass(frozen=True, slots=True)
class Absorb:
    """Takes in records from links. `links_changed` is called when somebody's list of links did."""

    ctx: Context
    replica: Replica
    merging: Merging
    gossip: Gossip
    book: AddressBook
    pins: Pins
    viewer: Viewer
    hands: Hands
    me: Myself
    links_changed: Callable[[], None]

    def record(self, record: Record, link: Link) -> bool:
        """Merge one record that came over `link`; whether it was news. Raises WireError for its form."""
        owner = record.member
        if owner == self.ctx.me:
            twin = self.merging.twin_of_mine(record)
            if twin is not None:
                self.me.reclaim(twin)
            return twin is not None
        direct = link.peer == owner
        if self.merging.merge(record, direct=direct) is None:
            held = self.replica.get(record.key)
            if held is not None and held.record.sig == record.sig:
                self._known_already(record, link)
            return False
        self.gossip.spread(record.key, link.peer)
        if record.slot == slots.LINKS:
            self.links_changed()
        elif record.slot == slots.PROFILE:
            self._profile(owner)
        elif record.slot == slots.STATE:
            self.hands.state_changed(owner, direct=direct)
            self.ctx.emit(MemberChanged(self.viewer.member(owner)))
        elif record.slot == slots.RECEIPTS:
            self._receipts(owner)
        self.hands.owner_spoke(owner)
        return True

    def _known_already(self, record: Record, link: Link) -> None:
        self.gossip.known_by(link.peer, record.key)
        if link.peer == record.member and record.slot == slots.STATE:
            self.hands.heard_age(record.member, record.age, direct=True)

    def _profile(self, member: MemberId) -> None:
        profile = self.replica.profile(member)
        self.links_changed()  # a member not known before is counted as unreachable from now
        if profile is None:
            return
        self.book.publish(member, profile.addresses)
        self.pins.meet(member, self.viewer.member(member).name)
        self.ctx.emit(MemberChanged(self.viewer.member(member)))

    def _receipts(self, member: MemberId) -> None:
        """Receipts for my own hand are kept: the member may drop them once the hand is over."""
        for receipt in self.replica.receipts(member):
            known = self.hands.get(HandId(receipt.hand))
            if known is None or known.owner != receipt.owner:
                continue
            if known.owner == self.ctx.me and member in self.viewer.meant(known):
                self._keep_receipt(member, receipt)
            self.hands.updated(known.id)

    def _keep_receipt(self, member: MemberId, receipt: Receipt) -> None:
        kept = self.viewer.kept_receipts.setdefault(receipt.hand, {})
        if kept.get(member) != receipt:
            kept[member] = receipt
            self.ctx.emit(Store(Bucket.RECEIPTS, receipt_key(receipt.hand, member), wire.encode(receipt)))
