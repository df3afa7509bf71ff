"""Table 5: how soon a host that was cut off for 5 s shows the red that was raised meanwhile."""

import time
from collections.abc import Callable
from typing import Final

from bench.ours import ANSWER_S
from bench.pause import pause
from bench.report import Goal, Table, median_worst, number
from bench.rig import Rig, rig
from support.netns import Cut

_CUT_S: Final = 5.0
_BOUND_MS: Final = 3000.0
_AT_ONCE: Final = 4  # hosts cut off from all, each by itself: a room's access point, not one cable
_WAYS: Final = (Cut.SWITCH, Cut.CABLE, Cut.FILTER)  # by turns
_WORDS: Final = {
    Cut.SWITCH: "its packets go nowhere, its own interface stays up",
    Cut.CABLE: "its interface has no carrier",
    Cut.FILTER: "all frames to and from it are dropped",
}


def measure(hosts: int, heals: int, say: Callable[[str], None]) -> list[Table]:
    """Several hosts are cut at a time, and heal one after the other."""
    took: dict[Cut, list[float]] = {}
    with rig(hosts, 0) as standing:
        say(f"healing: setting up {hosts} hosts")
        standing.ours.grow(hosts)
        left, turn = heals, 0
        while left:
            way = _WAYS[turn % len(_WAYS)]
            cut = min(left, _AT_ONCE, hosts - 2)
            say(f"healing: {cut} hosts, {way.value}")
            took.setdefault(way, []).extend(_heal(standing, way, cut))
            left, turn = left - cut, turn + 1
    everything = [each for figures in took.values() for each in figures]
    rows = [(f"{way.value}: {_WORDS[way]}", str(len(each)), median_worst(each)) for way, each in took.items()]
    rows.append(("all", str(len(everything)), median_worst(everything)))
    worst = max(everything)
    goal = Goal(f"within {_BOUND_MS:g} ms, worst of {heals}", number(worst), worst <= _BOUND_MS)
    note = (
        f"A red is raised while a host is cut off for {_CUT_S:g} s; heal to its notifier call, {hosts} hosts; "
        "ms, median / worst."
    )
    return [Table("Healed after a cut", ("cut", "heals", "ms"), rows, [goal], note)]


def _heal(standing: Rig, way: Cut, count: int) -> list[float]:
    """ms from each one's heal until it shows the red."""
    owner, cut = standing.ours.members[0], standing.ours.members[-count:]
    for each in cut:
        standing.lan.cut(each.name, way)
    hand = standing.ours.raise_red(owner)
    pause(_CUT_S)
    healed = {}
    for each in cut:
        healed[each.name] = time.monotonic_ns()
        standing.lan.heal(each.name)
    told = [standing.stamps.told(hand, [name], began) for name, began in healed.items()]
    standing.ours.end_red(owner, hand)
    standing.ours.until_online()
    return [ANSWER_S * 1000 if each.missed else each.last_ms for each in told]
