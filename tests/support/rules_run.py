"""Runs the tests of a clause of docs/rules.md with the clause disabled, in a process of its own: each must fail."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest

from support import fake_desk, waiting
from support.planted import Planted
from support.planted_answers import ANSWERING
from support.planted_raising import RAISING
from support.source import ROOT

DISABLED: Final[dict[str, Planted]] = RAISING | ANSWERING
SCRIPT: Final = ROOT / "tests" / "rules_disabled.py"
PATIENCE_S: Final = 3.0  # what does not come by then, where it was disabled, does not come
LIMIT_S: Final = 300.0  # one clause


OWN_FAULT: Final = (TypeError, AttributeError, NameError, ImportError)  # of a patch that fits the product no more


@dataclass
class Outcomes:
    """A pytest plugin: which cases failed, by whole id, in the test itself and not because a patch is wrong."""

    failed: set[str] = field(default_factory=set)

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """pytest's hook."""
        if call.when == "call" and call.excinfo is not None and not isinstance(call.excinfo.value, OWN_FAULT):
            self.failed.add(item.nodeid)

    def fails(self, test: str) -> bool:
        """Whether this test, or one of its cases, failed."""
        return any(test in (case, case.partition("[")[0]) for case in self.failed)


def run_planted(clause: str, tests: Sequence[str]) -> int:
    """In this process, with the clause disabled: 0 where each of the tests fails, else 1 and which do not."""
    for wait in (waiting.until, waiting.soon):
        wait.__defaults__ = (PATIENCE_S,)
    fake_desk.LIMIT_S = PATIENCE_S
    outcomes = Outcomes()
    with DISABLED[clause].enter():
        pytest.main(["-q", "--tb=line", "-p", "no:cacheprovider", *tests], plugins=[outcomes])
    unmoved = [test for test in tests if not outcomes.fails(test)]
    sys.stdout.write("".join(f"does not fail: {test}\n" for test in unmoved))
    return 1 if unmoved else 0


def fails_disabled(clause: str, tests: Sequence[str]) -> tuple[bool, str]:
    """Whether each of the tests fails with the clause disabled, and what the process printed."""
    argv = [sys.executable, "-I", str(SCRIPT), "--planted", clause, *tests]
    done = subprocess.run(
        argv, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S
    )
    return done.returncode == 0, done.stdout
