"""The table of rules in docs/rules.md: read, and what it names looked up in the tests."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from support.source import ROOT

PAGE: Final = ROOT / "docs" / "rules.md"
RULES: Final = 14  # how many there are
_CLAUSE: Final = re.compile(r"(\d+)([a-z]?)")
_TEST: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Clause:
    """One row. `tests`: each FILE::TEST or FILE::TEST[CASE]. `disabled`: with what it fails."""

    id: str
    holds: str
    tests: tuple[str, ...]
    disabled: str

    @property
    def rule(self) -> int:
        """The number of its rule."""
        found = _CLAUSE.fullmatch(self.id)
        return int(found[1]) if found else 0


def clauses() -> list[Clause]:
    """The rows of the table, in order."""
    return [row for line in PAGE.read_text(encoding="utf-8").splitlines() if (row := _row(line)) is not None]


def _row(line: str) -> Clause | None:
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if not line.startswith("|") or len(cells) != 4 or not _CLAUSE.fullmatch(cells[0]):
        return None
    return Clause(cells[0], cells[1], tuple(_TEST.findall(cells[2])), cells[3])


def exists(test: str) -> bool:
    """Whether there is a test of this id; of its case only that it has cases."""
    where, _, name = test.partition("::")
    bare, bracket, _ = name.partition("[")
    function = _tests_of(where).get(bare)
    return function is not None and (not bracket or bool(function.decorator_list))


@cache
def _tests_of(where: str) -> dict[str, ast.FunctionDef]:
    path = ROOT / where
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
