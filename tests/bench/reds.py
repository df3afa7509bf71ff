"""Tables 1 and 2: how soon a red has reached the last host, ours beside Serf and beside a star of TLS connections."""

import sqlite3
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from bench.entry import escalate
from bench.ours import BenchFailed, Member
from bench.report import NOTHING, Goal, Table, median_worst, number
from bench.rig import Rig, rig
from bench.stamps import Told
from bench.star import Star

LOSS = 20  # per cent of the frames between any two hosts
OURS, SERF, STAR = "escalate start", "serf event", "bare Python, star"
OURS_INSIDE, STAR_INSIDE = "daemon", "star"
COMMANDS = (OURS, SERF, STAR)
Say = Callable[[str], None]


@dataclass
class Setting:
    """So many hosts on such a wire, and what each contender did there."""

    hosts: int
    loss: int
    told: dict[str, list[Told]] = field(default_factory=dict)

    @property
    def wire(self) -> str:
        """In words."""
        return f"{self.loss} % loss" if self.loss else "clean"

    def add(self, who: str, told: Told) -> None:
        """One more red."""
        self.told.setdefault(who, []).append(told)

    def times(self, who: str) -> list[float]:
        """ms of the reds that told at least somebody."""
        return [each.last_ms for each in self.told.get(who, []) if each.last_ms > 0]

    def missed(self, who: str) -> int:
        """Hosts never told, over all reds."""
        return sum(each.missed for each in self.told.get(who, []))

    def ratio(self, who: str, beside: str) -> float | None:
        """Of the medians; None where one was not measured."""
        mine, theirs = self.times(who), self.times(beside)
        return statistics.median(mine) / statistics.median(theirs) if mine and theirs else None


def measure(hosts: Sequence[int], rounds: int, say: Say) -> list[Table]:
    """Both tables. At each size the same daemons, and those beside them, first clean, then at loss."""
    settings = []
    with rig(max(hosts), max(hosts)) as standing:
        command = escalate(standing.folder)
        star: Star | None = None
        for count in sorted(hosts):
            say(f"{count} hosts: setting up")
            standing.ours.grow(count)
            if star is None:
                size = frame_bytes(standing.ours.members[0], standing)
                star = Star(standing.other_lan, standing.folder, standing.children, standing.stamps, size)
            star.grow(count)
            if standing.serf is not None:
                standing.serf.grow(count)
            for loss in (0, LOSS):
                setting = Setting(count, loss)
                say(f"{count} hosts, {setting.wire}: {rounds} reds each")
                standing.lose(loss)
                for number_of in range(rounds):
                    one_round(standing, star, command, setting, number_of)
                settings.append(setting)
            standing.lose(0)
    return [by_command(settings), by_request(settings, size)]


def one_round(standing: Rig, star: Star, command: list[str], setting: Setting, number_of: int) -> None:
    """One red of each contender, one after the other, so that a busy moment of the machine falls on all alike."""
    owner = standing.ours.members[number_of % setting.hosts]
    contenders = {
        OURS: lambda: standing.ours.red_by_command(owner, command),
        STAR: star.by_command,
        OURS_INSIDE: lambda: standing.ours.red_by_request(owner),
        STAR_INSIDE: star.by_request,
    }
    serf = standing.serf
    if serf is not None:
        contenders[SERF] = lambda: serf.by_command(owner.name)
    for who, red in contenders.items():
        standing.children.until_at_rest()
        setting.add(who, red())


def frame_bytes(owner: Member, standing: Rig) -> int:
    """Size of the signed slot that a red sends over every link, as the daemon keeps it."""
    hand = standing.ours.raise_red(owner)
    with closing(sqlite3.connect(f"file:{owner.paths.database}?mode=ro", uri=True)) as kept:
        found = kept.execute(
            "SELECT max(length(value)) FROM kept WHERE bucket = 'slots' AND substr(key, -6) = CAST('/state' AS BLOB)"
        )
        size = found.fetchone()[0]
    standing.ours.end_red(owner, hand)
    if not isinstance(size, int):
        raise BenchFailed("the daemon keeps no state slot")
    return size


# --- The tables ------------------------------------------------------------------------------------
def by_command(settings: Sequence[Setting]) -> Table:
    """From the spawn of the command to the last host told."""
    rows = []
    for each in settings:
        figures = tuple(median_worst(each.times(who)) for who in COMMANDS)
        missed = ", ".join(str(each.missed(who)) if who in each.told else NOTHING for who in COMMANDS)
        rows.append((str(each.hosts), each.wire, *figures, _ratio(each.ratio(OURS, SERF)), missed))
    head = ("hosts", "wire", *COMMANDS, "ours / Serf's", "missed (each)")
    goals = [goal for each in settings if each.hosts == 25 for goal in _beside_serf(each)]
    note = "Spawn of the command to the last host told; ms, median / worst."
    return Table("From the command to the last host", head, rows, goals, note)


def _beside_serf(setting: Setting) -> list[Goal]:
    ratio, missed = setting.ratio(OURS, SERF), setting.missed(OURS)
    found = f"{_ratio(ratio)}, {missed} missed"
    promise = f"{setting.hosts} hosts, {setting.wire}: at most 0.33 of Serf's, nobody missed"
    return [] if ratio is None else [Goal(promise, found, ratio <= 1 / 3 and not missed)]


def by_request(settings: Sequence[Setting], size: int) -> Table:
    """From the daemon's receipt of the request to the last host told."""
    rows, goals = [], []
    for each in settings:
        figures = tuple(median_worst(each.times(who)) for who in (OURS_INSIDE, STAR_INSIDE))
        ratio = each.ratio(OURS_INSIDE, STAR_INSIDE)
        missed = f"{each.missed(OURS_INSIDE)}, {each.missed(STAR_INSIDE)}"
        rows.append((str(each.hosts), each.wire, *figures, _ratio(ratio), missed))
        if each.hosts == 10 and ratio is not None:
            bound = 0.5 if each.loss else 3.0
            promise = f"{each.hosts} hosts, {each.wire}: at most {bound:g} times the star"
            goals.append(Goal(promise, _ratio(ratio), ratio <= bound))
    head = ("hosts", "wire", OURS_INSIDE, STAR_INSIDE, "ours / star's", "missed (each)")
    note = f"Arrival of the request at the daemon (the hub) to the last host told; ms, median / worst. {size} bytes."
    return Table("From the daemon's receipt of the request to the last host", head, rows, goals, note)


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else number(value)
