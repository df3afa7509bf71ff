"""One member's gossip without a node around it: what it says on three links, and what it hears."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import BUCKETS, Replica
from escalate_daemon.core.wire import AnyFrame, Have, HaveEntry, Record
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem", "dora")
BEN, CEM, DORA = (CAST.id(name) for name in CAST.names[1:])
START = 1_000_000
TO_BEN, TO_CEM, TO_DORA = LinkId(1), LinkId(2), LinkId(3)


@dataclass
class Mouth:
    """Ana's gossip with three links, their first questions put already."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    replica: Replica = field(default_factory=Replica)
    compared: list[LinkId] = field(default_factory=list)
    ages: list[tuple[LinkId, HaveEntry]] = field(default_factory=list)

    def __post_init__(self) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        for name in CAST.names:
            roster.admit_chain(CAST.chain(name))
        self.gossip = Gossip(
            self.ctx,
            self.replica,
            roster,
            lambda link: self.compared.append(link.id),
            lambda link, entry: self.ages.append((link.id, entry)),
        )
        peers = ((TO_BEN, BEN), (TO_CEM, CEM), (TO_DORA, DORA))
        self.links = {number: Link(number, peer, None, False, False, START, START, None) for number, peer in peers}
        for link in self.links.values():
            self.gossip.open(link)
        self.said()

    def said(self, after: int = 0) -> list[tuple[LinkId, AnyFrame, bool]]:
        """What is sent, also by a flush `after` ms: link, frame, urgent."""
        self.ctx.now += after
        self.gossip.flush()
        sends = self.ctx.drain()
        assert all(isinstance(s, Send) for s in sends)
        return [(s.link, wire.decode_frame(s.data), s.urgent) for s in sends if isinstance(s, Send)]

    def holds(self, record: Record, came_from: MemberId | None = None) -> None:
        """A record was merged."""
        self.replica.put(CAST.held(record, self.ctx.now))
        self.gossip.spread(record.key, came_from)

    def hears_of(self, link: LinkId, *records: Record, full: bool = False, size: int | None = None) -> None:
        """A peer announces these."""
        entries = tuple(entry(record, size) for record in records)
        self.gossip.on_have(link, Have(entries, BUCKETS if full else 0))


def entry(record: Record, size: int | None = None) -> HaveEntry:
    """The row that announces a record."""
    version = wire.version_of(CAST.charter.space, record)
    return HaveEntry(record.member, record.slot, *version, size or wire.wire_size(record), record.age)


def state(seq: int = 1, who: str = "ben") -> Record:
    """A state of somebody, who is busy: that is news."""
    return CAST.record(who, slots.STATE, slots.State(slots.BUSY), (1, seq))


def receipts(seq: int = 1, who: str = "ben") -> Record:
    """Receipts of somebody."""
    return CAST.record(who, slots.RECEIPTS, slots.Receipts(), (1, seq))
