"""The world's clock: virtual milliseconds and a heap of what happens when. Equal times keep their order."""

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[], None]


class Schedule:
    """Jumps from one due action to the next."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0
        self._count = 0
        self._heap: list[tuple[int, int, Action]] = []

    def at(self, time: int, action: Action) -> None:
        """Do `action` at `time` (ms), or now where that is past."""
        self._count += 1
        heappush(self._heap, (time if time > self.now else self.now, self._count, action))

    def after(self, delay: int, action: Action) -> None:
        """Do `action` in `delay` ms."""
        self.at(self.now + delay, action)

    def run_until(self, end: int) -> None:
        """Do all that is due up to and including `end`, and stand there."""
        heap = self._heap
        while heap and heap[0][0] <= end:
            self.now, _, action = heappop(heap)
            action()
        self.now = end
