"""Each clause of docs/rules.md disabled, one after the other, and its tests run: every one of them must fail.

python tests/rules_disabled.py [CLAUSE...]     all of them, or these; as in: 4b 8c
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support.rules_run import fails_disabled, run_planted
from support.rules_table import clauses


def say(words: str) -> None:
    """At once, also into a pipe."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(asked: list[str]) -> int:
    """Exit status: 0 where each test of each clause failed."""
    if asked[:1] == ["--planted"]:
        return run_planted(asked[1], asked[2:])
    rows = [clause for clause in clauses() if not asked or clause.id in asked]
    bad = 0
    for clause in rows:
        began = time.monotonic()
        failed, told = fails_disabled(clause.id, clause.tests)
        bad += not failed
        verdict = f"{len(clause.tests)} of {len(clause.tests)} fail" if failed else "STILL PASSES"
        say(f"{clause.id:>4}  {verdict}, {clause.disabled}  ({time.monotonic() - began:.1f} s)")
        if not failed:
            say(told)
    say(f"{len(rows) - bad} of {len(rows)} clauses: each test was seen to fail with its rule disabled")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
