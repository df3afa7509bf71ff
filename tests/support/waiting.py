"""Waiting for a condition with a deadline, and keeping the times that were seen."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
POLL_S = 0.02


def until(condition: Callable[[], T | None], what: str, within_s: float = 60.0) -> T:
    """The condition's first true answer; fails after `within_s`, naming what was awaited."""
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what}")
        time.sleep(POLL_S)  # between two looks; the deadline is far above what is expected


async def soon(condition: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = 60.0) -> None:
    """`until` for a condition that is asked for in an event loop; it may be awaitable."""
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(POLL_S)  # between two looks, as above


def never(condition: Callable[[], object], what: str, for_s: float) -> None:
    """The condition stays false for `for_s` seconds."""
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        if condition():
            raise AssertionError(f"happened, and must not: {what}")
        time.sleep(POLL_S)


def elapse(seconds: float) -> None:
    """Let time pass where time is what the test is about (how long a cut lasts); never to wait for something."""
    time.sleep(seconds)


@dataclass
class Figures:
    """Durations as they were measured, told at the end of the run."""

    lines: list[str] = field(default_factory=list)

    def note(self, what: str, seconds: float, bound_s: float | None = None) -> None:
        """Keep one duration, and the bound that the product promises for it."""
        bound = "" if bound_s is None else f" (bound {bound_s:g} s)"
        line = f"{seconds:8.3f} s  {what}{bound}  [load {os.getloadavg()[0]:.1f}]"
        self.lines.append(line)
        kept = os.environ.get("ESCALATE_TEST_FIGURES")
        if kept:
            with Path(kept).open("a", encoding="utf-8") as file:
                file.write(line + "\n")


FIGURES: Final = Figures()  # of this run


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.began_wall = time.time()

    def until_event(self, wall_s: float) -> float:
        """Seconds from its making to a moment of the wall clock, as other processes write it down."""
        return wall_s - self.began_wall

    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self.began
