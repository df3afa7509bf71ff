"""Every table of docs/performance.md, measured side by side in one run. Needs root, ip, nft; Serf where installed.

python tests/bench/run.py [--hosts 3,10,25] [--quick] [--only NAME]... [--write]
"""

import argparse
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

if __name__ == "__main__":
    tests = Path(__file__).resolve().parents[1]
    sys.path[0] = str(tests)  # in the place of this folder, whose modules are `bench`'s
    if importlib.util.find_spec("escalate_daemon") is None:  # a clone in which nothing is installed
        tree = [str(tests.parent), str(tests.parent / "daemon")]
        sys.path += tree
        os.environ["PYTHONPATH"] = os.pathsep.join(tree)

from bench import document, healing, idle, newcomer, reds, startup, tab
from bench.ours import BenchFailed
from bench.report import Table
from support.namespaces import LanUnavailable, why_unavailable

Measure = Callable[[argparse.Namespace], list[Table]]
TABLES: dict[str, Measure] = {
    "reds": lambda told: reds.measure(told.hosts, 3 if told.quick else 20, say),
    "startup": lambda told: startup.measure(5 if told.quick else 31, say),
    "tab": lambda told: tab.measure(5 if told.quick else 31, say),
    "newcomer": lambda told: newcomer.measure(3 if told.quick else 10, 2 if told.quick else 10, say),
    "healing": lambda told: healing.measure(3 if told.quick else 10, 1 if told.quick else 20, say),
    "idle": lambda told: idle.measure((3, 5) if told.quick else (12, 40), 10.0 if told.quick else 60.0, say),
}


def say(line: str) -> None:
    """How far it is, to the person."""
    sys.stderr.write(f"[{time.monotonic() - BEGAN:6.1f} s] {line}\n")


BEGAN = time.monotonic()


def interrupted(number: int, frame: FrameType | None) -> None:
    """Unwind, once: what is being taken down then must not be interrupted again."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def options() -> argparse.Namespace:
    """What the person wants."""
    parser = argparse.ArgumentParser(description="measure escalate beside its floors and beside Serf")
    parser.add_argument("--hosts", default="3,10,25", help="sizes for the reds")
    parser.add_argument("--quick", action="store_true", help="few rounds, few hosts: does it run at all?")
    parser.add_argument("--only", action="append", choices=tuple(TABLES), help="only this; may be repeated")
    parser.add_argument("--write", action="store_true", help="put what was measured into docs/performance.md")
    told = parser.parse_args()
    told.hosts = [int(word) for word in told.hosts.split(",")]
    if told.quick:
        told.hosts = told.hosts[:1]
    return told


def main() -> int:
    """Measure, print, write; the exit code."""
    told = options()
    why_not = why_unavailable()
    if why_not is not None:
        sys.stderr.write(f"nothing can be measured here: {why_not}\n")
        return 1
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, interrupted)
    failed = False
    try:
        for name in told.only or TABLES:
            try:
                tables = TABLES[name](told)
            except (BenchFailed, LanUnavailable) as error:
                failed = True
                say(f"{name} could not be measured: {error}")
                continue
            sys.stdout.write("".join(f"{table.markdown()}\n\n" for table in tables))
            sys.stdout.flush()
            if told.write:
                say(f"written to {document.write(name, tables)}")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; everything has been taken down\n")
        return 130
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
