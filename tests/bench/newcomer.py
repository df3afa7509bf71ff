"""Table 4: how soon a daemon that starts while a red is up shows it."""

import time
from collections.abc import Callable
from typing import Final

from bench.inside import inside
from bench.ours import ANSWER_S, BenchFailed, Member
from bench.pause import LOOK_S, pause, soon
from bench.report import Goal, Table, median_worst, number
from bench.rig import Rig, rig
from bench.stamps import NS
from escalate_daemon.ipc.protocol import DaemonReply, DaemonStopRequest

_BOUND_MS: Final = 500.0
KNOWN, STRANGER = "back: it remembers its peers", "new: it knows nobody's address"


def measure(hosts: int, rounds: int, say: Callable[[str], None]) -> list[Table]:
    """One host's daemon is started again and again, each time while a new red is up."""
    took: dict[str, list[float]] = {KNOWN: [], STRANGER: []}
    ready: list[float] = []
    with rig(hosts, 0) as standing:
        say(f"newcomer: setting up {hosts} hosts")
        standing.ours.grow(hosts)
        newcomer = standing.ours.members[-1]
        say(f"newcomer: {rounds} starts each")
        for _ in range(rounds):
            for kind, figures in took.items():
                figures.append(_start(standing, newcomer, ready, fresh=kind == STRANGER))
    rows = [(kind, median_worst(figures)) for kind, figures in took.items()]
    rows.append(("its local API answers", median_worst(ready)))
    goals = [
        Goal(f"{kind}: within {_BOUND_MS:g} ms, worst of {rounds}", number(max(figures)), max(figures) <= _BOUND_MS)
        for kind, figures in took.items()
    ]
    note = f"Spawn of the daemon's process to its notifier call, {hosts} hosts; ms, median / worst."
    return [Table("A newcomer learns what is active", ("newcomer", "ms"), rows, goals, note)]


def _start(standing: Rig, member: Member, ready: list[float], *, fresh: bool) -> float:
    """Stop it, raise a red, start it: ms until it shows that. `fresh`: it has forgotten all but who it is."""
    _stop(member)
    if fresh:
        for file in member.paths.state_dir.glob(f"{member.paths.database.name}*"):
            file.unlink()
    owner = standing.ours.members[0]
    hand = standing.ours.raise_red(owner)
    standing.ours.stamps.all_told(hand, [each.name for each in standing.ours.members[1:-1]])
    standing.children.until_at_rest()
    with inside(member.netns):
        began = time.monotonic_ns()
        member.daemon = standing.children.start(
            member.command, member.machine.folder / "daemon.out", member.machine.env
        )
    while not member.listens() and time.monotonic_ns() - began < ANSWER_S * 1000 * NS:
        pause(LOOK_S)
    ready.append((time.monotonic_ns() - began) / NS)
    told = standing.ours.stamps.told(hand, [member.name], began)
    standing.ours.end_red(owner, hand)
    standing.ours.until_online()
    return told.last_ms if not told.missed else ANSWER_S * 1000


def _stop(member: Member) -> None:
    member.ask(DaemonReply, DaemonStopRequest())
    if not soon(member.exited, ANSWER_S):
        raise BenchFailed(f"the daemon of {member.name} does not stop")
