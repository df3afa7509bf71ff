"""Links as the world carries them: two ordered lanes with delay, that stall, are cut, break, or die unheard."""

from collections import deque
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import TYPE_CHECKING

from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.wire import Hello
from simulation.schedule import Schedule

if TYPE_CHECKING:
    from simulation.machine import Machine

KERNEL_FRAMES = 4  # already handed over: nothing overtakes them and nothing forgets them


class Mark(Enum):
    """What a lane can carry beside frames."""

    FIN = "fin"


Item = bytes | Hello | Mark


class End:
    """One machine's end of a stream. `link` once both hellos were judged well, None before."""

    __slots__ = ("address", "dial", "gone", "link", "machine", "other", "out", "stream")

    def __init__(self, machine: "Machine", stream: "Stream", dial: DialId | None, address: str | None) -> None:
        self.machine = machine
        self.stream = stream
        self.dial = dial
        self.address = address
        self.link: LinkId | None = None
        self.gone = False
        self.other: End
        self.out: Lane


class Lane:
    """One direction of a stream: frames in order, each after its delay, held while the way is blocked."""

    def __init__(self, stream: "Stream", source: End, target: End) -> None:
        self.stream = stream
        self.source = source
        self.target = target
        self.stalled_until = 0
        self.dead = False
        self.bytes = 0
        self._queue: deque[tuple[int, Item, bool]] = deque()
        self._last_due = 0
        self._pump_at: int | None = None

    def held(self) -> bool:
        """Whether nothing comes out at present."""
        stream = self.stream
        return stream.schedule.now < self.stalled_until or stream.blocked(self.source.machine, self.target.machine)

    def push(self, item: Item, *, urgent: bool = False) -> None:
        """Send. Urgent frames overtake what is still in the sender's own queue."""
        if self.dead:
            return
        stream, now = self.stream, self.stream.schedule.now
        delay = stream.delay + stream.rng.randrange(3)
        if type(item) is bytes:
            self.bytes += len(item)
            if stream.faults is not None:
                stream.faults(self, item, delay)
                return
        due = max(now + delay, self._last_due)
        self._last_due = due
        queue = self._queue
        if urgent and len(queue) > KERNEL_FRAMES and self.held():
            place = KERNEL_FRAMES
            while place < len(queue) and queue[place][2]:
                place += 1
            queue.insert(place, (queue[place - 1][0], item, urgent))
        else:
            queue.append((due, item, urgent))
        if self.bytes > stream.limit:
            self._forget_slots()
        self._arm()

    def deliver_at(self, time: int, item: bytes) -> None:
        """A frame out of order (second mode): it comes at `time`, whatever the others do."""
        self.stream.schedule.at(time, lambda: self._deliver_loose(item))

    def _deliver_loose(self, item: bytes) -> None:
        if not self.dead and not self.held():
            self.target.machine.arrived(self.target, item)

    def _forget_slots(self) -> None:
        kept: deque[tuple[int, Item, bool]] = deque()
        for place, entry in enumerate(self._queue):
            if place < KERNEL_FRAMES or entry[2] or type(entry[1]) is not bytes:
                kept.append(entry)
        if len(kept) < len(self._queue):
            self._queue = kept
            self.bytes = sum(len(e[1]) for e in kept if type(e[1]) is bytes)
            source = self.source
            self.stream.schedule.after(0, lambda: source.machine.overflowed(source))

    def _arm(self) -> None:
        if self._pump_at is None and self._queue and not self.held():
            self._pump_at = max(self._queue[0][0], self.stream.schedule.now)
            self.stream.schedule.at(self._pump_at, self.pump)

    def pump(self) -> None:
        """Deliver all that is due and may pass; called again when the way is free again."""
        self._pump_at = None
        now = self.stream.schedule.now
        while self._queue and not self.dead and self._queue[0][0] <= now and not self.held():
            _, item, _ = self._queue.popleft()
            if type(item) is bytes:
                self.bytes -= len(item)
            self.target.machine.arrived(self.target, item)
        if not self.dead:
            self._arm()

    def hold_until(self, time: int) -> None:
        """Nothing comes out before `time`: the connection is still being made."""
        self._last_due = max(self._last_due, time)

    def stall(self, until: int) -> None:
        """Hold everything until then (a lost packet, a slow timer)."""
        self.stalled_until = max(self.stalled_until, until)
        self.stream.schedule.at(until, self.pump)

    def vanish(self) -> None:
        """The sender lost its power: what it had not got through is gone with it, and nobody is told."""
        if self.held():
            self._queue.clear()
            self.bytes = 0

    def reset(self) -> None:
        """The sender's machine is back and knows nothing of this stream: it says so when it is asked."""
        if not self.dead:
            self.push(Mark.FIN)

    def cut_off(self, keep: int) -> None:
        """The lane is dead: at most `keep` of what is under way still comes."""
        while len(self._queue) > keep:
            self._queue.pop()
        self.pump()
        self.dead = True


class Stream:
    """A connection between two machines: both ends and both lanes."""

    def __init__(
        self,
        *,
        number: int,
        schedule: Schedule,
        rng: Random,
        blocked: "Callable[[Machine, Machine], bool]",
        delay: int,
        limit: int,
    ) -> None:
        self.number = number  # in order of connecting
        self.schedule = schedule
        self.rng = rng
        self.blocked = blocked
        self.delay = delay
        self.limit = limit  # bytes that a sender's queue holds
        self.faults: Callable[[Lane, bytes, int], None] | None = None
        self.dialler: End
        self.acceptor: End

    def join(self, dialler: End, acceptor: End) -> None:
        """Both ends are made: lay the lanes."""
        self.dialler, self.acceptor = dialler, acceptor
        dialler.other, acceptor.other = acceptor, dialler
        dialler.out = Lane(self, dialler, acceptor)
        acceptor.out = Lane(self, acceptor, dialler)

    def lanes(self) -> "tuple[Lane, Lane]":
        """Both directions, the dialler's first."""
        return self.dialler.out, self.acceptor.out

    def is_over(self) -> bool:
        """Neither end uses it any more."""
        return self.dialler.gone and self.acceptor.gone

    def is_healthy(self) -> bool:
        """Both ends are up, and bytes pass both ways at present."""
        one, two = self.dialler, self.acceptor
        return (
            one.link is not None
            and two.link is not None
            and not one.gone
            and not two.gone
            and not (one.out.dead or two.out.dead)
            and not (one.out.held() or two.out.held())
        )
