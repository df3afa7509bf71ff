"""One scene's figures, the goals that some of them have, and what the wire carried meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, pstdev
from typing import Final

from simulation.crowds.site import Site

TOLD: Final = "told, mean link delays"
COPIES: Final = "copies a node"
RECEIVED: Final = "kB received a node"
DROPPED: Final = "links dropped"
ONE: Final = "all one, s"
FAULTS: Final = ("nothing heard for too long", "a frame that no honest daemon sends")  # closings that nobody chose


@dataclass(slots=True)
class Measured:
    """Figures by name; `goals`: the most that a figure may be."""

    scene: str
    goals: Mapping[str, float]
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def missed(self) -> dict[str, float]:
        """Figures over their goals."""
        return {name: self.figures[name] for name, most in self.goals.items() if self.figures[name] > most}

    def traffic(self, site: Site) -> None:
        """What came and went since the tally was reset."""
        tally, count = site.tally, len(site.seats)
        received, sent = tally.received.values(), tally.sent.values()
        self.figures |= {
            RECEIVED: sum(received) / count / 1e3,
            "received, most": max(received, default=0) / 1e3,
            "sent, most": max(sent, default=0) / 1e3,
            "messages a node": sum(tally.frames.values()) / count,
            "dials a node": tally.dials / count,
            DROPPED: tally.overflows + sum(tally.closes[fault] for fault in FAULTS),
        }
        volume = ", ".join(f"{kind} {size / count / 1e3:.1f}" for kind, size in tally.volume.most_common())
        rows = ", ".join(f"{what} {number / count:.1f}" for what, number in tally.rows.most_common(9))
        closes = ", ".join(f"{reason} {number}" for reason, number in tally.closes.most_common())
        self.notes += [f"kB a node: {volume}", f"rows a node: {rows}", f"closed: {closes or 'none'}"]

    def degrees(self, site: Site) -> None:
        """With how many others each is linked."""
        degrees = [len(seat.peers()) for seat in site.seats]
        self.figures |= {
            "degree, mean": mean(degrees),
            "degree, deviation": pstdev(degrees),
            "degree, least": min(degrees),
            "degree, most": max(degrees),
        }
