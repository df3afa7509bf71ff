"""The ring itself, through the system's own player. Its exit status 0 is the only test of `sounded`."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon.notify.base import Probe
from escalate_daemon.notify.child import run_child
from escalate_daemon.notify.sound_server import may_play

PLAY_LIMIT_S: Final = 5.0  # the ring lasts 1.2 s, a loudspeaker wakes in 3; with a hung server it never ends
SILENCE_LIMIT_S: Final = 3.0  # 100 ms, and its server's answer
TRUST_FAILURE_S: Final = 5.0  # so long after a failed ring nothing else need be tried to know
TONE: Final = Path(__file__).with_name("tone.wav")
SILENCE: Final = Path(__file__).with_name("silence.wav")
_WINSOUND: Final = (
    "import sys, winsound; winsound.PlaySound(sys.argv[1], winsound.SND_FILENAME | winsound.SND_NODEFAULT)"
)
_MEND: Final = {
    "linux": "install pulseaudio-utils, pipewire-bin or alsa-utils, and run in a session that has sound",
    "darwin": "afplay belongs to macOS: look at PATH",
    "win32": "check the sound device",
}


_NO_SERVER_MEND: Final = {
    "linux": "start it: systemctl --user restart pipewire pipewire-pulse (or pulseaudio --start), then escalate daemon "
    "restart in that session",
}


class SoundFailed(Exception):
    """Nothing was heard; `mend` is what helps."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}; {mend}")
        self.reason = reason
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Player:
    """A program that plays a WAV file named last, and says by its exit whether it did."""

    program: str
    options: tuple[str, ...] = ()

    def argv(self, file: Path) -> list[str] | None:
        """The command, or None where the program is not on PATH."""
        found = shutil.which(self.program)
        return [found, *self.options, str(file)] if found else None


def players_of(platform: str) -> tuple[Player, ...]:
    """The players of a system, the likeliest first."""
    if platform == "darwin":
        return (Player("afplay"),)
    if platform == "win32":
        return (Player(sys.executable, ("-I", "-c", _WINSOUND)),)
    return (Player("paplay"), Player("pw-play"), Player("aplay", ("-q",)))


@dataclass(frozen=True, slots=True)
class LastSound:
    """How the last ring went. `at`: time.monotonic() in seconds. `player`: who played it; "" where nobody did."""

    well: bool
    player: str
    reason: str
    at: float


class Sound:
    """Rings, one at a time. Rings that wait together are one ring: it was heard after each was asked for."""

    def __init__(self, players: Sequence[Player] | None = None, file: Path = TONE) -> None:
        """`players`: tried in order; none given: the system's."""
        self._players = list(players_of(sys.platform) if players is None else players)
        self._mend = _MEND.get(sys.platform, _MEND["linux"])
        self._file = file
        self._turn = asyncio.Lock()
        self._asked = 0
        self._played_for = 0  # every ring asked for up to this number has its outcome
        self._outcome: LastSound | None = None
        self.last: LastSound | None = None

    async def probe(self) -> Probe:
        """Which player there is, and whether it has anybody to play to.

        Only a ring could prove more; after one that failed, silence is played until that goes well.
        """
        found = [player.program for player in self._players if player.argv(self._file)]
        if not found:
            return Probe(usable=False, hears="none", found="no sound player on PATH", mend=self._mend)
        usable = [program for program in found if _may_play(program)]
        if not usable:
            return self._dumb(f"{', '.join(found)}: no sound server answers")
        if self.last is not None and not self.last.well and not await self._mended(self.last):
            return self._dumb(self.last.reason)
        return Probe(usable=True, hears="sound", found=usable[0])

    def _dumb(self, found: str) -> Probe:
        return Probe(usable=False, hears="none", found=found, mend=self._mend_of_silence())

    def _mend_of_silence(self) -> str:
        """What helps where a player is there and nothing is heard; else where to get one."""
        there = any(player.argv(self._file) for player in self._players)
        return _NO_SERVER_MEND.get(sys.platform, self._mend) if there else self._mend

    async def _mended(self, last: LastSound) -> bool:
        if time.monotonic() - last.at < TRUST_FAILURE_S:
            return False
        tried = await self._play(SILENCE, SILENCE_LIMIT_S)  # beside a ring that is asked for meanwhile
        if tried.well and self.last is last:
            self.last = None
        return tried.well

    async def ring(self) -> None:
        """Return when it was heard. Raises SoundFailed. Cancelled: silent at once."""
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._played_for < mine:
                played_for = self._asked
                self.last = await self._play(self._file, PLAY_LIMIT_S)
                self._played_for = played_for
                self._outcome = self.last
            if self._outcome is not None and not self._outcome.well:
                raise SoundFailed(self._outcome.reason, self._mend_of_silence())

    async def _play(self, file: Path, limit_s: float) -> LastSound:
        failures = []
        for player in tuple(self._players):
            argv = player.argv(file)
            if argv is None:
                continue
            ended = await run_child(argv, None, limit_s)
            if ended.exit == 0:
                # The next ring begins with the one that works, not with one that hangs.
                self._players.remove(player)
                self._players.insert(0, player)
                return LastSound(True, player.program, "", time.monotonic())
            words = ended.words.splitlines()[-1] if ended.words else f"exit {ended.exit}"
            failures.append(f"{player.program}: {words}")
        return LastSound(False, "", "; ".join(failures) or "no sound player on PATH", time.monotonic())


def _may_play(program: str) -> bool:
    return sys.platform != "linux" or may_play(program, os.environ, os.getuid())
