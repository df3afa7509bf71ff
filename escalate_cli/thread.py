"""The thread of one escalation as it is printed while it goes on: which of its lines are new. Prints nothing."""

from collections.abc import Sequence

from escalate_daemon.ipc.protocol import ChatLine


class Thread:
    """The lines that were printed, by who said them.

    A line has no name of its own, and its time is this machine's reckoning, which may still be corrected. But each
    member's lines come in their order, and only the oldest are forgotten: so what is new is what follows the overlap.
    """

    def __init__(self) -> None:
        self._said: dict[str, list[str]] = {}

    def news(self, thread: Sequence[ChatLine]) -> list[ChatLine]:
        """The lines that were not in it before, in their order."""
        by_member: dict[str, list[ChatLine]] = {}
        for line in thread:
            by_member.setdefault(line.member.id, []).append(line)
        new: set[int] = set()
        for member, lines in by_member.items():
            texts, before = [line.text for line in lines], self._said.get(member, [])
            forward, backward = _overlap(before, texts), _overlap(texts, before)
            if backward > forward or (backward == forward and len(texts) < len(before)):
                continue  # how it stood earlier: an answer has overtaken the stream
            new.update(map(id, lines[forward:]))
            self._said[member] = texts
        return [line for line in thread if id(line) in new]


def _overlap(before: list[str], now: list[str]) -> int:
    """How many of the first lines of `now` are the last of `before`."""
    most = min(len(before), len(now))
    return next((count for count in range(most, 0, -1) if before[-count:] == now[:count]), 0)
