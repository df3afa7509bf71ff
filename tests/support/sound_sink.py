"""A loudspeaker that can be listened to: a private PulseAudio with a null sink, recorded; Goertzel."""

import array
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support import running
from support.waiting import until

RATE_HZ = 16_000
WINDOW = 1_600  # samples: 100 ms, half of one turn of our tone
HEARD = 0.05  # of full scale; our tone's peak is 0.5, silence measures 0.000


def level(samples: Sequence[int], pitch_hz: float, rate_hz: int = RATE_HZ) -> float:
    """How strong one pitch is in the samples (Goertzel): the peak of its sine, full scale 1."""
    if not samples:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * pitch_hz / rate_hz)
    before, now = 0.0, 0.0
    for sample in samples:
        before, now = now, sample / 32768 + turn * now - before
    power = now * now + before * before - turn * now * before
    return 2 * math.sqrt(max(power, 0.0)) / len(samples)


class SoundSink(running.Started):
    """A sound server of its own and a recorder on it. A context manager.

    `folder` exists and has a short path: the socket lies in it. `prefix` runs it elsewhere (`ip netns exec`).
    """

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self.folder = folder
        self.server = f"unix:{folder / 'sound'}"
        self.recording = folder / "sound.raw"
        self._prefix = tuple(prefix)
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def env(self) -> dict[str, str]:
        """What a player needs in its environment to play here, and nowhere else."""
        return {"PULSE_SERVER": self.server, "PULSE_COOKIE": str(self.folder / "cookie")}

    def _own_env(self) -> dict[str, str]:
        home = {name: str(self.folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **home}

    def start(self) -> None:
        """Start server and recorder, and wait until the recorder hears silence."""
        argv = [
            *self._prefix,
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
            "--load=module-null-sink sink_name=desk rate=16000 channels=1 format=s16le",
            f"--load=module-native-protocol-unix auth-anonymous=1 socket={self.folder / 'sound'}",
        ]
        self._processes.append(running.start(argv, self.folder / "pulse.out", self._own_env()))
        until((self.folder / "sound").exists, "the sound server listens")
        record = [
            *self._prefix,
            "parecord",
            "--raw",
            f"--rate={RATE_HZ}",
            "--channels=1",
            "--format=s16le",
            "--latency-msec=20",
            "--device=desk.monitor",
            str(self.recording),
        ]
        env = {**self._own_env(), **self.env}
        self._processes.append(running.start(record, self.folder / "record.out", env))
        until(lambda: self.recording.exists() and self.recording.stat().st_size > 0, "the recorder records")

    def stop(self) -> None:
        """End both; another start is another server, heard from nothing."""
        while self._processes:
            running.end(self._processes.pop())
        for left in (self.folder / "sound", self.recording):
            left.unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        """Of the sound server."""
        return self._processes[0].pid

    def samples(self, start: int = 0) -> "array.array[int]":
        """What was recorded so far, from the sample numbered `start`."""
        raw = self.recording.read_bytes()[2 * start :]
        return array.array("h", raw[: len(raw) // 2 * 2])

    def position(self) -> int:
        """How many samples were recorded so far; for `since` below."""
        return self.recording.stat().st_size // 2

    def heard(self, pitch_hz: float, since: int = 0) -> bool:
        """Whether this pitch sounded, alone and clear, for 100 ms at some time."""
        recorded = self.samples(since)
        windows = (recorded[at : at + WINDOW] for at in range(0, len(recorded) - WINDOW + 1, WINDOW // 2))
        return any(max(window) > 0 and level(window, pitch_hz) > HEARD for window in windows)

    def loudest(self, since: int = 0) -> float:
        """The highest sample, full scale 1; 0 is silence."""
        recorded = self.samples(since)
        return max((abs(sample) for sample in recorded), default=0) / 32768
