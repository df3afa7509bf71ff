"""The address book: where members and strangers of this space may be dialled, and when to try again."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.ids import MemberId


@dataclass(slots=True)
class Address:
    """One HOST:PORT. `owners` are those whose profiles name it, and whoever answered there last.

    Several may: a profile can claim another's address, and a lost member's may have been given to a new one.
    """

    text: str
    owners: set[MemberId] = field(default_factory=set)
    failures: int = 0
    next_try: int = 0
    answered_at: int | None = None
    proven: bool = False  # it answered, and the network has not changed since
    mine: bool = False
    hinted: bool = False  # somebody may be there now; until dialled
    together: tuple[str, ...] = ()  # addresses of the same daemon, as its advert says


class AddressBook:
    """All addresses by text, bounded; and for each member those that lead to it."""

    def __init__(self, ctx: Context, is_reachable: Callable[[MemberId], bool]) -> None:
        self._ctx = ctx
        self._is_reachable = is_reachable
        self._all: dict[str, Address] = {}
        self._of: dict[MemberId, dict[str, None]] = {}

    def get(self, text: str) -> Address:
        """The entry, made where it is missing; the book forgets its oldest unattributed hint when full."""
        entry = self._all.get(text)
        if entry is None:
            if len(self._all) >= tuning.ADDRESSES_KNOWN_MAX:
                self._forget(next((t for t, e in self._all.items() if not e.owners), next(iter(self._all))))
            entry = self._all[text] = Address(text)
        return entry

    def _forget(self, text: str) -> None:
        for member in self._all.pop(text).owners:
            self._of[member].pop(text, None)

    def attribute(self, text: str, member: MemberId) -> None:
        """`member` answered here, or says that it can be found here."""
        self.get(text).owners.add(member)
        self._of.setdefault(member, {})[text] = None

    def members(self) -> Iterable[MemberId]:
        """Everybody to whom some address leads or led."""
        return self._of

    def publish(self, member: MemberId, addresses: Iterable[str]) -> None:
        """The member's profile names these, and no others."""
        kept = tuple(addresses)[: tuning.ADDRESSES_MAX]
        for text in [t for t in self._of.get(member, ()) if t not in kept]:
            self._of[member].pop(text)
            entry = self._all.get(text)
            if entry is not None:
                entry.owners.discard(member)
                if not entry.owners:
                    self._forget(text)
        for text in kept:
            self.attribute(text, member)

    def best_due(self, member: MemberId) -> Address | None:
        """The member's address to dial now: fewest failures, then answered last; None while all back off."""
        due = [
            entry
            for text in self._of.get(member, ())
            if (entry := self._all.get(text)) is not None and not entry.mine and self._ctx.now >= entry.next_try
        ]
        return min(due, key=lambda e: (e.failures, -(e.answered_at or 0), e.text), default=None)

    def next_way(self, member: MemberId, tried: Container[str] = ()) -> Address | None:
        """The address to try now for a member whose link is in doubt: each in turn, those too that an advert names with
        its own, and those that are being tried last; None while all were just tried.
        """
        own = self._of.get(member, {})
        beside = (e for e in self._all.values() if not e.owners and not own.keys().isdisjoint(e.together))
        ways = [*(self._all[text] for text in own if text in self._all), *beside]
        due = [entry for entry in ways if not entry.mine and self._ctx.now >= entry.next_try]
        return min(due, key=lambda e: (e.text in tried, e.next_try, e.text), default=None)

    def unattributed_due(self) -> list[Address]:
        """Hints that nobody answered yet and whose backoff is over."""
        return [e for e in self._all.values() if self._is_unknown(e) and self._ctx.now >= e.next_try]

    def _is_unknown(self, entry: Address) -> bool:
        """Whether nobody is known there, nor at another address of the same daemon: that would be one more way only."""
        return not entry.owners and not entry.mine and not any(map(self._is_known, entry.together))

    def _is_known(self, text: str) -> bool:
        """Whether somebody answers there, or says so who is in reach by whatever way."""
        entry = self._all.get(text)
        if entry is None or entry.failures:
            return False
        return entry.proven or any(map(self._is_reachable, entry.owners))

    def dialled(self, entry: Address) -> None:
        """A dial begins: no second one to the same address meanwhile, unless it takes long."""
        entry.next_try, entry.hinted = self._ctx.now + tuning.REDIAL_RECENT_MAX, False

    def failed(self, entry: Address, *, recent: bool) -> None:
        """Back off: exponentially with jitter, 2 s at most for those seen in the last hour, 60 s otherwise."""
        entry.failures = min(entry.failures + 1, 16)
        longest = tuning.REDIAL_RECENT_MAX if recent else tuning.REDIAL_MAX
        delay = min(longest, tuning.REDIAL_FIRST << entry.failures)
        entry.next_try = self._ctx.now + delay // 2 + self._ctx.rng.randrange(delay // 2 + 1)

    def succeeded(self, text: str, member: MemberId) -> None:
        """The member answered here."""
        self.attribute(text, member)
        entry = self.get(text)
        entry.failures, entry.next_try, entry.answered_at = 0, self._ctx.now, self._ctx.now
        entry.proven = True

    def hint(self, text: str, together: tuple[str, ...] = ()) -> Address:
        """Somebody may be there: try at once. `together`: where the same daemon says that it is, as anybody can."""
        entry = self.get(text)
        entry.together = together
        entry.failures, entry.next_try, entry.hinted = 0, min(entry.next_try, self._ctx.now), True
        return entry

    def hinted(self) -> list[Address]:
        """Hints that were not dialled yet."""
        due = [e for e in self._all.values() if e.hinted and not e.mine and self._ctx.now >= e.next_try]
        return [e for e in due if e.owners or self._is_unknown(e)]

    def forgive_all(self) -> None:
        """The network changed or the machine woke: every backoff begins anew, and no address is sure to answer."""
        for entry in self._all.values():
            entry.failures, entry.next_try, entry.mine, entry.proven = 0, self._ctx.now, False, False

    def is_due_by(self, time: int, members: Iterable[MemberId]) -> bool:
        """Whether any address of these members may be tried by then."""
        entries = (self._all.get(text) for member in members for text in self._of.get(member, ()))
        return any(entry is not None and not entry.mine and entry.next_try <= time for entry in entries)

    def next_due(self, members: Iterable[MemberId], *, hints: bool) -> int | None:
        """When the first address of these members, or of the unattributed, may be tried."""
        times = [
            self._all[text].next_try
            for member in members
            for text in self._of.get(member, ())
            if text in self._all and not self._all[text].mine
        ]
        if hints:
            times.extend(e.next_try for e in self._all.values() if self._is_unknown(e))
        return min(times, default=None)
