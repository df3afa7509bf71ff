"""Table 7: what a TAB costs, beside Typer's own completion of the same verbs."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.entry import escalate, script
from bench.ours import ANSWER_S
from bench.report import Goal, Table, median_worst, number
from bench.rig import rig
from bench.stamps import NS

GROUP, VERB = "`escalate start --notify @<TAB>`: asks the daemon", "`escalate sta<TAB>`"
TYPER, PYTHON = "Typer's completion of an option", "bare Python"
BOUND: Final = 1 / 3  # of Typer's
_TESTS: Final = Path(__file__).resolve().parents[1]
_BASH: Final = "5.2"

Took = dict[str, list[float]]  # milliseconds
Clock = Callable[[], int]  # ns


def processor() -> int:
    """Processor time of all children that have ended, ns: a busy machine does not lengthen it."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((spent.ru_utime + spent.ru_stime) * 1e9)


@dataclass(frozen=True)
class Contender:
    """What the shell runs for one TAB."""

    argv: list[str]
    env: Mapping[str, str]
    answer: str  # a line that it has to print


def contenders(folder: Path, env: Mapping[str, str]) -> dict[str, Contender]:
    """Ours and Typer's, scripts as an installer makes them. `env`: with which ours finds its daemon, where one is."""
    ours = [*escalate(folder), "__complete", "bash", _BASH]
    searched = {**env, "PYTHONPATH": ":".join(filter(None, (env.get("PYTHONPATH", ""), str(_TESTS))))}
    typed = {"_BESIDE_COMPLETE": "complete_bash", "COMP_WORDS": "beside start --not", "COMP_CWORD": "2"}
    return {
        GROUP: Contender([*ours, *_line("escalate start --notify @e", "@e")], searched, "@everyone"),
        VERB: Contender([*ours, *_line("escalate sta", "sta")], searched, "start"),
        TYPER: Contender(script(folder, "beside", "bench.typer_verbs:main"), searched | typed, "--notify"),
        PYTHON: Contender([sys.executable, "-c", "print()"], searched, ""),
    }


def compare(beside: Mapping[str, Contender], rounds: int, clock: Clock = time.monotonic_ns) -> Took:
    """Each in turn, round after round, so that a busy moment falls on all alike."""
    took: Took = {name: [] for name in beside}
    for number_of in range(rounds + 1):
        for name, contender in beside.items():
            spent = _run(contender, clock)
            if number_of:  # the first fills the caches
                took[name].append(spent)
    return took


def ratio(took: Took) -> float:
    """The dearer of our medians by Typer's."""
    return max(statistics.median(took[name]) for name in (GROUP, VERB)) / statistics.median(took[TYPER])


def measure(rounds: int, say: Callable[[str], None]) -> list[Table]:
    """With a real daemon to ask."""
    with rig(1, 0) as standing:
        say("tab: setting up")
        standing.ours.grow(1)
        standing.children.until_at_rest()
        say(f"tab: {rounds} runs each")
        took = compare(contenders(standing.folder, standing.ours.members[0].machine.env), rounds)
    typer = statistics.median(took[TYPER])
    rows = [(name, median_worst(each), number(statistics.median(each) / typer)) for name, each in took.items()]
    found = ratio(took)
    goal = Goal("a TAB: at most a third of Typer's", number(found), found <= BOUND)
    note = "Spawn to exit of what the shell runs for one TAB; ms, median / worst. Typer's asks nobody."
    return [Table("A TAB", ("completion", "ms", "times Typer's"), rows, [goal], note)]


def _line(line: str, word: str) -> list[str]:
    return [line, str(len(line)), word]


def _run(contender: Contender, clock: Clock) -> float:
    began = clock()
    done = subprocess.run(
        contender.argv, env=contender.env, capture_output=True, text=True, check=False, timeout=ANSWER_S
    )
    spent = (clock() - began) / NS
    assert contender.answer in done.stdout.split("\n"), f"{contender.argv}: {done}"
    return spent
