"""The scenes of a crowd: what happens, and what is measured of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core.commands import EndMine, Start
from escalate_daemon.core.ids import HandId
from simulation.crowds.measured import COPIES, DROPPED, ONE, RECEIVED, TOLD, Measured
from simulation.crowds.seat import Seat, Tables
from simulation.crowds.site import MEAN_DELAY, Site

SCENES: Final = ("told", "everyone", "halves", "cold")
STEP: Final = 50_000  # us between two looks
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
FOR_EVER: Final = 300 * SECOND
POWER: Final = 2 * SECOND  # within which all daemons of a site are up again
EVERYONE_KB: Final = 1_000  # that an @everyone red with all receipts may cost a node, where 1,000 are named


class NeverError(Exception):
    """What was waited for did not come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which scenes, of how many, and how."""

    nodes: int
    seed: int = 1
    scenes: frozenset[str] = frozenset(SCENES)
    apart: int = 60 * MINUTE  # us that the halves are cut
    heard: int = 50  # others that each newcomer hears of by zeroconf
    watched: Callable[[int], None] = lambda now: None  # told the us simulated, at least once a second of them


def play(wanted: Wanted) -> Iterator[Measured]:
    """One after the other; all but the cold starts in one space that is at rest."""
    if wanted.scenes - {"cold"}:
        site = Site(wanted.seed, wanted.nodes, wanted.watched)
        with site.thrift.practised():
            _warm(site)
            if "told" in wanted.scenes:
                yield told(site, "told of a yellow", ())
                yield told(site, "told of a red", ("person1",))
            if "everyone" in wanted.scenes:
                yield everyone(site)
            if "halves" in wanted.scenes:
                yield halves(site, apart=wanted.apart)
    for place, kind in enumerate(("full", "empty") if "cold" in wanted.scenes else (), start=1):
        site = Site(wanted.seed + place, wanted.nodes, wanted.watched)
        with site.thrift.practised():
            disk = site.written() if kind == "full" else {}
            yield cold(site, disk, f"cold start, disks {kind}", heard=wanted.heard)


def _until(site: Site, met: Callable[[], bool], *, limit: int = FOR_EVER) -> int:
    """Let time pass until `met`; gives the us that it took. Raises NeverError."""
    began = site.schedule.now
    while not met():
        if site.schedule.now - began >= limit:
            raise NeverError(f"not within {limit / SECOND:.0f} s")
        site.run(STEP)
    return site.schedule.now - began


def _warm(site: Site) -> None:
    """All start at one stroke, as if they had always been there."""
    site.power_on(site.written(), within=1, heard=0)
    _rest(site)


def _rest(site: Site) -> None:
    """Until nothing of what was before goes on."""
    _until(site, site.is_one)
    site.run(8 * SECOND)
    _until(site, site.is_one)
    site.tally.reset()


# --- The scenes ------------------------------------------------------------------------------------
def told(site: Site, name: str, words: tuple[str, ...]) -> Measured:
    """One hand, until the last has it before its eyes."""
    measured = Measured(name, {TOLD: 5, COPIES: 10, DROPPED: 0})
    owner = site.rng.choice(site.seats)
    began = site.schedule.now
    hand = _raise(site, owner, words)
    _until(site, lambda: all(hand in seat.shown_at for seat in site.seats if seat is not owner), limit=10 * SECOND)
    _count_copies(site, measured, owner, hand, began)
    site.run(2 * SECOND)
    measured.traffic(site)
    measured.degrees(site)
    _end(site, owner)
    return measured


def everyone(site: Site) -> Measured:
    """An @everyone red, until its owner has all receipts and all is quiet again."""
    others = len(site.seats) - 1
    measured = Measured("@everyone, all receipts", {RECEIVED: EVERYONE_KB, TOLD: 5, COPIES: 10, DROPPED: 0})
    owner = site.rng.choice(site.seats)
    began = site.schedule.now
    hand = _raise(site, owner, ("@everyone",))
    for what in ("delivered", "shown", "sounded"):
        _until(site, _all_reported(owner, hand, what, others))
        measured.figures[f"all {what}, s"] = (site.schedule.now - began) / SECOND
    _until(site, site.is_one)
    measured.figures[ONE] = (site.schedule.now - began) / SECOND
    _count_copies(site, measured, owner, hand, began)
    measured.traffic(site)
    _end(site, owner)
    return measured


def _all_reported(owner: Seat, hand: HandId, what: str, others: int) -> Callable[[], bool]:
    return lambda: getattr(owner.reach_of(hand), what) == others


def halves(site: Site, *, apart: int) -> Measured:
    """Two halves, each with a hand up that the other cannot hear of, are one again."""
    measured = Measured("halves joined again", {ONE: 10, DROPPED: 0})
    owners = site.seats[0], site.seats[-1]
    site.halve()
    site.run(MINUTE)
    for owner in owners:
        owner.command(Start("only half of you hear me", ("@everyone",)))
    site.run(apart - MINUTE)
    site.tally.reset()
    site.heal()
    measured.figures[ONE] = _until(site, site.is_one) / SECOND
    measured.traffic(site)
    measured.degrees(site)
    for owner in owners:
        _end(site, owner)
    return measured


def cold(site: Site, disk: Tables, name: str, *, heard: int) -> Measured:
    """All daemons of a site start within 2 s."""
    measured = Measured(name, {DROPPED: 0})
    site.power_on(disk, within=POWER, heard=heard)
    site.tally.reset()
    measured.figures["all reach all, s"] = _until(site, site.is_joined) / SECOND
    _until(site, site.is_one)
    measured.figures[ONE] = site.schedule.now / SECOND
    measured.traffic(site)
    measured.degrees(site)
    return measured


# --- Their parts -----------------------------------------------------------------------------------
def _raise(site: Site, owner: Seat, words: tuple[str, ...]) -> HandId:
    hand = owner.command(Start("caller is threatening", words))
    assert hand is not None
    site.tally.watched = owner.member
    return hand


def _end(site: Site, owner: Seat) -> None:
    owner.command(EndMine(""))
    _rest(site)


def _count_copies(site: Site, measured: Measured, owner: Seat, hand: HandId, began: int) -> None:
    last = max(seat.shown_at[hand] for seat in site.seats if seat is not owner)
    copies = site.tally.copies
    measured.figures |= {
        TOLD: (last - began) / MEAN_DELAY,
        COPIES: sum(copies.values()) / len(site.seats),
        "copies, most": max(copies.values()),
    }
