"""A person at a shell in a terminal: types a line with a TAB in it, and what the command then got is read back."""

import os
import pty
import select
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from support.machine import escalate_command
from support.waiting import until

_STAND_IN: Final = """#!/bin/sh
# In the place of escalate: a TAB goes to the real one, all else is written down.
if [ "$1" = __complete ]; then exec {command} "$@"; fi
printf '%s\\0' "$@" >"{folder}/argv.part"
mv "{folder}/argv.part" "{folder}/argv"
"""
# Whoever opens a terminal first in a session of its own has it; nothing may be forked beside a test's threads.
_TAKE_TERMINAL: Final = (
    "import os, sys; there = os.open(sys.argv[1], os.O_RDWR); "
    "[os.dup2(there, here) for here in (0, 1, 2)]; os.execvp(sys.argv[2], sys.argv[2:])"
)
_LOOK_S: Final = 0.05  # between two looks whether it is over
_TAKE_BACK: Final = "\x03"  # Ctrl-C: whatever is left of the line


class TypingPerson:
    """A shell with its own rules and history off. A context manager. `begin`: what is typed first, to set it up."""

    def __init__(self, argv: tuple[str, ...], folder: Path, env: dict[str, str], begin: str) -> None:
        self._argv = argv
        self._folder = folder
        self._begin = begin
        self._env = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            **env,
        }
        self._shell: subprocess.Popen[bytes] | None = None
        self._terminal = -1
        self._seen = bytearray()
        self._over = False

    def __enter__(self) -> Self:
        (self._folder / "bin").mkdir()
        command = " ".join(f"'{word}'" for word in escalate_command())
        self.program("frobnicate", "#!/bin/sh\n")  # a command of the name that no other begins with
        self.program("escalate", _STAND_IN.format(command=command, folder=self._folder))
        self._terminal, other = pty.openpty()
        self._shell = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, os.ttyname(other), *self._argv],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(other,))
        self._reader.start()
        self._type(f"{self._begin}\r")
        try:
            self.enters("escalate are you there")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._shell is not None:
            self._shell.kill()
            self._shell.wait()
        self._over = True
        self._reader.join(60)
        os.close(self._terminal)

    def program(self, name: str, text: str) -> None:
        """Put a program where the shell finds it."""
        path = self._folder / "bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def enters(self, typed: str) -> list[str]:
        """Type this, TABs included, and Enter; the arguments that `escalate` then got."""
        argv = self._folder / "argv"
        argv.unlink(missing_ok=True)
        shown = len(self._seen)
        self._type(f"{typed}\r")
        try:
            until(argv.exists, f"{self._argv[0]} runs what was typed: {typed!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the terminal showed {bytes(self._seen[shown:])!r}") from error
        finally:
            if not argv.exists():
                self._type(_TAKE_BACK)
        return argv.read_text(encoding="utf-8").split("\0")[:-1]

    def _type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _read(self, other: int) -> None:
        """Take what the shell draws, or it would wait for its reader. `other`: the shell's end, kept until then."""
        while not self._over:
            if select.select([self._terminal], [], [], _LOOK_S)[0]:
                self._seen += os.read(self._terminal, 64 * 1024)
        os.close(other)
