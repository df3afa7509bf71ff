"""Quiet hours: what a person writes of them, and whether one holds at a given local time. No clock of its own.

A span is "22:00-07:00", or on certain days "mon-fri 22:00-07:00". One over midnight belongs to the day on which it
begins. Only what a wall clock shows counts, so an hour that summer time repeats is as quiet the second time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK: Final = frozenset(range(7))
_DAY_MIN: Final = 24 * 60
_SPAN: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DAY_LETTERS: Final = 3  # mon, tue
AHEAD: Final = timedelta(days=1)  # further ahead nobody needs to know


class BadHours(ValueError):
    """No span of hours; the text says which, and how one is written."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` on each of `days` (0 is Monday) until `end`, minutes since that day's midnight; `end` up to 48 h."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, day: int, minute: int) -> bool:
        """Whether it holds at that minute of that day, or has gone on into it from the day before."""
        began = day in self.days and self.start <= minute < self.end
        return began or ((day - 1) % 7 in self.days and minute < self.end - _DAY_MIN)


class QuietHours:
    """All spans of one person. BadHours for a word that is none."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._spans = tuple(_span(spec) for spec in specs)
        self._turns = sorted({turn % _DAY_MIN for span in self._spans for turn in (span.start, span.end)})

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._spans)

    def holds(self, local: datetime) -> bool:
        """Whether it is a quiet hour when the wall clock shows `local`."""
        minute = local.hour * 60 + local.minute
        return any(span.holds(local.weekday(), minute) for span in self._spans)

    def next_change(self, local: datetime) -> datetime:
        """When the wall clock, going on from `local`, shows the next change; a day ahead where none comes before.

        Always after `local`. Where a clock is put forward or back in between, real time is another: look again.
        """
        quiet = self.holds(local)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        for ahead in range(2):
            for minute in self._turns:
                turn = midnight + timedelta(days=ahead, minutes=minute)
                if local < turn < local + AHEAD and self.holds(turn) != quiet:
                    return turn
        return local + AHEAD


def _span(spec: str) -> Span:
    *days, hours = spec.lower().split() or [""]
    found = _SPAN.fullmatch(hours)
    if not found:
        raise BadHours(f"{spec!r} is no span of hours: write 22:00-07:00, or mon-fri 22:00-07:00")
    start, end = _minute(spec, found[1], found[2]), _minute(spec, found[3], found[4])
    if start == _DAY_MIN:
        raise BadHours(f"{spec!r} begins when its day is over: write 00:00")
    if start == end:
        raise BadHours(f"{spec!r} ends as it begins: write 00:00-24:00 for the whole day")
    named = frozenset(day for word in days for day in _named(spec, word))
    return Span(named or _WEEK, start, end if end > start else end + _DAY_MIN)


def _minute(spec: str, hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > _DAY_MIN:
        raise BadHours(f"{spec!r}: there is no {hour}:{minute}; the day goes from 00:00 to 24:00")
    return total


def _named(spec: str, word: str) -> list[int]:
    """The days that `mon`, `mon-fri` or, over the weekend, `sat-mon` names."""
    first, _, last = word.partition("-")
    begin = _day(spec, first)
    until = _day(spec, last) if last else begin
    return [(begin + step) % 7 for step in range((until - begin) % 7 + 1)]


def _day(spec: str, word: str) -> int:
    for number, name in enumerate(_DAYS):
        if len(word) >= _DAY_LETTERS and name.startswith(word):
            return number
    raise BadHours(f"{spec!r}: {word!r} is no day: write mon, tue, wed, thu, fri, sat, sun")
