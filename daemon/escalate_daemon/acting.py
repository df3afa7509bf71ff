"""What the buttons do on this machine: approach takes its person to an owner, chat opens a thread before them.

The claim and the lines themselves are the core's. Gives a sentence for the person where nothing could be done.
"""

import asyncio
import logging
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from escalate_daemon import clock, telling
from escalate_daemon.config import Config
from escalate_daemon.core.text import clean
from escalate_daemon.core.views import EscalationView
from escalate_daemon.ipc import protocol
from escalate_daemon.notify.program import Outcome, Told, run_program

log = logging.getLogger(__name__)

AT_ONCE: Final = 4  # of each kind: nobody is in more places
EARLY_S: Final = 2.0  # what fails does so at once; the person waits so long for a word
APPROACH_LIMIT_S: Final = 3600.0
CHAT_LIMIT_S: Final = 12 * 3600.0  # a window that is left open over a shift
_SAID_POINTS: Final = 200  # of what a program said, in a sentence
_ID: Final = re.compile(r"[0-9A-Za-z]{1,64}")
# `sh -c` with the rest as its arguments: the live thread, and its last words until somebody has read them.
_STAY: Final = '"$@"; printf "Enter closes this window "; read -r _'
# The likeliest to be the person's own choice first; how each takes a command behind its own options.
TERMINALS: Final[dict[str, tuple[str, ...]]] = {
    "x-terminal-emulator": ("-e",),
    "gnome-terminal": ("--",),
    "konsole": ("-e",),
    "xfce4-terminal": ("-x",),
    "kitty": (),
    "alacritty": ("-e",),
    "foot": (),
    "xterm": ("-e",),
}

About = EscalationView | protocol.Escalation


class Actions:
    """`environ`: the daemon's own. `in_open_space`: whether strangers may come in where it is now."""

    def __init__(self, config: Config, environ: Mapping[str, str], in_open_space: Callable[[], bool]) -> None:
        self._run = config.approach.run
        self._open = config.chat.open
        self._environ = environ
        self._in_open_space = in_open_space
        self._approaches = _Programs("approach.run", APPROACH_LIMIT_S, environ)
        self._chats = _Programs("chat.open", CHAT_LIMIT_S, environ)

    async def approach(self, about: About) -> str | None:
        """Run the person's approach program; None: it runs, or there is none. Takes two seconds at most."""
        if not self._run:
            return None
        if self._in_open_space():
            return "approach.run is not run: this is an open space, and strangers may come in"
        return await self._approaches.start(self._run, telling.told("approach", about, clock.wall()))

    async def open_chat(self, about: About) -> str | None:
        """Open the thread: by the person's program, else in a terminal. None: it is open. Takes two seconds at most."""
        typed = f"escalate chat {about.id}" if _ID.fullmatch(about.id) else "escalate list"
        if self._open and not self._in_open_space():
            failed = await self._chats.start(self._open, telling.told("chat", about, clock.wall()))
            return failed and f"{failed}; type: {typed}"
        argv = window(sys.platform, about.id, self._environ)
        if argv is None:
            return f"type: {typed}"
        failed = await self._chats.start(argv, Told(b""))
        return failed and f"no terminal could be opened ({failed}); type: {typed}"

    async def aclose(self) -> None:
        """End what runs."""
        await self._approaches.aclose()
        await self._chats.aclose()


class _Programs:
    """Those of one setting that run."""

    def __init__(self, setting: str, limit_s: float, environ: Mapping[str, str]) -> None:
        self._setting = setting
        self._limit_s = limit_s
        self._environ = environ
        self._running: set[asyncio.Task[Outcome]] = set()

    async def start(self, argv: tuple[str, ...], told: Told) -> str | None:
        """Start one and leave it running; what is wrong with it where that shows at once."""
        if len(self._running) >= AT_ONCE:
            return f"{self._setting}: {AT_ONCE} programs run already; end one of them"
        running = asyncio.create_task(run_program(argv, told, self._limit_s, self._environ), name=self._setting)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        await asyncio.wait({running}, timeout=EARLY_S)
        if running.done():
            return None if running.cancelled() else self._wrong(running.result())
        running.add_done_callback(self._log)
        return None

    async def aclose(self) -> None:
        """End them."""
        for running in self._running:
            running.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running))

    def _log(self, running: asyncio.Task[Outcome]) -> None:
        if not running.cancelled() and (wrong := self._wrong(running.result())):
            log.warning("%s", wrong)

    def _wrong(self, outcome: Outcome) -> str | None:
        said = clean(outcome.output, _SAID_POINTS)
        return f"{self._setting}: {outcome.fault}{said and f': {said}'}" if outcome.fault else None


# --- A terminal with the thread in it ----------------------------------------------------------------
def window(platform: str, hand: str, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """What opens a terminal with that thread in it; None: there is no screen, or no terminal is known."""
    if not _ID.fullmatch(hand):  # it is a peer's, and goes into commands
        return None
    command = (*own_command(platform), "chat", hand)
    if platform == "win32":
        return windows_window(command)
    if platform == "darwin":
        return macos_window(command)
    if not environ.get("DISPLAY") and not environ.get("WAYLAND_DISPLAY"):
        return None
    found = next((name for name in TERMINALS if shutil.which(name, path=environ.get("PATH"))), None)
    if found is None:
        return None
    return (found, *TERMINALS[found], "sh", "-c", _STAY, "sh", *command)


def own_command(platform: str) -> tuple[str, ...]:
    """`escalate`, where this Python's own lies beside it; else by this Python."""
    beside = Path(sys.executable).with_name("escalate.exe" if platform == "win32" else "escalate")
    return (str(beside),) if beside.is_file() else (sys.executable, "-P", "-m", "escalate_cli")


def macos_window(command: tuple[str, ...]) -> tuple[str, ...]:
    """Terminal.app with the command in it, handed over as an argument of the script. Read, not run."""
    tell = 'tell application "Terminal"'
    script = ("on run argv", f"{tell} to do script (item 1 of argv)", f"{tell} to activate", "end run")
    return ("osascript", *(word for line in script for word in ("-e", line)), shlex.join(command))


def windows_window(command: tuple[str, ...]) -> tuple[str, ...]:
    """A console window that stays. Read, not run."""
    return ("cmd", "/c", "start", "escalate", "cmd", "/k", *command)
