"""A table with its goals, as it is printed and as it stands in the document: the same Markdown."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

NOTHING: Final = "-"  # in a cell without a figure


@dataclass(frozen=True)
class Goal:
    """What was promised, what came out, and whether that is within it."""

    promise: str
    found: str
    met: bool


@dataclass(frozen=True)
class Table:
    """`note`: how to read it, a sentence or two."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    goals: list[Goal] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        """Heading, table, goals."""
        parts = [f"## {self.title}", _grid(self.head, self.rows)]
        if self.note:
            parts.append(self.note)
        if self.goals:
            rows = [(goal.promise, goal.found, "met" if goal.met else "**missed**") for goal in self.goals]
            parts.append(_grid(("goal", "found", ""), rows))
        return "\n\n".join(parts)


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def number(value: float) -> str:
    """With as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 or not value else f"{value:.3f}"


def median_worst(values: Sequence[float]) -> str:
    """`median / worst`; NOTHING for none."""
    return f"{number(statistics.median(values))} / {number(max(values))}" if values else NOTHING
