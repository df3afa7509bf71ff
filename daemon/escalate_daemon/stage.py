"""The demo's stage: members of this one machine, each a real daemon in a folder of its own. All blocking.

Nobody's real desktop is rung: each member's pop-ups are lines in a file of its folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.connection import Connection, Gone, NotThere, connect

START_S: Final = 10.0
ANSWER_S: Final = 20.0
STOP_S: Final = 5.0
_PAUSE_S: Final = 0.02  # between two looks for something that no event tells

R = TypeVar("R", bound=protocol.Reply)
T = TypeVar("T")


class Missed(Exception):
    """Something that had to happen did not; the text says what."""


class Player:
    """One member: its daemon, and what is on its screen."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._home = folder / name
        self._home.mkdir()
        self._popups = self._home / "popups"
        self._env = {key: value for key, value in os.environ.items() if not key.startswith("ESCALATE_")}
        self._env |= {
            "ESCALATE_HOME": str(self._home),
            "ESCALATE_NAME": name,
            "ESCALATE_NOTIFIER": f"terminal:{self._popups}",
        }
        self._socket = paths.find(self._env).socket
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def start(self) -> None:
        """Start the daemon, without waiting for it."""
        with (self._home / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "escalate_daemon", "run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,  # Ctrl-C is for the demo, which then ends it in order
            )

    def until_ready(self) -> None:
        """Wait until it answers; Missed with its last words where it does not."""

        def answers() -> bool:
            if self._process is not None and self._process.poll() is not None:
                raise Missed(f"{self.name}'s daemon has ended: {self._last_words()}")
            try:
                connect(self._socket).close()
            except NotThere:
                return False
            return True

        until(answers, f"{self.name}'s daemon answers", START_S)

    def ask(self, request: protocol.AnyRequest, kind: type[R]) -> R:
        """Its daemon's answer; Missed for a refusal."""
        connection = self.line()
        try:
            connection.send(request)
            answer = connection.receive(ANSWER_S)
        except (Gone, TimeoutError) as error:
            raise Missed(f"{self.name}'s daemon does not answer: {error}") from error
        finally:
            connection.close()
        if isinstance(answer, protocol.Failure):
            raise Missed(f"{self.name}'s daemon refused: {answer.message}")
        if not isinstance(answer, kind):
            raise Missed(f"{self.name}'s daemon answered something else")
        return answer

    def line(self) -> Connection:
        """A line to the daemon."""
        try:
            return connect(self._socket)
        except NotThere as error:
            raise Missed(f"{self.name}'s daemon is gone: {self._last_words()}") from error

    def new_popups(self) -> list[str]:
        """The lines that came onto its screen since the last look."""
        if not self._popups.exists():
            return []
        lines = self._popups.read_text(encoding="utf-8", errors="replace").splitlines()
        new, self._read = lines[self._read :], len(lines)
        return new

    def ask_to_stop(self) -> None:
        """Ask the daemon to end, without waiting."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """See to it that the daemon has ended."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def _last_words(self) -> str:
        words = (self._home / "output").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(words) if line.strip()), "it said nothing")


class Watching:
    """A member's watch stream."""

    def __init__(self, player: Player) -> None:
        self._name = player.name
        self._line = player.line()
        self._line.send(protocol.WatchRequest())

    def until(self, kind: str, hand: str, seconds: float) -> protocol.Escalation:
        """Wait for the event of this kind about one escalation; Missed where it does not come."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                event = self._line.receive(max(0.0, deadline - time.monotonic()))
                told = event.escalation if isinstance(event, protocol.Event) and event.event == kind else None
                if told is not None and told.id == hand:
                    return told
        except (TimeoutError, Gone) as error:
            raise Missed(f"{self._name} was not told that it was {kind}") from error

    def until_ready(self) -> None:
        """Wait until what was active has been told."""
        while not (isinstance(event := self._line.receive(ANSWER_S), protocol.Event) and event.event == "ready"):
            pass

    def close(self) -> None:
        """Hang up."""
        self._line.close()


@contextmanager
def stage(*names: str) -> Iterator[list[Player]]:
    """Members in a temporary folder; their daemons are ended and the folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="esc-demo-"))
    players: list[Player] = []
    try:
        for name in names:
            players.append(Player(name, folder))
        for player in players:
            player.start()
        for player in players:
            player.until_ready()
        yield players
    finally:
        for player in players:
            player.ask_to_stop()
        for player in players:
            player.stop()
        shutil.rmtree(folder, ignore_errors=True)


def until(look: Callable[[], T | None], what: str, seconds: float) -> T:
    """The first true answer of `look`; Missed after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise Missed(f"not within {seconds:.0f} s: {what}")
        time.sleep(_PAUSE_S)
    return answer
