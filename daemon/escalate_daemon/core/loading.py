"""What a node takes over from its disk, in the order in which one needs the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Stored
from escalate_daemon.core.hands import Hands
from escalate_daemon.core.ids import MEMBER_ID_BYTES, MemberId
from escalate_daemon.core.merging import Merging
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.quietness import MUTES, Quietness
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica, decode_body
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.slots import Receipt
from escalate_daemon.core.viewer import Viewer

Kept = Mapping[Bucket, Mapping[bytes, Stored]]


@dataclass(frozen=True, slots=True)
class Loading:
    """Fills a new node's parts. Rows that cannot be read are left out."""

    ctx: Context
    replica: Replica
    merging: Merging
    pins: Pins
    rings: Rings
    viewer: Viewer
    book: AddressBook
    reach: Reachability
    hands: Hands
    quietness: Quietness
    answering: Answering

    def load(self, stored: Kept) -> None:
        """All of it; whoever else is known starts lost."""
        self.pins.load(dict(stored.get(Bucket.PINS, {})))
        self.rings.load(dict(stored.get(Bucket.RINGS, {})))
        self.merging.load(dict(stored.get(Bucket.INTROS, {})), dict(stored.get(Bucket.SLOTS, {})))
        load_receipts(self.viewer, stored.get(Bucket.RECEIPTS, {}))
        for member in list(self.replica.members()):
            profile = self.replica.profile(member)
            if member != self.ctx.me:
                self.reach.start_lost(member, self.ctx.now)
                if profile is not None:
                    self.book.publish(member, profile.addresses)
            self.hands.load(member, put_away=self.rings.was_put_away)
        self.quietness.load(stored.get(Bucket.META, {}).get(MUTES))
        self.answering.take_news()  # what the disk says is no news
        self.rings.close_left_over(lambda hand: (k := self.hands.get(hand)) is not None and k.is_up)


def load_receipts(viewer: Viewer, stored: Mapping[bytes, Stored]) -> None:
    """Take over the receipts that an earlier run kept; unreadable rows are left out."""
    for key, kept in stored.items():
        receipt = decode_body(kept.value, Receipt)
        if receipt is not None:
            member = MemberId(key[:MEMBER_ID_BYTES])
            viewer.kept_receipts.setdefault(receipt.hand, {})[member] = receipt
