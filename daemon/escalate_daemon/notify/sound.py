"""The ring itself, through the system's own player. Its exit status 0 is the only test of `sounded`."""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon.notify.base import Probe
from escalate_daemon.notify.child import run_child

PLAY_LIMIT_S: Final = 10.0  # the ring lasts 1.2 s; a player that waits for a dead server never ends
TONE: Final = Path(__file__).with_name("tone.wav")
_WINSOUND: Final = (
    "import sys, winsound; winsound.PlaySound(sys.argv[1], winsound.SND_FILENAME | winsound.SND_NODEFAULT)"
)
_MEND: Final = {
    "linux": "install pulseaudio-utils, pipewire-bin or alsa-utils, and run in a session that has sound",
    "darwin": "afplay belongs to macOS: look at PATH",
    "win32": "check the sound device",
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
        self._outcome: SoundFailed | None = None

    async def probe(self) -> Probe:
        """Which player there is; only a ring could prove more."""
        found = [player.program for player in self._players if player.argv(self._file)]
        if not found:
            return Probe(usable=False, hears="none", found="no sound player on PATH", mend=self._mend)
        return Probe(usable=True, hears="sound", found=found[0])

    async def ring(self) -> None:
        """Return when it was heard. Raises SoundFailed. Cancelled: silent at once."""
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._played_for < mine:
                played_for = self._asked
                self._outcome = await self._play()
                self._played_for = played_for
            if self._outcome is not None:
                raise SoundFailed(self._outcome.reason, self._outcome.mend)

    async def _play(self) -> SoundFailed | None:
        failures = []
        for player in tuple(self._players):
            argv = player.argv(self._file)
            if argv is None:
                continue
            ended = await run_child(argv, None, PLAY_LIMIT_S)
            if ended.exit == 0:
                # The next ring begins with the one that works, not with one that hangs.
                self._players.remove(player)
                self._players.insert(0, player)
                return None
            words = ended.words.splitlines()[-1] if ended.words else f"exit {ended.exit}"
            failures.append(f"{player.program}: {words}")
        return SoundFailed("; ".join(failures) or "no sound player on PATH", self._mend)
