"""Time passed on purpose: a bench measures spans, so here, unlike in tests, waiting itself can be the point."""

import threading
import time
from collections.abc import Callable
from typing import Final

LOOK_S: Final = 0.01  # between two looks: cheap beside what is measured, fine enough for what is waited for
_NEVER: Final = threading.Event()


def pause(seconds: float) -> None:
    """Let time pass; Ctrl-C ends it."""
    _NEVER.wait(seconds)


def soon(condition: Callable[[], object], within_s: float, every_s: float = LOOK_S) -> bool:
    """Whether the condition came true within `within_s`."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause(every_s)
    return True
