"""A crowd of simulated members: how soon all are told, what it costs, how halves and cold starts become one.

python tests/simulation/crowd.py --nodes 200
python tests/simulation/crowd.py --nodes 1000 --scenes told,everyone
"""

import argparse
import importlib.util
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    tests = Path(__file__).resolve().parents[1]
    sys.path[:1] = [str(tests)]
    if importlib.util.find_spec("escalate_daemon") is None:
        sys.path.append(str(tests.parent / "daemon"))  # a clone in which nothing is installed


from simulation.crowds.measured import Measured
from simulation.crowds.scenes import MINUTE, SCENES, SECOND, NeverError, Wanted, play

TELL_EVERY_S = 60  # of CPU, between two lines of progress


def say(line: str) -> None:
    """One line to the person."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Progress:
    """Tells on stderr, about every minute of CPU, how far a scene is."""

    def __init__(self) -> None:
        self._told = time.process_time()

    def __call__(self, now: int) -> None:
        """The site stands at `now` us."""
        spent = time.process_time()
        if spent - self._told >= TELL_EVERY_S:
            self._told = spent
            sys.stderr.write(f"... {now / SECOND:.0f} s simulated, {spent:.0f} s of CPU\n")
            sys.stderr.flush()


def report(measured: Measured, seconds: float) -> None:
    """One scene."""
    say(f"\n{measured.scene} ({seconds:.0f} s of CPU)")
    for name, value in measured.figures.items():
        most = measured.goals.get(name)
        goal = "" if most is None else f"   at most {most:g}{'' if value <= most else ': MISSED'}"
        say(f"  {name:<24}{value:12.2f}{goal}")
    for note in measured.notes:
        say(f"    {note}")


def main() -> int:
    """Exit code 0 where every goal was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=lambda text: frozenset(text.split(",")), default=frozenset(SCENES))
    parser.add_argument("--minutes", type=int, default=60, help="how long the halves are apart")
    parser.add_argument("--progress", action="store_true", help="tell how far it is, also where stderr is no terminal")
    options = parser.parse_args()
    wanted = Wanted(options.nodes, options.seed, options.scenes, options.minutes * MINUTE)
    if options.progress or sys.stderr.isatty():
        wanted = replace(wanted, watched=Progress())
    missed = 0
    began = time.process_time()
    try:
        for measured in play(wanted):
            report(measured, time.process_time() - began)
            missed += len(measured.missed())
            began = time.process_time()
    except NeverError as never:
        say(f"never: {never}")
        return 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
