"""The mesh: whom to dial, which probes stay, which links are one too many.

A full mesh while it costs little, a few random dials beyond; and probes, so that islands meet again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from escalate_daemon.core import tuning
from escalate_daemon.core.addresses import Address, AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Dial
from escalate_daemon.core.ids import DialId, LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.reach import Reachability

DUPLICATE_GRACE = 1 * tuning.SECOND  # both ends see both links before one is closed
TRIM_EVERY = 2 * tuning.SECOND  # of links from when the space was small, half go each time: few writes, no cliff


@dataclass(slots=True)
class Dialling:
    """A dial under way."""

    address: Address
    member: MemberId | None
    probe: bool
    at: int


class Mesh:
    """Decides dials and closings; never opens or reads anything.

    `members` gives those worth dialling, `degree` how many links a member lists.
    """

    def __init__(
        self,
        ctx: Context,
        links: LinkTable,
        book: AddressBook,
        reach: Reachability,
        *,
        members: Callable[[], Iterable[MemberId]],
        degree: Callable[[MemberId], int],
    ) -> None:
        self._ctx = ctx
        self._links = links
        self._book = book
        self._reach = reach
        self._members = members
        self._degree = degree
        self._dials: dict[DialId, Dialling] = {}
        self._next_id = 1
        self._next_probe = ctx.now
        self._next_trim = ctx.now
        self._due = self._surplus_at = ctx.now
        self._seen: dict[MemberId, int] = {}
        self._judge_at: dict[LinkId, int] = {}

    # --- What happened -----------------------------------------------------------------------------
    def seen(self, member: MemberId) -> None:
        """A link with the member is up, or was until now: it is recent."""
        self._seen[member] = self._ctx.now

    def dial_ended(self, dial: DialId) -> Dialling | None:
        """The dial came to an end, well or not."""
        self.changed()
        return self._dials.pop(dial, None)

    def dial_failed(self, dial: DialId, *, myself: bool) -> None:
        """Nobody of this space answered there."""
        ended = self.dial_ended(dial)
        if ended is None:
            return
        ended.address.mine = myself
        self._book.failed(ended.address, recent=self.is_recent(ended.member))

    def link_up(self, link: Link) -> None:
        """A link came up: a probe is to be judged in time."""
        self.seen(link.peer)
        self.changed()
        if link.probe:
            self._judge_at[link.id] = self._ctx.now + tuning.PROBE_JUDGE

    def link_gone(self, link: Link) -> None:
        """A link is down."""
        self._judge_at.pop(link.id, None)
        self.changed()
        if not link.probe:
            self.seen(link.peer)
        if link.address is not None and not link.compared:  # refused at the cap, or broken at once
            self._book.failed(self._book.get(link.address), recent=True)

    def forgive(self) -> None:
        """The network changed: dial at once."""
        self._book.forgive_all()
        self._next_probe = self._ctx.now
        self.changed()

    def is_recent(self, member: MemberId | None) -> bool:
        """Whether it was seen in the last hour; from disk counts, for an hour from start."""
        if member is None:
            return self._ctx.now - self._ctx.started < tuning.RECENT
        return self._ctx.now - self._seen.get(member, self._ctx.started) < tuning.RECENT

    # --- Decisions ---------------------------------------------------------------------------------
    def run(self) -> None:
        """Start every dial that is due; does nothing before that unless something changed since."""
        if self._ctx.now < self._due:
            return
        for dial, dialling in list(self._dials.items()):
            if self._ctx.now >= dialling.at + tuning.DIAL_TIMEOUT:
                self.dial_failed(dial, myself=False)
        if len(self._links) < tuning.LINKS_MAX:
            self._dial_wanted()
            self._probe()
        self._due = self._next_due()

    def changed(self) -> None:
        """Whom to dial, or which link is one too many, may be other than before."""
        self._due = self._surplus_at = self._ctx.now

    def is_small(self) -> bool:
        """Whether all are to be linked with all."""
        return self._reach.count() <= tuning.DIAL_ALL_UP_TO

    def _unlinked(self) -> list[MemberId]:
        linked = self._links.peers()
        return [member for member in self._members() if member not in linked]

    def _own(self) -> int:
        return len({link.peer for link in self._links if link.dialled and not link.probe})

    def _wanted(self) -> list[MemberId]:
        """Members that may be dialled now, reachable ones first, else in random order."""
        if not self.is_small() and self._own() >= tuning.DIAL_PEERS:
            return []
        candidates = [m for m in self._unlinked() if self._reach.is_reachable(m) or self.is_recent(m)]
        if len(candidates) > tuning.DIAL_ALL_UP_TO:
            self._ctx.rng.shuffle(candidates)
            candidates.sort(key=lambda member: not self._reach.is_reachable(member))
        return candidates

    def _at_once(self) -> int:
        """How many dials may begin now: many while all are to be linked, else a few, and more when those are slow."""
        fresh = sum(self._ctx.now < d.at + tuning.DIAL_FRESH for d in self._dials.values() if not d.probe)
        if not self.is_small():
            most = tuning.DIAL_PEERS - self._own()
        elif len(self._unlinked()) + len(self._links.peers()) <= tuning.DIAL_ALL_UP_TO:
            most = tuning.LINKS_MAX
        else:
            most = tuning.DIAL_PEERS
        return max(0, min(most - fresh, self._room()))

    def _room(self) -> int:
        return min(tuning.LINKS_MAX - len(self._links), tuning.DIALS_MAX - len(self._dials))

    def _dial_wanted(self) -> None:
        if self._wants_more():
            self._dial_hinted()
        left = self._at_once()
        for member in self._wanted():
            address = self._book.best_due(member) if left > 0 else None
            if address is not None and self._in_flight(member) < 3:
                self._dial(address, member, probe=False)
                left -= 1
        if self._wants_more():
            for address in self._book.unattributed_due()[:left]:
                self._dial(address, None, probe=False)

    def _wants_more(self) -> bool:
        return self.is_small() or len(self._links) < tuning.FEW_PEERS

    def _dial_hinted(self) -> None:
        """Who was just found is dialled at once, before all who may be off."""
        unlinked = set(self._unlinked())
        for address in self._book.hinted()[: max(0, self._room())]:
            member = min(address.owners & unlinked, default=None)
            if member is not None or not address.owners:
                self._dial(address, member, probe=False)
            else:
                address.hinted = False

    def _in_flight(self, member: MemberId) -> int:
        return sum(1 for dialling in self._dials.values() if dialling.member == member)

    def _probe(self) -> None:
        """Ask one random known member that I have no link with, so that islands meet again."""
        if self._ctx.now < self._next_probe:
            return
        few = len(self._links.peers()) < tuning.FEW_PEERS
        self._next_probe = self._ctx.now + (tuning.PROBE_EVERY_FEW if few else tuning.PROBE_EVERY)
        members = [(a, m) for m in self._unlinked() if (a := self._book.best_due(m)) is not None]
        pool: list[tuple[Address, MemberId | None]] = [
            *members,
            *((a, None) for a in self._book.unattributed_due()),
        ]
        if pool:
            address, member = self._ctx.rng.choice(pool)
            self._dial(address, member, probe=True)

    def dial_beside(self, member: MemberId) -> None:
        """A second connection to a member whose link is doubtful."""
        address = self._book.best_due(member)
        if address is not None and self._in_flight(member) < 3:
            self._dial(address, member, probe=False)

    def _dial(self, address: Address, member: MemberId | None, *, probe: bool) -> None:
        dial = DialId(self._next_id)
        self._next_id += 1
        self._dials[dial] = Dialling(address, member, probe, self._ctx.now)
        self._book.dialled(address)
        self._ctx.emit(Dial(dial, address.text, probe))

    # --- Which links to close ----------------------------------------------------------------------
    def unjudged_late(self) -> list[LinkId]:
        """Probes that told nothing in time."""
        return [link for link, at in self._judge_at.items() if self._ctx.now >= at]

    def judged(self, link: LinkId) -> None:
        """The probe stays."""
        self.changed()
        self._judge_at.pop(link, None)

    def replaced_by(self, link: Link) -> LinkId | None:
        """A random own link that the staying probe replaces, where the mesh is full."""
        if self.is_small():
            return None
        own = [other.id for other in self._links if other.dialled and not other.probe and other.id != link.id]
        return self._ctx.rng.choice(own) if len(own) >= tuning.DIAL_PEERS else None

    def displaced_by(self, newcomer: MemberId, degree: int) -> LinkId | None:
        """At the cap: the link that goes for a newcomer of this degree; None: refuse it.

        A second link with one peer first, then one that never compared, then the best connected peer's.
        """
        others = [link for link in self._links if link.peer != newcomer]
        idle = [link for link in others if not link.compared and self._ctx.now >= link.up_at + tuning.DEAD_AFTER]
        first = {link.peer: link.id for link in reversed(others)}
        for link in (*(x for x in others if first[x.peer] != x.id), *idle):
            return link.id
        best = max(others, key=lambda link: (self._degree(link.peer), link.id), default=None)
        return best.id if best is not None and self._degree(best.peer) > degree else None

    def surplus(self) -> list[LinkId]:
        """Links that are one too many: beside another with the same peer, or dialled when the space was small.

        A doubtful link goes when another is compared, at either end; of good ones the lower id of the two members
        keeps the youngest: a peer that dialled again may have lost the older one, and only it would know.
        """
        by_peer: dict[MemberId, list[Link]] = {}
        for link in self._links:
            if not link.probe:
                by_peer.setdefault(link.peer, []).append(link)
        now = self._ctx.now
        if now < self._surplus_at:
            return []
        self._surplus_at = now + DUPLICATE_GRACE // 2
        gone = [x.id for x in self._links if not x.compared and now >= x.up_at + tuning.UNCOMPARED_MAX]
        for peer, links in by_peer.items():
            good = [link for link in links if link.compared and not link.doubtful]
            if len(links) < 2 or not good:
                continue
            gone.extend(link.id for link in links if link.doubtful)
            if self._ctx.me < peer:
                youngest = max(good, key=lambda link: (link.up_at, link.id))
                ripe = now >= youngest.up_at + DUPLICATE_GRACE
                gone.extend(link.id for link in good if ripe and link is not youngest)
        return gone or self._trim()

    def _trim(self) -> list[LinkId]:
        if self.is_small() or self._ctx.now < self._next_trim:
            return []
        own = [link for link in self._links if link.dialled and not link.probe]
        rich = [link.id for link in own if link.compared and self._degree(link.peer) > tuning.DIAL_PEERS]
        surplus = len(own) - tuning.DIAL_PEERS
        if surplus <= 0 or not rich:
            return []
        self._next_trim = self._ctx.now + TRIM_EVERY
        return self._ctx.rng.sample(rich, min(len(rich), (surplus + 1) // 2))

    def next_deadline(self) -> int | None:
        """When the next dial, probe, verdict or closing may be due."""
        times = [self._due, *self._judge_at.values()]
        if self._has_surplus():
            times.append(self._ctx.now + DUPLICATE_GRACE)
        return min(times)

    def _next_due(self) -> int:
        times = [dialling.at + tuning.DIAL_TIMEOUT for dialling in self._dials.values()]
        if len(self._links) < tuning.LINKS_MAX:
            due = self._book.next_due(self._wanted(), hints=self._wants_more())
            if due is not None:
                times.append(max(due, self._ctx.now + tuning.REDIAL_FIRST))
            times.append(max(self._next_probe, self._ctx.now + 1))
        return min(times, default=self._ctx.now + tuning.MINUTE)

    def _has_surplus(self) -> bool:
        lasting = [link for link in self._links if not link.probe]
        own = sum(link.dialled for link in lasting)
        return len({link.peer for link in lasting}) < len(lasting) or (own > tuning.DIAL_PEERS and not self.is_small())
