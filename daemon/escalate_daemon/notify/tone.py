"""Our ring: 1.2 s of two tones in turn, as a WAV file. Pure; the file shipped as tone.wav is its output.

880 Hz and 1320 Hz: a fifth, both where small loudspeakers and ears are good; three pairs of 200 ms each, so
it is no one's telephone. Peak at half of full scale (-6 dBFS): loud, and not clipped when mixed with a call.
10 ms ramps at each change, or it would crackle. 16 kHz, 16 bit, mono: every player takes it.
"""

import io
import math
import struct
import wave
from typing import Final

LOW_HZ: Final = 880
HIGH_HZ: Final = 1320
RATE_HZ: Final = 16_000
PEAK: Final = 0.5
TURN_MS: Final = 200
TURNS: Final = 6
RAMP_MS: Final = 10


def samples() -> list[int]:
    """The ring as signed 16-bit samples."""
    length = RATE_HZ * TURN_MS // 1000
    ramp = RATE_HZ * RAMP_MS // 1000
    made = []
    for turn in range(TURNS):
        pitch = LOW_HZ if turn % 2 == 0 else HIGH_HZ
        for index in range(length):
            level = PEAK * min(1.0, index / ramp, (length - 1 - index) / ramp)
            made.append(round(32767 * level * math.sin(2 * math.pi * pitch * index / RATE_HZ)))
    return made


def wav() -> bytes:
    """The ring as a WAV file."""
    return _wav(samples())


def silence() -> bytes:
    """A WAV file of 100 ms in which nothing is to be heard; the file shipped as silence.wav."""
    return _wav([0] * (RATE_HZ // 10))


def _wav(made: list[int]) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(struct.pack(f"<{len(made)}h", *made))
    return buffer.getvalue()
