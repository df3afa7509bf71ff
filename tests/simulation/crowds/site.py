"""The place where a crowd sits: everybody's seat, delays, dials, zeroconf's hints, and a cut into halves."""

from collections.abc import Callable
from random import Random
from typing import Final

from escalate_daemon.core import wire
from escalate_daemon.core.commands import AddressFound, DialFailed
from escalate_daemon.core.effects import Bucket, Dial, Stored
from escalate_daemon.core.ids import member_id
from escalate_daemon.core.wire import AnyFrame, Hello
from simulation.crowds.lane import End
from simulation.crowds.seat import Seat, Tables
from simulation.crowds.tally import Tally
from simulation.crowds.thrift import Thrift
from simulation.keyring import Keyring, closed_charter
from simulation.schedule import Action, Schedule

DELAYS: Final = (1_000, 19_000)  # us one way: a slow LAN, so that the core's whole milliseconds do not blur it
MEAN_DELAY: Final = sum(DELAYS) // 2
TLS: Final = 4_000  # us of work for a handshake
SECOND: Final = 1_000_000  # us
GIVES_UP: Final = 6_000_000  # us: a dial into a cut
EPOCH_S: Final = 1_800_000_000


class Site:
    """Owns the clock. All of it follows from the seed."""

    def __init__(self, seed: int, count: int, watched: Callable[[int], None] = lambda now: None) -> None:
        """`watched` is told the time (us) at which it stands, at least once a second of it."""
        self.watched = watched
        self.rng = Random(seed)
        self.schedule = Schedule()
        self.tally = Tally()
        self.thrift = Thrift(self._read)
        self._keyring = Keyring(Random(self.rng.getrandbits(64)))
        keys = [self._keyring.new() for _ in range(count)]
        self.charter = closed_charter(keys, [f"person{index}" for index in range(count)], self.rng)
        self.seats = [Seat(self, i, keys[i], self.charter.chains[i], self.rng.getrandbits(64)) for i in range(count)]
        self._seed = self.rng.getrandbits(32)
        self._good: set[bytes] = set()
        self._halved = 0  # seats below this are cut from the others; 0: no cut
        self._reading: End | None = None

    # --- What is shared by all ---------------------------------------------------------------------
    def verify(self, key: bytes, signature: bytes, data: bytes) -> bool:
        """The keyring's word, asked once a signature."""
        if signature in self._good:
            return True
        good = self._keyring.verify(key, signature, data)
        if good:
            self._good.add(signature)
        return good

    def reads(self, end: End) -> None:
        """The frame that is decoded next came to this end."""
        self._reading = end
        self.tally.reader = end.seat.index

    def _read(self, frame: AnyFrame, size: int) -> None:
        end = self._reading
        if end is not None:
            self.tally.came(end.other.seat.index, end.seat.index, self.tally.read(frame), size)

    def hello_size(self, hello: Hello) -> int:
        """Bytes of a hello."""
        return len(wire.encode(hello))

    # --- Network -----------------------------------------------------------------------------------
    def cut(self, one: Seat, other: Seat) -> bool:
        """Whether nothing passes between them."""
        at = self._halved
        return at > 0 and (one.index < at) != (other.index < at)

    def halve(self) -> None:
        """Cut the site in two halves."""
        self._halved = len(self.seats) // 2

    def heal(self) -> None:
        """Join the halves again."""
        self._halved = 0

    def delay(self, one: Seat, other: Seat) -> int:
        """One way between these two, us; always the same, both ways."""
        low, high = sorted((one.index, other.index))
        mixed = (low * 1_000_003 + high) * 2_654_435_761 + self._seed
        mixed ^= mixed >> 15
        return DELAYS[0] + (mixed * 2_246_822_519 >> 7) % (DELAYS[1] - DELAYS[0] + 1)

    def dial(self, seat: Seat, dial: Dial) -> None:
        """Try; the outcome comes later."""
        self.tally.dials += 1
        target = self.seats[int(dial.address[1:].partition(":")[0])]
        way = self.delay(seat, target)
        at = self.schedule
        if target is seat:
            at.after(1000, lambda: seat.dial_failed(DialFailed(dial.dial, "myself", myself=True)))
        elif self.cut(seat, target):
            at.after(GIVES_UP, lambda: seat.dial_failed(DialFailed(dial.dial, "timed out")))
        else:
            at.after(way, lambda: self._knock(seat, target, dial, way))

    def _knock(self, seat: Seat, target: Seat, dial: Dial, way: int) -> None:
        if target.node is None:
            self.schedule.after(way, lambda: seat.dial_failed(DialFailed(dial.dial, "refused")))
        else:
            self.schedule.after(2 * way + TLS, lambda: self._greet(seat, target, dial, way))

    def _greet(self, seat: Seat, target: Seat, dial: Dial, way: int) -> None:
        if seat.node is None or target.node is None or self.cut(seat, target):
            return
        near = End(seat, way, dial.dial, dial.address)
        far = End(target, way, None, None)
        near.other, far.other = far, near
        hello = seat.node.hello(probe=dial.probe)
        near.greet(hello, self.hello_size(hello))

    def answer(self, end: End) -> None:
        """The hello of the dialled side."""
        hello = end.seat.running.hello(probe=False)
        end.greet(hello, self.hello_size(hello))

    # --- Beginning ---------------------------------------------------------------------------------
    def power_on(self, stored: Tables, *, within: int, heard: int) -> None:
        """All daemons start within so many us, with this on every disk; each hears of `heard` others soon."""
        for seat in self.seats:
            start = self.schedule.now + self.rng.randrange(within)
            self.schedule.at(start, self._starter(seat, stored))
            others = self.rng.sample(self.seats, min(heard, len(self.seats)))
            for other in others:
                if other is not seat:
                    late = within + self.rng.randrange(100_000, 2_000_000)
                    self.schedule.at(self.schedule.now + late, self._hinter(seat, other))

    def _starter(self, seat: Seat, stored: Tables) -> Action:
        return lambda: seat.start(stored, EPOCH_S + self.schedule.now // 1_000_000)

    def _hinter(self, seat: Seat, other: Seat) -> Action:
        def hint() -> None:
            seat.command(AddressFound(other.address))

        return hint

    def written(self) -> Tables:
        """A disk on which all of this space stands, as everybody had it before a power cut."""
        disk: Tables = {Bucket.SLOTS: {}, Bucket.INTROS: {}}
        for seat in self.seats:
            seat.kept = {}
            seat.start({}, EPOCH_S - 1000)
            for key, kept in seat.kept.get(Bucket.SLOTS, {}).items():
                disk[Bucket.SLOTS][key] = kept
            seat.kept, seat.node = None, None
        for chain in self.charter.chains:
            intro = chain[-1]
            disk[Bucket.INTROS][member_id(intro.key)] = Stored(wire.encode(intro), 0)
        return disk

    # --- How it stands -----------------------------------------------------------------------------
    def run(self, us: int) -> None:
        """Let time pass; `watched` is told of every second."""
        ends = self.schedule.now + us
        while self.schedule.now < ends:
            self.schedule.run_until(min(ends, self.schedule.now + SECOND))
            self.watched(self.schedule.now)

    def is_joined(self) -> bool:
        """Everybody reaches everybody."""
        others = len(self.seats) - 1
        return all(seat.node is not None and seat.node.reachable == others for seat in self.seats)

    def is_one(self) -> bool:
        """Everybody reaches everybody, and all fingerprints are equal."""
        return self.is_joined() and len({seat.running.fingerprint for seat in self.seats}) == 1
