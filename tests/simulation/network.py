"""The LAN: who is cut from whom, dials and their outcomes, and the streams that stand."""

from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING

from escalate_daemon.core.commands import DialFailed
from escalate_daemon.core.effects import Dial
from simulation.stream import End, Lane, Stream

if TYPE_CHECKING:
    from simulation.machine import Machine
    from simulation.world import World

SYN_RETRIES = (0, 1000, 3000)  # ms after the first
DIAL_GIVES_UP = 6000
HELLO_GIVES_UP = 5000
QUEUE_BYTES = 256 * 1024


class Network:
    """Knows every pair's delay and whether bytes pass between them."""

    def __init__(self, world: "World", count: int, rng: Random) -> None:
        self.world = world
        self.streams: list[Stream] = []
        self.lossy = 0.0  # second mode: chance that a frame is lost, doubled or late
        self.queue_bytes = QUEUE_BYTES
        self._rng = rng
        self._cuts = [[0] * count for _ in range(count)]
        self._met = [[False] * count for _ in range(count)]  # who knows how to dial whom
        slow = rng.random() < 0.2
        self._delay = [[rng.randint(1, 30) for _ in range(count)] for _ in range(count)]
        for row in self._delay:
            for column in range(count):
                if slow and rng.random() < 0.2:
                    row[column] = rng.randint(30, 90)
        self._numbers = 0
        self.changes = 0  # of cuts and of who knows whom

    # --- Cuts --------------------------------------------------------------------------------------
    def blocked(self, source: "Machine", target: "Machine") -> bool:
        """Whether bytes from `source` do not get to `target` now (they wait in the stream)."""
        return self._cuts[source.index][target.index] > 0 or target.asleep or source.asleep

    def cut(self, one: "Machine", other: "Machine", *, both_ways: bool = True) -> None:
        """No bytes from one to the other from now on, and back."""
        self.changes += 1
        self._cuts[one.index][other.index] += 1
        if both_ways:
            self._cuts[other.index][one.index] += 1

    def heal(self, one: "Machine", other: "Machine", *, both_ways: bool = True) -> None:
        """Undo one `cut`; what waited comes when the senders try again."""
        self.changes += 1
        self._cuts[one.index][other.index] -= 1
        if both_ways:
            self._cuts[other.index][one.index] -= 1
        for stream in self.streams:
            if {stream.dialler.machine, stream.acceptor.machine} == {one, other}:
                self._resume(stream)

    def freed(self, machine: "Machine") -> None:
        """It woke: what waits for it may come."""
        for stream in list(self.streams):
            if machine in (stream.dialler.machine, stream.acceptor.machine):
                self._resume(stream)

    def _resume(self, stream: Stream) -> None:
        until = self.world.schedule.now + self._rng.choice((0, 5, 200, self._rng.randrange(3000)))
        for lane in stream.lanes():
            lane.stall(until)

    def blocked_either(self, one: "Machine", other: "Machine") -> bool:
        """Whether bytes fail in at least one direction."""
        a, b = one.index, other.index
        return self._cuts[a][b] > 0 or self._cuts[b][a] > 0

    def is_open(self, one: "Machine", other: "Machine") -> bool:
        """Whether either could dial the other now, and be answered."""
        a, b = one.index, other.index
        if not (one.runs and other.runs) or self._cuts[a][b] or self._cuts[b][a]:
            return False
        return self._met[a][b] or self._met[b][a]

    # --- Who knows whom ----------------------------------------------------------------------------
    def met(self, one: "Machine", other: "Machine") -> None:
        """`one` can dial `other` from now on."""
        if not self._met[one.index][other.index]:
            self._met[one.index][other.index] = True
            self.changes += 1

    def knows(self, one: "Machine", other: "Machine") -> bool:
        """Whether `one` can dial `other`."""
        return self._met[one.index][other.index]

    def forget(self, machine: "Machine") -> None:
        """Its disk is gone or old: it knows nobody for sure."""
        self.changes += 1
        self._met[machine.index] = [False] * len(self._met)

    def moved(self, machine: "Machine") -> None:
        """It listens elsewhere now: nobody knows where."""
        self.changes += 1
        for row in self._met:
            row[machine.index] = False

    # --- Dials -------------------------------------------------------------------------------------
    def delay(self, one: "Machine", other: "Machine") -> int:
        """One way, in ms."""
        return self._delay[one.index][other.index]

    def dial(self, machine: "Machine", dial: Dial) -> None:
        """Try; the outcome comes as link_up or DialFailed."""
        target = self.world.at_address(dial.address)
        schedule = self.world.schedule
        boot = machine.boot
        if target is machine:
            self._fail(machine, 1, DialFailed(dial.dial, "myself", myself=True))
        elif target is None:
            stranger = dial.address.startswith("x")
            self._fail(machine, 20, DialFailed(dial.dial, "nobody of this space", stranger=stranger))
        else:
            there, deadline = target, schedule.now + DIAL_GIVES_UP

            def knock(tries: int) -> None:
                if machine.boot != boot or machine.asleep:
                    return
                if not self._answered(machine, there, dial, deadline):
                    if tries + 1 < len(SYN_RETRIES):
                        gap = SYN_RETRIES[tries + 1] - SYN_RETRIES[tries]
                        schedule.after(gap, lambda: knock(tries + 1))
                    else:
                        late = deadline - schedule.now
                        self._fail(machine, late, DialFailed(dial.dial, "timed out"))

            schedule.after(self.delay(machine, target), lambda: knock(0))

    def _answered(self, machine: "Machine", target: "Machine", dial: Dial, deadline: int) -> bool:
        cuts = self._cuts
        if cuts[machine.index][target.index] or cuts[target.index][machine.index]:
            return False
        if target.asleep or target.silent:
            return False
        if target.node is None or target.address != dial.address:
            self._fail(machine, self.delay(target, machine), DialFailed(dial.dial, "refused"))
            return True
        self._connect(machine, target, dial, deadline)
        return True

    def _fail(self, machine: "Machine", delay: int, failed: DialFailed) -> None:
        due = self.world.schedule.now + max(1, delay)
        machine.at_if_alive(due, lambda: machine.dial_failed(failed))

    def _connect(self, machine: "Machine", target: "Machine", dial: Dial, deadline: int) -> None:
        if machine.node is None or target.node is None:
            return
        world, schedule = self.world, self.world.schedule
        self._numbers += 1
        delay = self.delay(machine, target)
        stream = Stream(
            number=self._numbers,
            schedule=schedule,
            rng=self._rng,
            blocked=self.blocked,
            delay=delay,
            limit=self.queue_bytes,
        )
        stream.faults = self._lossy if self.lossy else None
        near = End(machine, stream, dial.dial, dial.address)
        far = End(target, stream, None, None)
        stream.join(near, far)
        self.streams.append(stream)
        machine.greet(near)
        target.greet(far)
        # TCP and TLS take three ways more before either hello can be read
        near_hello, far_hello = machine.node.hello(probe=dial.probe), target.node.hello(probe=False)
        near.out.hold_until(schedule.now + 2 * delay + 4)
        far.out.hold_until(schedule.now + 3 * delay + 4)
        near.out.push(near_hello)
        far.out.push(far_hello)
        machine.at_if_alive(deadline, lambda: machine.give_up_greeting(near))
        target.at_if_alive(schedule.now + HELLO_GIVES_UP, lambda: target.give_up_greeting(far))
        world.log(f"n{machine.index} connects to n{target.index}{' (probe)' if dial.probe else ''}")

    # --- Faults on streams -------------------------------------------------------------------------
    def _lossy(self, lane: Lane, frame: bytes, delay: int) -> None:
        rng, now = self._rng, self.world.schedule.now
        if self.lossy == 0.0 or rng.random() >= self.lossy:
            lane.deliver_at(now + delay, frame)
            return
        kind = rng.randrange(3)
        if kind == 1:
            lane.deliver_at(now + delay, frame)
        if kind >= 1:
            lane.deliver_at(now + delay + rng.randrange(1, 600), frame)

    def begin_loss(self, chance: float) -> None:
        """Second mode, from now on, on every stream."""
        self.lossy = chance
        for stream in self.streams:
            stream.faults = self._lossy

    def end_loss(self) -> None:
        """Back to ordered streams."""
        self.lossy = 0.0
        for stream in self.streams:
            stream.faults = None

    def break_stream(self, stream: Stream, *, told: Iterable[bool]) -> None:
        """The rest of it is lost at some frame; each side is told after a while, or never."""
        for lane in stream.lanes():
            lane.cut_off(self._rng.randrange(3))
        self.changed()
        for end, is_told in zip((stream.dialler, stream.acceptor), told, strict=True):
            if is_told:
                self._down_later(end)

    def _down_later(self, end: End) -> None:
        due = self.world.schedule.now + self._rng.choice((1, 50, self._rng.randrange(1, 8000)))
        end.machine.at_if_alive(due, lambda: end.machine.down(end))

    def changed(self) -> None:
        """An edge may have gone."""
        self.world.edges_went()

    def healthy(self) -> list[tuple[int, int]]:
        """The edges over which bytes pass both ways now; forgets streams that are over."""
        if any(stream.is_over() for stream in self.streams):
            self.streams = [stream for stream in self.streams if not stream.is_over()]
        return [
            (stream.dialler.machine.index, stream.acceptor.machine.index)
            for stream in self.streams
            if stream.is_healthy()
        ]
