"""The mesh: whom to dial, and whom to probe.

A full mesh while it costs little, with several links a pair where few are there; a few random dials beyond; and
probes, so that islands meet again. Which links are closed is decided in `pruning.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from escalate_daemon.core import tuning
from escalate_daemon.core.addresses import Address, AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.density import Density
from escalate_daemon.core.effects import Dial
from escalate_daemon.core.ids import DialId, LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.reach import Reachability

_DRAWS = 8  # of a random member, before all are looked through


@dataclass(slots=True)
class Dialling:
    """A dial under way."""

    address: Address
    member: MemberId | None
    probe: bool
    at: int


class Mesh:
    """Decides dials; never opens or reads anything. `members` gives those worth dialling."""

    def __init__(
        self,
        ctx: Context,
        links: LinkTable,
        book: AddressBook,
        reach: Reachability,
        *,
        density: Density,
        members: Callable[[], Iterable[MemberId]],
    ) -> None:
        self._ctx = ctx
        self._links = links
        self._book = book
        self._reach = reach
        self._density = density
        self._members = members
        self._dials: dict[DialId, Dialling] = {}
        self._next_id = 1
        self._next_probe = ctx.now + tuning.PROBE_EVERY_FEW
        self._next_check = ctx.now + tuning.PROBE_REACHABLE
        self._due = ctx.now
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

    def network_changed(self) -> None:
        """Ways may be gone, and others open: ask every link, dial at once."""
        self._links.ask_all()
        self.forgive()

    def forgive(self) -> None:
        """The network may be another: dial at once."""
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
        """Whom to dial may be other than before."""
        self._due = self._ctx.now

    def _unlinked(self) -> list[MemberId]:
        linked = self._links.peers()
        return [member for member in self._members() if member not in linked]

    def _own(self) -> int:
        return len({link.peer for link in self._links if link.dialled and not link.probe})

    def _candidates(self) -> list[MemberId]:
        """Members that may be dialled now."""
        if not self._density.is_small() and self._own() >= tuning.DIAL_PEERS:
            return []
        return [m for m in self._unlinked() if self._reach.is_reachable(m) or self.is_recent(m)]

    def _wanted(self) -> list[MemberId]:
        """Members that may be dialled now, reachable ones first, else in random order."""
        candidates = self._candidates()
        if len(candidates) > tuning.DIAL_ALL_UP_TO:
            self._ctx.rng.shuffle(candidates)
            candidates.sort(key=lambda member: not self._reach.is_reachable(member))
        return candidates

    def _at_once(self) -> int:
        """How many dials may begin now: a few; the rest of a small space once those have told that it is small."""
        fresh = sum(self._ctx.now < d.at + tuning.DIAL_FRESH for d in self._dials.values() if not d.probe)
        if not self._density.is_small() or self._own() < tuning.DIAL_PEERS:
            most = tuning.DIAL_PEERS - self._own()
        elif self._ctx.now < self._settled_at():
            most = 0
        else:  # many whom nobody reaches are most likely off
            many = len(self._unlinked()) + len(self._book.unattributed_due()) > tuning.DIAL_ALL_UP_TO
            most = tuning.DIAL_PEERS if many else tuning.LINKS_MAX
        return max(0, min(most - fresh, self._room()))

    def _settled_at(self) -> int:
        """When the links that I dialled last have told what they know."""
        return max((x.up_at for x in self._links if x.dialled), default=self._ctx.started) + tuning.DIAL_SETTLE

    def _room(self) -> int:
        return min(tuning.LINKS_MAX - len(self._links), tuning.DIALS_MAX - len(self._dials))

    def _dial_wanted(self) -> None:
        if self._wants_more():
            self._dial_hinted(self._at_once())
        left = self._at_once()
        for member in self._wanted() if left > 0 else ():
            address = self._book.best_due(member) if left > 0 else None
            if address is not None and self._in_flight(member) < 3:
                self._dial(address, member, probe=False)
                left -= 1
        if self._wants_more():
            for address in self._book.unattributed_due():
                if left > 0 and not self._asks_elsewhere(address):
                    self._dial(address, None, probe=False)
                    left -= 1
        for member, missing in self._short().items():
            self._dial_pair(member, missing)

    def _wants_more(self) -> bool:
        return self._density.is_small() or len(self._links) < tuning.FEW_PEERS

    def _dial_hinted(self, most: int) -> None:
        """Who was just found is dialled at once, before all who may be off; at one address first, then at another."""
        unlinked = set(self._unlinked())
        for address in self._book.hinted():
            member = min(address.owners & unlinked, default=None)
            if address.owners and member is None:
                address.hinted = False
            elif most > 0 and not self._asks_elsewhere(address):
                self._dial(address, member, probe=False)
                most -= 1

    def _asks_elsewhere(self, address: Address) -> bool:
        """Whether the same daemon was just dialled at another of its addresses."""
        fresh = (d.address.text for d in self._dials.values() if self._ctx.now < d.at + tuning.DIAL_FRESH)
        return any(text in address.together for text in fresh)

    def _in_flight(self, member: MemberId) -> int:
        return sum(1 for dialling in self._dials.values() if dialling.member == member)

    # --- Several links a pair ----------------------------------------------------------------------
    def _short(self) -> dict[MemberId, int]:
        """Peers with fewer links than a pair keeps, and how many are missing and are mine to dial now."""
        keeps = self._density.opens()
        if keeps == 1:
            return {}
        short = {}
        for peer, links in self._links.by_peer().items():
            missing = keeps - len(links) - self._in_flight(peer)
            if missing > 0 and self._ctx.now >= self._pair_due(peer, links):
                short[peer] = missing
        return short

    def _pair_due(self, peer: MemberId, links: list[Link]) -> int:
        """When what the pair lacks is mine to dial: the other end may be unable to, or may not know yet."""
        late = 0 if self._ctx.me < peer else tuning.PAIR_LATE
        return max(self._density.stood_since(), *(link.up_at for link in links)) + late

    def _dial_pair(self, member: MemberId, missing: int) -> None:
        address = self._book.best_due(member)
        for _ in range(missing if address is not None else 0):
            if address is not None and self._room() > 0:
                self._dial(address, member, probe=False)

    def dial_beside(self, member: MemberId) -> None:
        """A second connection to a member whose link is doubtful, by another way if there is one.

        A way that swallows what is sent is waited for until DIAL_TIMEOUT, so the others need not wait for it.
        """
        tried = {d.address.text for d in self._dials.values() if d.member == member}
        address = self._book.next_way(member, tried)
        if address is None or len(self._dials) >= tuning.DIALS_MAX:
            return
        if self._in_flight(member) < (3 if address.text in tried else tuning.ADDRESSES_MAX):
            self._dial(address, member, probe=False)

    # --- Probes ------------------------------------------------------------------------------------
    def _probe(self) -> None:
        """Ask one random known member that I have no link with, so that islands meet again."""
        if self._ctx.now < self._next_probe:
            return
        pool = self._island() or self._islands()
        if not pool and self._ctx.now >= self._next_check:
            pool = [(a, m) for m in self._unlinked() if (a := self._book.best_due(m))]
            self._next_check = self._ctx.now + tuning.PROBE_REACHABLE
        if pool:
            address, member = self._ctx.rng.choice(pool)
            self._dial(address, member, probe=True)
            few = len(self._links.peers()) < tuning.FEW_PEERS
            self._next_probe = self._ctx.now + (tuning.PROBE_EVERY_FEW if few else tuning.PROBE_EVERY)

    def _island(self) -> list[tuple[Address, MemberId | None]]:
        """Any of the many who cannot be reached, where a few draws find one who may be asked now."""
        many = self._unreached()
        for _ in range(_DRAWS if len(many) > tuning.LINKS_MAX and not self._book.unattributed_due() else 0):
            member = self._ctx.rng.choice(many)
            address = self._book.best_due(member)
            if address is not None:
                return [(address, member)]
        return []

    def _islands(self) -> list[tuple[Address, MemberId | None]]:
        """Where somebody who cannot be reached may be asked now."""
        pool = [(a, m) for m in self._unreached() if (a := self._book.best_due(m))]
        return [*pool, *((a, None) for a in self._book.unattributed_due())]

    def _unreached(self) -> list[MemberId]:
        return [member for member in self._unlinked() if not self._reach.is_reachable(member)]

    def _dial(self, address: Address, member: MemberId | None, *, probe: bool) -> None:
        dial = DialId(self._next_id)
        self._next_id += 1
        self._dials[dial] = Dialling(address, member, probe, self._ctx.now)
        self._book.dialled(address)
        self._ctx.emit(Dial(dial, address.text, probe))

    # --- Time --------------------------------------------------------------------------------------
    def unjudged_late(self) -> list[LinkId]:
        """Probes that told nothing in time."""
        return [link for link, at in self._judge_at.items() if self._ctx.now >= at]

    def judged(self, link: LinkId) -> None:
        """The probe stays."""
        self.changed()
        self._judge_at.pop(link, None)

    def next_deadline(self) -> int | None:
        """When the next dial, probe or verdict may be due."""
        return min((self._due, *self._judge_at.values()))

    def _next_due(self) -> int:
        now = self._ctx.now
        times = [dialling.at + tuning.DIAL_TIMEOUT for dialling in self._dials.values()]
        if len(self._links) < tuning.LINKS_MAX:
            due = self._book.next_due(self._candidates(), hints=self._wants_more())
            if due is not None:
                times.append(max(due, now + tuning.REDIAL_FIRST))
            times.append(max(self._next_probe, now + 1, self._askable_at()))
            times.extend(self._pair_times())
        return min(times, default=now + tuning.MINUTE)

    def _askable_at(self) -> int:
        """When somebody may be probed, as far as that is later than the next probe."""
        unreached = self._unreached()
        if self._book.is_due_by(self._next_probe, unreached):
            return self._next_probe
        due = self._book.next_due(unreached, hints=True)
        return self._next_check if due is None else due

    def _pair_times(self) -> Iterable[int]:
        """When a pair may be short of links, by the clock alone."""
        if (stands := self._density.stood_since()) > self._ctx.now:
            yield stands
        keeps = self._density.opens()
        for peer, links in self._links.by_peer().items() if keeps > 1 else ():
            if keeps > len(links) + self._in_flight(peer):
                free = self._book.next_due([peer], hints=False)
                if free is not None:
                    yield max(self._pair_due(peer, links), free, self._ctx.now + tuning.REDIAL_FIRST)
