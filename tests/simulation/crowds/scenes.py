"""The scenes of a crowd: what happens, and what is measured of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean, pstdev
from typing import Final

from escalate_daemon.core import slots
from escalate_daemon.core.commands import EndMine, Start
from escalate_daemon.core.effects import Bucket, Stored
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.wire import SlotKey
from simulation.crowds.seat import Seat
from simulation.crowds.site import MEAN_DELAY, Site

STEP: Final = 50_000  # us between two looks
SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
CLAIMS: Final = {
    "told, mean delays": 5.0,
    "copies a node": 10.0,
    "MB received a node": 1.0,
    "one again, s": 10.0,
    "links dropped": 0.0,
}


class NeverError(Exception):
    """What was waited for did not come."""


@dataclass(slots=True)
class Measured:
    """One scene's figures: name, value; `goal` where one is set."""

    scene: str
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def missed(self) -> list[str]:
        """Figures over their goals."""
        return [name for name, value in self.figures.items() if value > CLAIMS.get(name, value)]


def until(site: Site, met: Callable[[], bool], *, limit: int) -> int:
    """Let time pass until `met`; gives the us it took. Raises NeverError."""
    began = site.schedule.now
    while not met():
        if site.schedule.now - began >= limit:
            raise NeverError(f"not within {limit / SECOND:.0f} s")
        site.run(STEP)
    return site.schedule.now - began


def _traffic(site: Site, measured: Measured) -> None:
    tally, count = site.tally, len(site.seats)
    received, sent = tally.received.values(), tally.sent.values()
    figures = measured.figures
    figures["messages a node"] = sum(tally.frames.values()) / count
    figures["MB received a node"] = sum(received) / count / 1e6
    figures["MB received, most"] = max(received, default=0) / 1e6
    figures["MB sent, most"] = max(sent, default=0) / 1e6
    figures["links dropped"] = tally.overflows
    figures["dials a node"] = tally.dials / count
    measured.notes.append("closes: " + (", ".join(f"{r}: {n}" for r, n in tally.closes.most_common()) or "none"))
    kinds = (
        f"{kind} {tally.frames[kind]} = {size / count / 1e3:.1f} kB a node" for kind, size in tally.volume.most_common()
    )
    measured.notes.append("frames: " + ", ".join(kinds))
    measured.notes.append("rows a node: " + ", ".join(f"{w}: {n / count:.1f}" for w, n in tally.rows.most_common(12)))


def degrees(site: Site) -> list[int]:
    """How many members each lists."""
    return [len(seat.running._links.listed()) for seat in site.seats]


def _quiet(site: Site) -> None:
    until(site, site.is_one, limit=120 * SECOND)
    site.run(10 * SECOND)
    until(site, site.is_one, limit=120 * SECOND)
    site.tally.reset()


def cold(site: Site, stored: dict[Bucket, dict[bytes, Stored]], name: str, *, heard: int) -> Measured:
    """All daemons start within 2 s."""
    measured = Measured(name)
    site.tally.reset()
    site.power_on(stored, within=2 * SECOND, heard=heard)
    site.run(2 * SECOND)
    took = until(site, site.is_one, limit=300 * SECOND) + 2 * SECOND
    measured.figures["one, s"] = took / SECOND
    _traffic(site, measured)
    site.run(20 * SECOND)
    degree = degrees(site)
    measured.figures |= {
        "degree, mean": mean(degree),
        "spread": pstdev(degree),
        "least": min(degree),
        "most": max(degree),
    }
    return measured


def warm(site: Site, stored: dict[Bucket, dict[bytes, Stored]]) -> None:
    """All at one stroke, as if they had always been there."""
    site.power_on(stored, within=1, heard=0)
    until(site, site.is_one, limit=120 * SECOND)


def told(site: Site, name: str, words: tuple[str, ...]) -> Measured:
    """One hand, until the last has it before its eyes."""
    measured = Measured(name)
    _quiet(site)
    owner = site.rng.choice(site.seats)
    began = site.schedule.now
    hand = _raise(site, owner, words)
    others = [seat for seat in site.seats if seat is not owner]
    _seconds(site, 2.0)
    if any(hand not in seat.shown_at for seat in others):
        raise NeverError("not all were told")
    last = max(seat.shown_at[hand] for seat in others) - began
    measured.figures["told, mean delays"] = last / MEAN_DELAY
    measured.figures["copies a node"] = sum(site.tally.copies.values()) / len(site.seats)
    measured.figures["copies, most"] = max(site.tally.copies.values())
    _traffic(site, measured)
    owner.command(EndMine(""))
    return measured


def _raise(site: Site, owner: Seat, words: tuple[str, ...]) -> HandId:
    hand = owner.command(Start("caller is threatening", words))
    assert hand is not None
    held = owner.running._replica.get(SlotKey(owner.member, slots.STATE))
    assert held is not None
    site.tally.watched = held.record.sig
    return hand


def _seconds(site: Site, seconds: float) -> None:
    site.run(int(seconds * SECOND))


def everyone(site: Site) -> Measured:
    """An @everyone red, until its owner has all receipts and all fingerprints are equal again."""
    measured = Measured("everyone")
    _quiet(site)
    owner = site.rng.choice(site.seats)
    began = site.schedule.now
    hand = _raise(site, owner, ("@everyone",))
    others = len(site.seats) - 1

    def known(what: str) -> Callable[[], bool]:
        kept = owner.running._viewer.kept_receipts
        return lambda: sum(getattr(r, what) >= 0 for r in kept.get(hand, {}).values()) == others

    for what in ("delivered", "shown", "sounded"):
        until(site, known(what), limit=60 * SECOND)
        measured.figures[f"all {what}, s"] = (site.schedule.now - began) / SECOND
    until(site, site.is_one, limit=60 * SECOND)
    measured.figures["quiet, s"] = (site.schedule.now - began) / SECOND
    last = max(seat.shown_at[hand] for seat in site.seats if seat is not owner) - began
    measured.figures["told, mean delays"] = last / MEAN_DELAY
    measured.figures["copies a node"] = sum(site.tally.copies.values()) / len(site.seats)
    _traffic(site, measured)
    owner.command(EndMine(""))
    return measured


def halves(site: Site, *, hour: int) -> Measured:
    """Two halves, apart for so long, are one again."""
    measured = Measured("halves")
    _quiet(site)
    site.halve()
    _seconds(site, 60)
    site.seats[0].command(Start("in the first half", ("@everyone",)))
    _seconds(site, hour / SECOND - 60)
    measured.notes.append("while cut: " + ", ".join(f"{r}: {n}" for r, n in site.tally.closes.most_common()))
    site.tally.reset()
    site.heal()
    measured.figures["one again, s"] = until(site, site.is_one, limit=300 * SECOND) / SECOND
    _traffic(site, measured)
    site.seats[0].command(EndMine(""))
    return measured
