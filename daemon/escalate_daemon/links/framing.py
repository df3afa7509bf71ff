"""Frames on a stream: a 4-byte big-endian length, then so many bytes."""

from collections.abc import Iterator
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.wire import WireError

HEADER_BYTES: Final = 4


def with_length(data: bytes) -> bytes:
    """The frame as it goes on the stream; WireError above FRAME_BYTES: that is our own fault."""
    if len(data) > tuning.FRAME_BYTES:
        raise WireError(f"a frame of {len(data)} bytes")
    return len(data).to_bytes(HEADER_BYTES, "big") + data


class FrameReader:
    """Cuts a stream into frames; holds at most one unfinished frame and what was fed last."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        self._held += data

    def frames(self, limit: int = tuning.FRAME_BYTES) -> Iterator[bytes]:
        """Takes the finished frames; WireError as soon as a length is over `limit`."""
        while (frame := self.take(limit)) is not None:
            yield frame

    def take(self, limit: int = tuning.FRAME_BYTES) -> bytes | None:
        """Takes one finished frame; None where there is none yet; WireError: its length is over `limit`."""
        if len(self._held) < HEADER_BYTES:
            return None
        size = int.from_bytes(self._held[:HEADER_BYTES], "big")
        if size > limit:
            raise WireError(f"a frame of {size} bytes")
        end = HEADER_BYTES + size
        if len(self._held) < end:
            return None
        frame = bytes(self._held[HEADER_BYTES:end])
        del self._held[:end]
        return frame
