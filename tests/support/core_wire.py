"""A tiny in-memory wire between real nodes: streams that take 1 ms, cuts, crashes, restarts from a disk.

No chance, no faults of its own: for stories that a person can follow. The simulator is where chaos lives.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from escalate_daemon.core.commands import DialFailed
from escalate_daemon.core.effects import Dial
from escalate_daemon.core.ids import LinkId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.wire import WireError
from support.core_cast import Cast, cast_of
from support.core_seat import Seat

DELAY = 1  # ms
UNANSWERED = 3000  # ms until a dial into a cut fails
SPIN = 500  # steps a node at one millisecond: one that never comes to rest
NEVER = 1 << 62
EPOCH_MS = 1_700_000_000_000


@dataclass(eq=False)
class End:
    """One end of a stream; what was said while the pair was cut waits in `waiting`."""

    seat: Seat
    boot: int
    link: LinkId
    peer: "End" = field(init=False)
    closed: bool = False
    waiting: list[bytes | None] = field(default_factory=list)


class Wire:
    """Joins the seats; `run` jumps from deadline to deadline."""

    def __init__(self, *names: str, start: bool = True) -> None:
        self.cast: Cast = cast_of(*names)
        self.now = 0
        self.seats = [Seat(self, self.cast, name, shift) for name, shift in zip(names, count(5_000, 7_919))]
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._ends: list[End] = []
        self._cuts: set[frozenset[str]] = set()
        if start:
            for seat in self.seats:
                seat.start()
            self.introduce()

    def __getitem__(self, name: str) -> Seat:
        return next(seat for seat in self.seats if seat.name == name)

    @property
    def wall(self) -> int:
        """The true wall clock, in ms since 1970."""
        return EPOCH_MS + self.now

    def introduce(self) -> None:
        """Zeroconf's part: every running seat learns every other's address."""
        for seat in self.seats:
            for other in self.seats:
                if seat is not other and seat.node is not None and other.node is not None:
                    seat.finds(other.address)

    # --- Time --------------------------------------------------------------------------------------
    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do it at `when` of the wire's clock, after what is due then already."""
        heapq.heappush(self._events, (when, next(self._numbers), action))

    def run(self, ms: int) -> None:
        """Let `ms` pass, everything in order."""
        until, spun, spun_at = self.now + ms, 0, -1
        while (due := self._next()) <= until:
            self.now = max(self.now, due)
            spun, spun_at = (spun + 1 if spun_at == self.now else 0), self.now
            assert spun < SPIN * len(self.seats), f"nodes never come to rest at {self.now} ms"
            if self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            else:
                for seat in self.seats:
                    seat.tick_if_due()
        self.now = until

    def _next(self) -> int:
        times = [deadline for seat in self.seats if (deadline := seat.deadline()) is not None]
        if self._events:
            times.append(self._events[0][0])
        return min(times, default=NEVER)

    # --- Links -------------------------------------------------------------------------------------
    def dial(self, seat: Seat, dial: Dial) -> None:
        """Carry out a Dial: both hellos, then a stream, or DialFailed."""
        boot = seat.boot

        def fail(*, myself: bool = False, stranger: bool = False) -> None:
            if seat.boot == boot:
                seat.say(DialFailed(dial.dial, "no", myself=myself, stranger=stranger))

        def arrive() -> None:
            target = next((s for s in self.seats if s.address == dial.address), None)
            if seat.node is None or seat.boot != boot:
                return
            if target is seat:
                fail(myself=True)
            elif target is None or self.is_cut(seat, target):
                self.at(self.now + UNANSWERED, fail)
            elif target.node is None:
                fail()
            else:
                self._greet(seat, seat.node, target, target.node, dial)

        self.at(self.now + DELAY, arrive)

    def _greet(self, seat: Seat, node: Node, target: Seat, answerer: Node, dial: Dial) -> None:
        mine, theirs = node.hello(probe=dial.probe), answerer.hello(probe=False)
        try:
            who = answerer.judge_hello(mine, self.cast.key(seat.name))
            member = node.judge_hello(theirs, self.cast.key(target.name))
        except WireError:
            seat.say(DialFailed(dial.dial, "another space", stranger=True))
            return
        one, other = End(seat, seat.boot, seat.new_link()), End(target, target.boot, target.new_link())
        one.peer, other.peer = other, one
        self._ends += [one, other]
        target.linked(other.link, PeerHello(who, mine, None), None)
        seat.linked(one.link, PeerHello(member, theirs, dial.address), dial.dial)

    def send(self, seat: Seat, link: LinkId, data: bytes | None) -> None:
        """Put a frame on a stream; None closes it."""
        end = next((e for e in self._ends if e.seat is seat and e.boot == seat.boot and e.link == link), None)
        if end is None or end.closed:
            return
        end.closed = data is None
        end.waiting.append(data)
        if not self.is_cut(seat, end.peer.seat):
            self._flush(end)

    def _flush(self, end: End) -> None:
        waiting, end.waiting = end.waiting, []
        for data in waiting:
            self.at(self.now + DELAY, lambda data=data: self._deliver(end.peer, data))  # type: ignore[misc]

    def _deliver(self, end: End, data: bytes | None) -> None:
        if end.closed or end.boot != end.seat.boot or end.seat.node is None:
            return
        if data is None:
            end.closed = True
            end.seat.unlinked(end.link)
        else:
            end.seat.hears(end.link, data)

    def died(self, seat: Seat, *, told: bool) -> None:
        """A run ended: its peers' streams break, or (`told` false) fall silent."""
        for end in [e for e in self._ends if e.seat is seat]:
            if told:
                self.send(seat, end.link, None)
            end.closed = True
        self._ends = [e for e in self._ends if not (e.closed and e.peer.closed and not e.waiting)]

    # --- Cuts --------------------------------------------------------------------------------------
    def is_cut(self, one: Seat, other: Seat) -> bool:
        """Whether nothing passes between them."""
        return frozenset((one.name, other.name)) in self._cuts

    def cut(self, name: str, *others: str) -> None:
        """Nothing passes between `name` and the others (left out: all others)."""
        for other in others or self._others(name):
            self._cuts.add(frozenset((name, other)))

    def heal(self, name: str, *others: str) -> None:
        """Undo `cut`: what waited in streams that still stand comes now."""
        pairs = {frozenset((name, other)) for other in others or self._others(name)}
        self._cuts -= pairs
        for end in self._ends:
            if frozenset((end.seat.name, end.peer.seat.name)) in pairs:
                self._flush(end)

    def _others(self, name: str) -> Iterable[str]:
        return [seat.name for seat in self.seats if seat.name != name]

    def link_of(self, name: str, peer: str) -> LinkId:
        """A link that stands between the two, as `name` counts it."""
        return next(e.link for e in self._ends if not e.closed and (e.seat.name, e.peer.seat.name) == (name, peer))

    def up(self) -> Iterator[Seat]:
        """The seats whose daemon runs."""
        return (seat for seat in self.seats if seat.node is not None)
