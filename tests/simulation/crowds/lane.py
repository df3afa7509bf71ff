"""One connection of a crowd: frames in order, each direction with its delay, its rate and the product's send queue."""

from typing import TYPE_CHECKING, Final

from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.wire import Hello
from escalate_daemon.links.queue import SendQueue

if TYPE_CHECKING:
    from simulation.crowds.seat import Seat

BYTES_A_MS: Final = 2_500  # 20 Mbit/s a link
FRAME_EXTRA: Final = 4 + 22  # bytes: a frame's length, a TLS record around it
SEGMENT: Final = 1_448  # bytes of payload in a TCP segment
SEGMENT_EXTRA: Final = 66  # bytes: Ethernet, IP, TCP with timestamps
HANDSHAKE: Final = 1_500  # bytes each way: TCP and TLS 1.3 with two small certificates, about


def on_the_wire(size: int) -> int:
    """Bytes that a frame of this size takes on the wire."""
    size += FRAME_EXTRA
    return size + SEGMENT_EXTRA * (1 + size // SEGMENT)


class Fin:
    """The end of a lane."""


FIN: Final = Fin()
Item = bytes | Hello | Fin


class End:
    """One seat's end of a connection, and the lane out of it. Times in us."""

    __slots__ = ("address", "closing", "delay", "dial", "free_at", "gone", "link", "other", "pumping", "queue", "seat")

    def __init__(self, seat: "Seat", delay: int, dial: DialId | None, address: str | None) -> None:
        self.seat = seat
        self.delay = delay
        self.dial = dial
        self.address = address
        self.link: LinkId | None = None
        self.gone = False
        self.closing = False
        self.free_at = 0
        self.pumping = False
        self.queue = SendQueue()
        self.other: End

    def send(self, data: bytes, *, urgent: bool) -> None:
        """The node wants a frame sent; what cannot leave now waits under the product's limit."""
        site = self.seat.site
        now = site.schedule.now
        if not self.pumping and self.free_at <= now and not site.cut(self.seat, self.other.seat):
            self._transmit(data, len(data))
            return
        if self.queue.put(data, urgent=urgent):
            site.tally.overflows += 1
            site.schedule.after(0, self._overflowed)
        self._arm()

    def greet(self, hello: Hello, size: int) -> None:
        """The first thing sent."""
        self._transmit(hello, size)

    def close(self) -> None:
        """This side is done: what is queued goes out, then the end of it."""
        self.gone = True
        self.closing = True
        if not self.pumping and self.free_at <= self.seat.site.schedule.now:
            self._transmit(FIN, 0)
        else:
            self._arm()

    def _overflowed(self) -> None:
        if not self.gone:
            self.seat.overflowed(self)

    def _transmit(self, item: Item, size: int) -> None:
        site, other = self.seat.site, self.other
        took = size * 1000 // BYTES_A_MS
        start = max(self.free_at, site.schedule.now)
        self.free_at = start + took
        site.schedule.at(self.free_at + self.delay, lambda: other.seat.arrived(other, item))

    def _arm(self) -> None:
        if not self.pumping:
            self.pumping = True
            self.seat.site.schedule.at(self.free_at, self._pump)

    def _pump(self) -> None:
        self.pumping = False
        site = self.seat.site
        if site.cut(self.seat, self.other.seat):
            return  # nothing leaves; whoever closes this end forgets it, and a cut outlives every link
        data = self.queue.take()
        if data is not None:
            self._transmit(data, len(data))
            self._arm()
        elif self.closing:
            self._transmit(FIN, 0)
