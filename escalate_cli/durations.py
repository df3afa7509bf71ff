"""Durations as people type them: 90s 5m 2h 7d. Pure."""

import re
from typing import Final

FORMS: Final = "as in 90s, 5m, 2h or 7d"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FORM: Final = re.compile(r"([0-9]{1,9})([smhd])")


def parse(text: str) -> float:
    """Seconds. ValueError for anything else than a whole number above zero with its unit."""
    found = _FORM.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{text!r} is not a duration")
    return float(int(found[1]) * _SECONDS[found[2]])


def exact(seconds: float) -> str:
    """A duration as it is typed, in its largest whole unit: 90s, 2m, 1h, 7d."""
    whole = int(seconds)
    unit = "s" if not whole else next(name for name, size in reversed(_SECONDS.items()) if whole % size == 0)
    return f"{whole // _SECONDS[unit]}{unit}"


def say(seconds: float) -> str:
    """An age for people, rounded down: 0s, 59s, 12m, 3h05m, 2d04h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"
