"""A crowd of simulated members: how soon all are told, what it costs, how halves and cold starts become one.

python tests/simulation/crowd.py --nodes 200
python tests/simulation/crowd.py --nodes 1000 --scenes told,everyone
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    tests = Path(__file__).resolve().parents[1]
    sys.path[:1] = [str(tests)]
    if importlib.util.find_spec("escalate_daemon") is None:
        sys.path.append(str(tests.parent / "daemon"))  # a clone in which nothing is installed


from simulation.crowds import scenes
from simulation.crowds.scenes import CLAIMS, Measured, NeverError
from simulation.crowds.site import Site

ALL = ("cold", "told", "everyone", "halves")


def play(nodes: int, seed: int, wanted: set[str], *, heard: int, hour: int) -> Iterator[Measured]:
    """The scenes in their order; a cold start of what the disks hold is how every other one begins."""
    if wanted - {"cold"}:
        site = Site(seed, nodes)
        with site.thrift.practised():
            scenes.warm(site, site.written())
            if "told" in wanted:
                yield scenes.told(site, "told, yellow", ())
                yield scenes.told(site, "told, red", ("person1",))
            if "everyone" in wanted:
                yield scenes.everyone(site)
            if "halves" in wanted:
                yield scenes.halves(site, hour=hour)
    if "cold" in wanted:
        site = Site(seed + 1, nodes)
        with site.thrift.practised():
            yield scenes.cold(site, site.written(), "cold, disks full", heard=heard)
        site = Site(seed + 2, nodes)
        with site.thrift.practised():
            yield scenes.cold(site, {}, "cold, disks empty", heard=heard)


def say(line: str) -> None:
    """One line to the person."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def report(measured: Measured, seconds: float) -> None:
    """One scene."""
    say(f"\n## {measured.scene} ({seconds:.0f} s of CPU)")
    for name, value in measured.figures.items():
        goal = f"  goal {CLAIMS[name]:g}{'' if value <= CLAIMS[name] else '  MISSED'}" if name in CLAIMS else ""
        say(f"{name:>22}  {value:10.2f}{goal}")
    for note in measured.notes:
        say(f"    {note}")


def main() -> int:
    """Exit code 0 where every goal was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=lambda text: set(text.split(",")), default=set(ALL))
    parser.add_argument("--heard", type=int, default=50, help="hints by zeroconf that each gets")
    parser.add_argument("--minutes", type=int, default=60, help="how long the halves are apart")
    options = parser.parse_args()
    missed = 0
    began = time.process_time()
    try:
        hour = options.minutes * 60_000_000
        for measured in play(options.nodes, options.seed, options.scenes, heard=options.heard, hour=hour):
            report(measured, time.process_time() - began)
            missed += len(measured.missed())
            began = time.process_time()
    except NeverError as never:
        say(f"never: {never}")
        return 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
