"""Pop-ups as lines: on every terminal of the same person that takes messages (`mesg y`), or on one stream.

What is written cannot be changed or taken back: an update that says something new, and the end, are lines of
their own. Handles live as long as this process.
"""

import asyncio
import itertools
import os
import stat
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Final, Protocol

from escalate_daemon.notify import terminal_text, terminal_write
from escalate_daemon.notify.base import Listener, NotifyFailed, Popup, Probe, Shown

WRITE_LIMIT_S: Final = 1.0  # all terminals together; a stopped one (^S) never takes it
_TITLES_KEPT: Final = 4096
_MEND: Final = "log in to a terminal and allow messages there (mesg y)"


class Screen(Protocol):
    """Where the lines go."""

    @property
    def name(self) -> str:
        """As in ESCALATE_NOTIFIER."""
        ...

    def found(self) -> str:
        """What is there to be written to; "" for nothing."""
        ...

    def write(self, popup: Popup | None, line: str) -> int:
        """Blocking, within the limit: a pop-up where given, else the plain line. How many took it whole."""
        ...


class OwnTerminals:
    """Every terminal of this person; or the one at `only`, whatever its mesg says."""

    def __init__(self, only: Path | None = None) -> None:
        self._only = only
        self.name = f"terminal:{only}" if only else "terminal"

    def _terminals(self) -> list[Path]:
        if self._only is None:
            return terminal_write.terminals_of(os.getuid()) if sys.platform != "win32" else []
        return [self._only] if self._only.is_char_device() else []

    def found(self) -> str:
        """Their paths."""
        return ", ".join(str(path) for path in self._terminals())

    def write(self, popup: Popup | None, line: str) -> int:
        """See Screen."""
        texts = []
        for path in self._terminals():
            text = terminal_text.terminal_line(popup) if popup else f"\r\n{line}\r\n"
            if popup and not _is_console(path):
                text = terminal_text.desktop_escape(popup, macos=sys.platform == "darwin") + text
            texts.append((path, text.encode("utf-8", "replace")))
        return terminal_write.write_to_all(texts, WRITE_LIMIT_S)


class Stream:
    """Standard output ("-"), or one file or pipe, without colours."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.name = f"terminal:{target}"

    def found(self) -> str:
        """The stream."""
        return "standard output" if self._target == "-" else self._target

    def write(self, popup: Popup | None, line: str) -> int:
        """See Screen."""
        text = (terminal_text.stream_line(popup) if popup else f"{line}\n").encode("utf-8", "replace")
        try:
            if self._target != "-":
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
                fd = os.open(self._target, flags, 0o600)
            else:
                fd = os.dup(sys.__stdout__.fileno() if sys.__stdout__ else 1)
        except (OSError, ValueError):
            return 0
        try:
            if sys.platform == "win32":
                return int(os.write(fd, text) == len(text))
            return terminal_write.write_ready({fd: text}, WRITE_LIMIT_S)
        except OSError:
            return 0
        finally:
            os.close(fd)


def terminal_at(target: str | None) -> "TerminalNotifier":
    """The notifier for `terminal` (None), `terminal:-`, `terminal:/dev/...` or `terminal:FILE`."""
    if target is None:
        return TerminalNotifier(OwnTerminals())
    if target != "-" and _may_be_terminal(Path(target)):
        return TerminalNotifier(OwnTerminals(Path(target)))
    return TerminalNotifier(Stream(target))


class TerminalNotifier:
    """Lines on a screen of the person."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._numbers = itertools.count(1)
        self._titles: OrderedDict[str, str] = OrderedDict()  # handle -> what was last written
        self.name = screen.name

    def listen(self, listener: Listener) -> None:
        """A line cannot be touched."""

    async def watch(self) -> None:
        """See base.Notifier: it tells nothing, and is asked by `probe`."""

    def keeps(self, handle: str) -> bool:
        """See base.Notifier. Nobody else takes a line away."""
        return handle in self._titles

    async def probe(self) -> Probe:
        """Whether there is a terminal now."""
        found = await asyncio.to_thread(self._screen.found)
        if not found:
            return Probe(usable=False, hears="none", found="no terminal takes messages", mend=_MEND)
        return Probe(usable=True, hears="terminal", found=found)

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier. Shown as soon as one terminal took the whole line; the same line is not written twice."""
        if replaces is not None and self._titles.get(replaces) == popup.title and not popup.rings:
            return Shown(replaces, "terminal")
        await self._write(popup, "")
        handle = replaces
        if handle is None or handle not in self._titles:
            handle = f"{os.getpid()}.{next(self._numbers)}"
        self._keep(handle, popup.title)
        return Shown(handle, "terminal")

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier. A new line only where the title says something new."""
        if handle in self._titles and self._titles[handle] != popup.title:
            await self._write(popup, "")
            self._keep(handle, popup.title)
        return Shown(handle, "terminal")

    async def close(self, handle: str) -> None:
        """See base.Notifier."""
        title = self._titles.pop(handle, None)
        if title is not None:
            await self._write(None, terminal_text.closing_line(title))

    async def aclose(self) -> None:
        """See base.Notifier."""

    async def _write(self, popup: Popup | None, line: str) -> None:
        if not await asyncio.to_thread(self._screen.write, popup, line):
            raise NotifyFailed(f"no terminal took the line; {_MEND}")

    def _keep(self, handle: str, title: str) -> None:
        self._titles[handle] = title
        while len(self._titles) > _TITLES_KEPT:
            self._titles.popitem(last=False)


def _is_console(path: Path) -> bool:
    """Whether it is a console of the kernel, in which an unknown OSC would leave litter."""
    return path.parent == Path("/dev") and path.name.startswith("tty") and not path.name.startswith("ttys")


def _may_be_terminal(path: Path) -> bool:
    """A character device, or a place where only those are."""
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return path.is_relative_to("/dev")
