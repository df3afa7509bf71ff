"""What waits to be sent on one link: urgent frames overtake; above a limit, unsent ones are forgotten."""

from collections import deque

from escalate_daemon.core import tuning


class SendQueue:
    """Two queues under one limit in bytes."""

    def __init__(self, limit: int = tuning.QUEUE_BYTES) -> None:
        self._limit = limit
        self._urgent: deque[bytes] = deque()
        self._bulk: deque[bytes] = deque()
        self._bytes = 0
        self._told = False

    def __len__(self) -> int:
        return len(self._urgent) + len(self._bulk)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._bytes

    def put(self, data: bytes, *, urgent: bool) -> bool:
        """Queues a frame. True where the limit was passed and frames were forgotten; once until it is empty.

        The frames that are not urgent go first; the urgent ones too where they alone are too many.
        """
        (self._urgent if urgent else self._bulk).append(data)
        self._bytes += len(data)
        if self._bytes <= self._limit:
            return False
        self._forget(self._bulk)
        if self._bytes > self._limit:
            self._forget(self._urgent)
        first, self._told = not self._told, True
        return first

    def take(self) -> bytes | None:
        """The frame to send next; None where nothing waits."""
        if not self._urgent and not self._bulk:
            self._told = False
            return None
        data = (self._urgent or self._bulk).popleft()
        self._bytes -= len(data)
        return data

    def _forget(self, queue: deque[bytes]) -> None:
        self._bytes -= sum(map(len, queue))
        queue.clear()
