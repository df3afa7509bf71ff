"""What a crowd said: frames and bytes by kind and slot, closings by reason, and how often a record came."""

from collections import Counter
from dataclasses import dataclass, field

from escalate_daemon.core import slots, wire
from escalate_daemon.core.wire import Have, SlotsFrame, Want
from simulation.crowds.lane import on_the_wire


@dataclass(slots=True)
class Tally:
    """Since the last `reset`. `volume` is bytes on the wire by kind, counted where they arrive."""

    frames: Counter[str] = field(default_factory=Counter)
    volume: Counter[str] = field(default_factory=Counter)
    received: Counter[int] = field(default_factory=Counter)  # bytes by seat
    got: Counter[int] = field(default_factory=Counter)  # frames by seat
    sent: Counter[int] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)  # rows, keys and records by frame kind and slot
    copies: Counter[int] = field(default_factory=Counter)  # of the watched state, by seat
    dials: int = 0
    overflows: int = 0
    watched: bytes = b""  # the member whose state is counted in `copies`
    reader: int = 0  # the seat that reads at present

    def reset(self) -> None:
        """Begin anew."""
        fresh = Tally()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def came(self, source: int, target: int, kind: str, size: int) -> None:
        """A frame of this many bytes came."""
        on_wire = on_the_wire(size)
        self.frames[kind] += 1
        self.volume[kind] += on_wire
        self.received[target] += on_wire
        self.sent[source] += on_wire
        self.got[target] += 1

    def read(self, frame: wire.AnyFrame) -> str:
        """What a frame holds; gives its kind."""
        rows = self.rows
        if isinstance(frame, Have):
            kind = "have (answer)" if frame.told else "have"
            for entry in frame.entries:
                rows[f"{kind} {entry.slot}"] += 1
            return kind
        if isinstance(frame, Want):
            for _, slot in frame.keys:
                rows[f"want {slot}"] += 1
            return "want (digests)" if frame.digests else "want"
        if isinstance(frame, SlotsFrame):
            for record in frame.records:
                rows[f"slots {record.slot}"] += 1
                if record.member == self.watched and record.slot == slots.STATE:
                    self.copies[self.reader] += 1
            return "slots"
        return type(frame).__name__.lower()
