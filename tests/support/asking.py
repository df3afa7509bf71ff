"""Asks one daemon the same thing again and again, as a command would, and keeps how long each answer took."""

import statistics
import threading
import time
from types import TracebackType
from typing import Self

from escalate_daemon.ipc.protocol import ListRequest
from support.machine import Machine
from support.waiting import POLL_S

QUICK_S = 0.1  # the product's promise
STALL_S = 1.0  # no blocking call of ours is shorter, no pause of a busy machine this long


class Asking:
    """A context manager: it asks while the block runs."""

    def __init__(self, machine: Machine) -> None:
        self.seconds: list[float] = []
        self.unanswered = 0
        self._machine = machine
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._machine.look(ListRequest())  # the first look finds the socket by a command
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(POLL_S):
            began = time.monotonic()
            answer = self._machine.look(ListRequest())
            self.seconds.append(time.monotonic() - began)
            self.unanswered += answer is None

    @property
    def median(self) -> float:
        """Of the answers' times, in seconds."""
        return statistics.median(self.seconds)

    @property
    def worst(self) -> float:
        """Of the answers' times, in seconds."""
        return max(self.seconds)

    def must_be_quick(self) -> None:
        """It answered every time, nearly always within the promise, and never stood still."""
        late = sum(each > QUICK_S for each in self.seconds)
        told = f"median {self.median:.4f} s, worst {self.worst:.3f} s, {late} of {len(self.seconds)} late"
        assert self.unanswered == 0, f"{self.unanswered} unanswered; {told}"
        assert self.median < QUICK_S, told
        assert late <= max(2, len(self.seconds) // 20), told
        assert self.worst < STALL_S, told
