"""Many seeds in one command, on all cores: counts per rule, failing seeds, how to replay them.

python tests/simulation/run.py --seeds 0-1999 --big 20
python tests/simulation/run.py --replay 17
"""

import argparse
import importlib.util
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    tests = Path(__file__).resolve().parents[1]
    sys.path[:1] = [str(tests)]
    if importlib.util.find_spec("escalate_daemon") is None:
        sys.path.append(str(tests.parent / "daemon"))  # a clone in which nothing is installed


from simulation.mutants import MUTANTS, planted
from simulation.scenario import FIRST_BIG_SEED, FIRST_HALL_SEED, Outcome, Run

NUMBERED = tuple(str(number) for number in (*range(1, 15), 17))
RULES = (*NUMBERED, "answers", "lines", "silence", "ladder", "presence", "policy", "repeats", "warning")


def say(line: str) -> None:
    """One line to the person."""
    sys.stdout.write(f"{line}\n")


def play(mutant: str | None, seed: int) -> Outcome:
    """One seed, with a mutant planted or none."""
    with planted(mutant) as build:
        return Run(seed, build).play()


def many(seeds: Iterable[int], mutant: str | None, jobs: int) -> Iterable[Outcome]:
    """All seeds over `jobs` processes, in any order."""
    if jobs <= 1:
        yield from map(partial(play, mutant), seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(partial(play, mutant), seeds, chunksize=1)


def replay(seed: int, mutant: str | None) -> int:
    """Print one seed's trace."""
    with planted(mutant) as build:
        outcome = Run(seed, build, verbose=True).play()
    say(f"seed {seed}: {outcome.broken or 'all rules held'}\ntrace {outcome.trace}")
    return 0 if outcome.broken is None else 1


def parse_seeds(text: str) -> list[int]:
    """`7`, `0-1999`, or several with commas."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def report(outcomes: list[Outcome], seconds: float, mutant: str | None) -> None:
    """What a person reads at the end."""
    stakes: Counter[str] = Counter()
    for outcome in outcomes:
        stakes.update(outcome.stakes)
    broken = sorted((o for o in outcomes if o.broken), key=lambda o: o.seed)
    hours = sum(o.simulated_ms for o in outcomes) / 3_600_000
    say(f"{len(outcomes)} runs, {hours:.1f} simulated hours, {seconds:.0f} s")
    say("at stake: " + "  ".join(f"{rule}: {stakes[rule]}" for rule in (*RULES, *sorted(stakes.keys() - set(RULES)))))
    for outcome in broken:
        option = f" --mutant {mutant}" if mutant else ""
        say(f"seed {outcome.seed}: {outcome.broken}\n    {outcome.story}")
        say(f"    python tests/simulation/run.py --replay {outcome.seed}{option}")
    say(f"{len(broken)} of {len(outcomes)} runs broke a rule" if broken else "no rule broken")


def main() -> int:
    """Exit code 0 where all rules held; with a mutant, where it was caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=parse_seeds, default=parse_seeds("0-99"), help="0-1999, or 3,5,9")
    parser.add_argument("--big", type=int, default=0, help="so many runs of 60 members besides")
    parser.add_argument("--halls", type=int, default=0, help="so many runs of 30 members, cut in halves, besides")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    parser.add_argument("--first", action="store_true", help="stop at the first broken rule")
    parser.add_argument("--replay", type=int, metavar="SEED")
    options = parser.parse_args()
    if options.replay is not None:
        return replay(options.replay, options.mutant)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    seeds = [*options.seeds, *range(FIRST_BIG_SEED, FIRST_BIG_SEED + options.big)]
    seeds += range(FIRST_HALL_SEED, FIRST_HALL_SEED + options.halls)
    for outcome in many(seeds, options.mutant, options.jobs):
        outcomes.append(outcome)
        if options.first and outcome.broken:
            break
    report(outcomes, time.monotonic() - began, options.mutant)
    any_broken = any(outcome.broken for outcome in outcomes)
    return 0 if any_broken == bool(options.mutant) else 1


if __name__ == "__main__":
    sys.exit(main())
