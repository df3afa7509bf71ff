"""The two clocks of a daemon: milliseconds that count time asleep, and the wall. Nothing else may ask for time."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Final

# Where a timer comes this much too late, the machine slept (or this process was stopped): dial at once.
SLEPT_AFTER: Final = 3_000  # ms; above any pause of a busy loop, below what a person notices after waking
WATCH_EVERY: Final = 2_000  # ms; a timer at least this often, or a sleep between far deadlines stays unnoticed


if sys.platform == "linux":

    def _now_ns() -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def _now_ns() -> int:
        # Read, not run: this clock goes on while macOS sleeps, time.monotonic() does not.
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

else:

    def _now_ns() -> int:
        return time.monotonic_ns()


def now() -> int:
    """Milliseconds since some fixed moment, time asleep included, never going back."""
    return _now_ns() // 1_000_000


def wall() -> float:
    """Unix time in seconds, as the machine's wall clock has it."""
    return time.time()


def text(unix_s: float) -> str:
    """RFC 3339, UTC, to the millisecond. Beyond the years that have a text: the nearest that has one."""
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(unix_s * 1000))
    except OverflowError:
        moment = datetime.max.replace(tzinfo=UTC) if unix_s > 0 else datetime.min.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
