import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.core import tuning
from escalate_daemon.core.wire import WireError
from escalate_daemon.links.framing import FrameReader, with_length


@given(frames=st.lists(st.binary(max_size=50)), cuts=st.lists(st.integers(1, 20)))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(with_length, frames))
    reader, out = FrameReader(), []
    while stream:
        size = cuts.pop() if cuts else len(stream)
        reader.feed(stream[:size])
        stream = stream[size:]
        while (frame := reader.take()) is not None:
            out.append(frame)
    assert out == frames


def test_length_over_the_limit_is_refused_before_its_bytes_come() -> None:
    reader = FrameReader()
    reader.feed((1001).to_bytes(4, "big"))
    with pytest.raises(WireError):
        reader.take(1000)


def test_too_large_a_frame_is_not_sent() -> None:
    with_length(bytes(tuning.FRAME_BYTES))
    with pytest.raises(WireError):
        with_length(bytes(tuning.FRAME_BYTES + 1))
