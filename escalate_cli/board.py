"""The live board of `watch` on a terminal: a plain table, redrawn in place. Standard library only."""

import contextlib
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from escalate_cli import escape, output, table, words
from escalate_cli.follow import Begun, Step
from escalate_cli.thread import Thread
from escalate_daemon.ipc.protocol import Escalation, Event

TICK_S: Final = 0.2  # how soon a key, or a changed size of the terminal, is noticed
_ENTER: Final = "\x1b[?1049h\x1b[?25l"  # the other screen, no cursor
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_UP: Final = ("active", "lost")
_NEWS: Final = 5  # lines of claims and threads under the table: the newest


@dataclass(frozen=True, slots=True)
class _Held:
    """An escalation and when it came, so that its age goes on; and its thread so far."""

    escalation: Escalation
    came: float
    thread: Thread

    def age_s(self, now: float) -> float:
        """Its age now, in seconds."""
        return self.escalation.age_s + now - self.came


class Board:
    """What is active, by the events so far."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._connected = False
        self._open_space = False
        self._ready = False  # before that what comes is no news
        self._news: deque[str] = deque(maxlen=_NEWS)

    def take(self, step: Step, now: float) -> None:
        """Follow one step of the stream."""
        if isinstance(step, Begun):
            self._held.clear()
            self._connected = True
            self._open_space = step.open_space
            self._ready = False
        elif isinstance(step, Event) and step.escalation is not None:
            self._tell(step.escalation, now)
        elif isinstance(step, Event):
            self._ready = self._ready or step.event == "ready"

    def _tell(self, escalation: Escalation, now: float) -> None:
        before = self._held.pop(escalation.id, None)
        thread = before.thread if before is not None else Thread()
        said = [f"{words.whose(escalation)}: {words.said(line)}" for line in thread.news(escalation.thread)]
        if escalation.state in _UP:
            self._held[escalation.id] = _Held(escalation, now, thread)
        coming = words.coming(escalation)
        if coming and (before is None or coming != words.coming(before.escalation)):
            said.append(f"{words.whose(escalation)}: {coming}")
        if self._ready:
            self._news.extend(said)

    def lines(self, now: float) -> list[str]:
        """The whole board."""
        held = sorted(self._held.values(), key=lambda each: (not each.escalation.owner.me, each.age_s(now)))
        title = f"escalate: {len(held)} active" if self._connected else "escalate: looking for the daemon"
        rows = [words.list_row(each.escalation, each.age_s(now)) for each in held]
        body = table.render(words.LIST_HEADERS, rows, aligned=True) or ["nothing is active"]
        banner = [words.OPEN_SPACE] if self._open_space else []
        news = ["", *self._news] if self._news else []
        return [output.paint(f"{title} - q leaves", "bold"), *banner, "", *body, *news]


def run(steps: Iterable[Step]) -> bool:
    """Show the board until q, Ctrl-C or the end of the terminal (False), or of the steps (True)."""
    board = Board()
    drawn = ""
    with _screen():
        for step in steps:
            now = time.monotonic()
            board.take(step, now)
            picture = frame(board.lines(now), *_size())
            if picture != drawn and not output.screen(picture):
                return False
            drawn = picture
            if _left():
                return False
    return True


def frame(lines: list[str], columns: int, rows: int) -> str:
    """The characters that draw `lines` on a terminal of that size."""
    shown = lines if len(lines) < rows else [*lines[: max(1, rows - 2)], f"... {len(lines) - rows + 2} more"]
    reset = "\x1b[0m" if output.coloured() else ""
    clipped = (f"{escape.clip(line, columns)}{reset}\x1b[K" for line in shown)
    return "\x1b[H" + "\r\n".join(clipped) + "\x1b[J"


def _size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24


def _left() -> bool:
    """Whether q was typed."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    if sys.platform == "win32":  # read, not run
        import msvcrt

        return msvcrt.kbhit() and msvcrt.getwch() in "qQ"
    if not select.select([sys.stdin], [], [], 0)[0]:
        return False
    typed = os.read(sys.stdin.fileno(), 64)
    return not typed or typed[:1] in b"qQ"


@contextmanager
def _screen() -> Iterator[None]:
    """The terminal as the board wants it, and back as it was, however the board ends."""
    with contextlib.ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _terminated))
        stack.callback(output.screen, _LEAVE)
        output.screen(_ENTER)
        if sys.platform != "win32" and sys.stdin is not None and sys.stdin.isatty():
            import termios
            import tty

            terminal = sys.stdin.fileno()
            stack.callback(termios.tcsetattr, terminal, termios.TCSADRAIN, termios.tcgetattr(terminal))
            tty.setcbreak(terminal)
        yield


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
