"""Running somebody's COMMAND: its streams, descriptors and exit untouched, its signals as if we were not there."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from escalate_cli import escape, exits
from escalate_daemon.ipc.protocol import failure

_MESSAGE: Final = 50  # characters; a message may hold no more
_GOES_TO_BOTH: Final = ("SIGINT", "SIGQUIT")  # a terminal's keys: the command gets them itself
_PASSED_ON: Final = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


class Ended(NamedTuple):
    """How COMMAND ended. `code`: ours; `how`: in words; `interrupted`: by the person at the keyboard."""

    code: int
    how: str
    interrupted: bool = False


def run(command: Sequence[str]) -> Ended:
    """Run it to its end, whatever it is interrupted by."""
    try:
        # Descriptors above 2 are its too: the shell may have opened them for it.
        with _signals() as signals, subprocess.Popen(command, close_fds=False) as process:
            signals.begun(process)
            code = _waited(process)
    except FileNotFoundError:
        return Ended(exits.NOT_FOUND, "not found")
    except ValueError as error:
        raise failure("usage", f"this cannot be run: {error}") from error
    except OSError:
        return Ended(exits.NOT_EXECUTABLE, "not executable")
    if code < 0:
        interrupted = signals.interrupted and -code == signal.SIGINT
        return Ended(exits.SIGNAL - code, f"signal {-code}{_signal_name(-code)}", interrupted)
    return Ended(code, f"exit {code}", signals.interrupted and code == exits.INTERRUPTED)


def message(command: Sequence[str], ended: Ended) -> str:
    """`make: exit 2`, never longer than a message may be."""
    name = escape.printable(Path(command[0]).name or command[0])
    room = _MESSAGE - len(f": {ended.how}")
    return f"{name if len(name) <= room else f'{name[: room - 3]}...'}: {ended.how}"


class _Signals:
    """What came while COMMAND ran."""

    def __init__(self) -> None:
        self.interrupted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def begun(self, process: "subprocess.Popen[bytes]") -> None:
        """It runs: it gets what came meanwhile."""
        self._process = process
        for number in self._early:
            self.pass_on(number, None)

    def note(self, number: int, frame: FrameType | None) -> None:
        """COMMAND got it too."""
        self.interrupted = self.interrupted or number == signal.SIGINT

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        """It was meant for COMMAND."""
        if self._process is None:
            self._early.append(number)
            return
        with contextlib.suppress(OSError):
            self._process.send_signal(number)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Signals as COMMAND's, not ours. Those ignored stay so, for COMMAND inherits that; it gets no handler of ours."""
    signals = _Signals()
    with contextlib.ExitStack() as stack:
        handlers = [(name, signals.note) for name in _GOES_TO_BOTH] + [(name, signals.pass_on) for name in _PASSED_ON]
        for name, handler in handlers:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                stack.callback(signal.signal, number, signal.signal(number, handler))
        yield signals


def _waited(process: "subprocess.Popen[bytes]") -> int:
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # one that came between two handlers
            return process.wait()


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return f" ({signal.Signals(number).name.removeprefix('SIG')})"
    return ""
