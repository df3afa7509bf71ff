"""Table 6: what a daemon costs while nothing happens, beside an agent of Serf: processor, packets, memory."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench import memory
from bench.children import cpu_ns
from bench.pause import pause
from bench.report import NOTHING, Goal, Table, number
from bench.rig import Rig, rig
from support.netns import Lan
from support.popups import Popups
from support.private_bus import PrivateBus

_REST_S: Final = (45.0, 3.0)  # at least, and for each host: until zeroconf is done, and all have probed whom they will
_LONG_S: Final = 60.0  # a shorter window is a trial run, for which nobody rests
_PACKETS: Final = 8.0  # a second and host
_GROWTH: Final = 1.3  # from the smaller to the larger size
_PSS_MB: Final = 45.0
_ALONE_S: Final = 10.0  # by then it has loaded what it loads late


@dataclass(frozen=True)
class Use:
    """What one process and its host's interface used, means over all hosts of a kind."""

    cpu: float  # s/min
    worst_cpu: float
    sent: float  # packets/s
    received: float
    pss: float  # MB
    rss: float


def measure(sizes: Sequence[int], window_s: float, say: Callable[[str], None]) -> list[Table]:
    """Ours and Serf idle at the same time, each on a LAN of its own; the product's own notifiers, on a bus."""
    uses: dict[tuple[str, int], Use] = {}
    largest = max(sizes)
    with rig(largest, largest, stamped=False) as standing, PrivateBus(standing.folder) as bus:
        standing.ours.env["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        with Popups(bus.address, standing.folder):
            alone = _alone(standing, say)
            for size in sorted(sizes):
                say(f"idle: setting up {size} hosts")
                standing.ours.grow(size)
                if standing.serf is not None:
                    standing.serf.grow(size)
                pause(max(_REST_S[0], _REST_S[1] * size) if window_s >= _LONG_S else 0.0)
                say(f"idle: {size} hosts for {window_s:g} s")
                uses |= _watch(standing, size, window_s)
    return [_table(uses, min(sizes), largest, alone)]


def _alone(standing: Rig, say: Callable[[str], None]) -> tuple[float, float]:
    """PSS and RSS of a daemon that shares its interpreter and its libraries with no other process, MB."""
    say("idle: one daemon alone")
    standing.ours.grow(1)
    daemon = standing.ours.members[0].daemon
    assert daemon is not None
    pause(_ALONE_S)
    return memory.alone(daemon.pid), memory.rss(daemon.pid)


def packets(lan: Lan, name: str) -> tuple[int, int]:
    """How many a host has sent and received so far."""
    argv = ["ip", "-n", lan.ports[name].netns, "-s", "-j", "link", "show", "eth0"]
    told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)[0]["stats64"]
    return told["tx"]["packets"], told["rx"]["packets"]


def _watch(standing: Rig, size: int, window_s: float) -> dict[tuple[str, int], Use]:
    """Look at everything, let the window pass, look again."""
    daemons = {each.name: each.daemon.pid for each in standing.ours.members if each.daemon is not None}
    groups = {"escalate": (standing.lan, daemons)}
    if standing.serf is not None:
        agents = {name: each.pid for name, each in zip(standing.serf.hosts, standing.serf.agents, strict=True)}
        groups["Serf"] = (standing.other_lan, agents)
    began = time.monotonic()
    before = {who: _look(*group) for who, group in groups.items()}
    pause(window_s)
    after = {who: _look(*group) for who, group in groups.items()}
    seconds = time.monotonic() - began
    return {(who, size): _use(before[who], after[who], seconds, list(groups[who][1].values())) for who in groups}


def _look(lan: Lan, pids: dict[str, int]) -> list[tuple[int, int, int]]:
    """CPU ns, packets sent, packets received, of each host."""
    return [(cpu_ns(pid), *packets(lan, name)) for name, pid in pids.items()]


def _use(before: list[tuple[int, int, int]], after: list[tuple[int, int, int]], seconds: float, pids: list[int]) -> Use:
    pairs = list(zip(before, after, strict=True))
    cpu = [(late[0] - early[0]) / 1e9 / seconds * 60 for early, late in pairs]
    sent, received = (
        statistics.mean((late[column] - early[column]) / seconds for early, late in pairs) for column in (1, 2)
    )
    pss, rss = statistics.mean(map(memory.pss, pids)), statistics.mean(map(memory.rss, pids))
    return Use(statistics.mean(cpu), max(cpu), sent, received, pss, rss)


# --- The table -------------------------------------------------------------------------------------
def _table(uses: dict[tuple[str, int], Use], small: int, large: int, alone: tuple[float, float]) -> Table:
    rows = []
    for (who, size), use in uses.items():
        figures = (use.cpu, use.worst_cpu, use.sent, use.received, use.pss, use.rss)
        rows.append((who, str(size), *(number(each) for each in figures)))
    rows.append(("escalate", "1", NOTHING, NOTHING, NOTHING, NOTHING, *(number(each) for each in alone)))
    head = ("idle", "hosts", "CPU s/min", "its worst", "packets/s sent", "received", "PSS MB", "RSS MB")
    ours = {size: use for (who, size), use in uses.items() if who == "escalate"}
    goals = _beside_serf(uses) + _growth(ours[small], ours[large], small, large)
    goals += [
        Goal(f"{size} hosts: at most {_PACKETS:g} packets/s a host, sent", number(use.sent), use.sent <= _PACKETS)
        for size, use in ours.items()
    ]
    for which, pss in ((f"{large} daemons on one machine", ours[large].pss), ("a daemon alone", alone[0])):
        goals.append(Goal(f"PSS at most {_PSS_MB:g} MB, {which}", number(pss), pss <= _PSS_MB))
    note = (
        "Means over the hosts. With many daemons on one machine PSS is flattered, because they share their "
        "libraries. The last row is of the one daemon of a desktop: nothing else there runs the same Python, so its "
        f"interpreter and packages count whole. Python {sys.version_info[0]}.{sys.version_info[1]}."
    )
    return Table("Idle", head, rows, goals, note)


def _beside_serf(uses: dict[tuple[str, int], Use]) -> list[Goal]:
    goals = []
    for (who, size), serf in uses.items():
        if who == "Serf":
            mine = uses["escalate", size].cpu
            found = f"{number(mine)} and {number(serf.cpu)}"
            goals.append(Goal(f"{size} hosts: CPU at most Serf's", found, mine <= serf.cpu))
    return goals


def _growth(before: Use, after: Use, small: int, large: int) -> list[Goal]:
    goals = []
    for what, early, late in (("CPU", before.cpu, after.cpu), ("packets", before.sent, after.sent)):
        times = late / early if early else 0.0
        goals.append(Goal(f"{what}, {large} hosts: at most {_GROWTH} times {small}", number(times), times <= _GROWTH))
    return goals
