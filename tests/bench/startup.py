"""Table 3: what a command costs a script, `escalate list` beside the least that its parts cost."""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.entry import escalate, script
from bench.ours import ANSWER_S
from bench.report import Goal, Table, median_worst, number
from bench.rig import rig
from bench.stamps import NS

LIST, TYPER, PYTHON = "escalate list", "one-command Typer app", "bare Python"
_BOUND: Final = 1.3  # times the Typer app
_FOLDER: Final = Path(__file__).parent


def measure(rounds: int, say: Callable[[str], None]) -> list[Table]:
    """Each command in turn, round after round, so that a busy moment falls on all alike; one red is up."""
    with rig(1, 0) as standing:
        say("start-up: setting up")
        standing.ours.grow(1)
        owner = standing.ours.members[0]
        standing.ours.raise_red(owner)
        commands = {
            LIST: [*escalate(standing.folder), "list"],
            TYPER: script(standing.folder, "hello", "bench.typer_app:app"),
            PYTHON: [sys.executable, "-c", "pass"],
            **_compiled(),
        }
        env = {**owner.machine.env, "PYTHONPATH": _searched(owner.machine.env)}
        took: dict[str, list[float]] = {name: [] for name in commands}
        say(f"start-up: {rounds} runs each")
        for number_of in range(rounds + 1):
            standing.children.until_at_rest()
            for name, argv in commands.items():
                spent = _run(argv, env)
                if number_of:  # the first fills the caches
                    took[name].append(spent)
    return [_table(took)]


def _run(argv: list[str], env: Mapping[str, str]) -> float:
    began = time.monotonic_ns()
    subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, check=True, timeout=ANSWER_S)
    return (time.monotonic_ns() - began) / NS


def _searched(env: Mapping[str, str]) -> str:
    """Where the Typer app is found, for all alike; last, so that it slows nobody's imports."""
    return ":".join([*filter(None, [env.get("PYTHONPATH", "")]), str(_FOLDER.parent)])


def _compiled() -> dict[str, list[str]]:
    name = "notify-send" if shutil.which("notify-send") else "true"
    return {f"compiled ({name})": [name, "--version"]}


def _table(took: dict[str, list[float]]) -> Table:
    typer = statistics.median(took[TYPER])
    rows = [(name, median_worst(each), number(statistics.median(each) / typer)) for name, each in took.items()]
    ratio = statistics.median(took[LIST]) / typer
    goal = Goal(f"`escalate list`: at most {_BOUND} times the Typer app", number(ratio), ratio <= _BOUND)
    paired = statistics.median(mine / floor for mine, floor in zip(took[LIST], took[TYPER], strict=True))
    note = (
        "Spawn to exit; ms, median / worst. The daemon runs and one red is up. "
        f"Median of the ratios run by run: {number(paired)}."
    )
    return Table("Start-up of a command", ("command", "ms", "times the Typer app"), rows, [goal], note)
