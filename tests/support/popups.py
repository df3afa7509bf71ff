"""Drives notification_server.py from a test: starts it, reads what it wrote down, plays the person."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from support import running
from support.waiting import until

_SCRIPT = Path(__file__).with_name("notification_server.py")
HintValue = int | bool | str


class Hints(msgspec.Struct, rename="kebab"):
    """The hints of ours."""

    urgency: int = -1
    category: str = ""
    image_path: str = ""
    suppress_sound: bool = False


class Event(msgspec.Struct):
    """One line of the server's log."""

    event: str
    time: float
    id: int = 0
    replaces_id: int = 0
    app_name: str = ""
    app_icon: str = ""
    title: str = ""
    body: str = ""
    actions: list[str] = []
    hints: Hints = msgspec.field(default_factory=Hints)
    expire: int = -2
    was_up: bool = False
    owner: str = ""
    command: str = ""

    @property
    def critical(self) -> bool:
        """Whether its urgency is the highest."""
        return self.hints.urgency == 2

    @property
    def buttons(self) -> dict[str, str]:
        """The label of each action that it offers; `default` is a click on the pop-up itself."""
        return dict(zip(self.actions[::2], self.actions[1::2], strict=True))

    @property
    def colour(self) -> str:
        """Of our icon."""
        return Path(self.app_icon).stem


class Popups(running.Started):
    """A running notification server and its log. A context manager."""

    def __init__(self, bus_address: str, folder: Path, *options: str, prefix: Sequence[str] = ()) -> None:
        self.log = folder / "popups.jsonl"
        self.argv = [
            *prefix,
            sys.executable,
            str(_SCRIPT),
            f"--bus={bus_address}",
            f"--log={self.log}",
            *options,
        ]
        self._output = folder / "popups.out"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it owns its name."""
        before = len(self.of("ready"))
        self._process = running.start(self.argv, self._output, stdin=True)
        until(lambda: len(self.of("ready")) > before, "the notification server is ready")

    def stop(self) -> None:
        """End it; it may be started again, as another run that knows no pop-ups."""
        if self._process is not None:
            running.end(self._process)
            self._process = None

    def kill(self) -> None:
        """It dies without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.stop()

    # --- What it wrote down ------------------------------------------------------------------------
    def events(self) -> list[Event]:
        """Everything so far, over all its runs."""
        if not self.log.exists():
            return []
        lines = self.log.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Event) for line in lines]

    def of(self, event: str) -> list[Event]:
        """All of one kind."""
        return [each for each in self.events() if each.event == event]

    def notified(self) -> list[Event]:
        """Every Notify call."""
        return self.of("notify")

    def up(self) -> list[Event]:
        """What stands on the screen: the newest words of every pop-up that was not closed."""
        standing: dict[int, Event] = {}
        for each in self.events():
            words = each.command.split()
            if each.event == "ready":
                standing.clear()
            elif each.event == "notify":
                standing[each.id] = each
            elif each.event in {"close", "gone"}:
                standing.pop(each.id, None)
            elif words[:1] == ["close"]:
                standing.pop(int(words[1]), None)
        return list(standing.values())

    # --- The person, and faults --------------------------------------------------------------------
    def tell(self, command: str) -> None:
        """Give it a command, and wait until it has done it."""
        assert self._process is not None
        assert self._process.stdin is not None
        before = len(self.of("did"))
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        until(lambda: len(self.of("did")) > before, f"the notification server did: {command}")

    def dismiss(self, number: int) -> None:
        """The person closes it."""
        self.tell(f"close {number} 2")

    def click(self, number: int) -> None:
        """The person clicks on it."""
        self.tell(f"invoke {number} default")

    def press(self, number: int, action: str) -> None:
        """The person presses a button that it offers; as real servers do, this one then closes what may be closed."""
        self.tell(f"press {number} {action}")
