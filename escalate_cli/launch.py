"""Starting the daemon where it is not there: one winner among many commands at once, and its last words if it dies.

The winner holds a start lock until the daemon answers. The daemon itself holds `lock_file` for its life, so one
that was started by hand at the same moment makes ours leave with exit code 7, and it is the other that answers.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Final

import filelock

from escalate_cli.output import Output
from escalate_daemon.ipc.connection import Connection, NotThere, connect
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.protocol import EXITS, failure
from escalate_daemon.paths import Paths

START_S: Final = 10.0
_TELL_S: Final = 1.0  # before this a person notices no wait
_WAIT_S: Final = 0.02  # a daemon stands in a fifth of a second, and a person waits for it
_LATER_WAIT_S: Final = 0.1  # once that took longer than a second
_AGAIN_S: Final = 0.5  # after another daemon held the lock: it answers soon, or is just leaving
_LAST_WORDS: Final = 16 * 1024  # bytes of the log's end that are looked at
_MODULE: Final = "escalate_daemon"


def command(*arguments: str) -> list[str]:
    """How the daemon's program is run. -P: never from the folder in which somebody happens to stand."""
    return [sys.executable, "-P", "-m", _MODULE, *arguments]


def environment() -> dict[str, str]:
    """This environment for a process in another folder: no input of ours, paths made absolute."""
    found = {name: value for name, value in os.environ.items() if name != "ESCALATE_MESSAGE"}
    if home := found.get("ESCALATE_HOME"):
        found["ESCALATE_HOME"] = str(Path(home).expanduser().absolute())
    if searched := found.get("PYTHONPATH"):
        found["PYTHONPATH"] = os.pathsep.join(str(Path(part).absolute()) for part in searched.split(os.pathsep))
    return found


def ensure(where: Paths, out: Output) -> Connection:
    """A line to the daemon, started if need be. RequestFailed (no-daemon) with the reason after START_S."""
    lock = _StartLock(where.runtime_dir / "start.lock")
    attempt = _Attempt(where)
    began = time.monotonic()
    told = False
    try:
        while (waited := time.monotonic() - began) < START_S:
            held = lock.take()  # before connecting: another winner may just have finished
            with contextlib.suppress(NotThere):
                return _connect(where)
            if held:
                attempt.step()
            if waited > _TELL_S and not told:
                told = True
                out.talk("waiting for the daemon to start ...")
            time.sleep(_LATER_WAIT_S if told else _WAIT_S)
    finally:
        attempt.forget()
        lock.release()
    raise failure("no-daemon", f"the daemon did not answer within {START_S:.0f} s", "escalate daemon logs")


def _connect(where: Paths) -> Connection:
    try:
        return connect(where.socket)
    except EndpointError as error:
        raise failure("no-daemon", str(error)) from error


class _StartLock:
    """Whoever holds it starts the daemon. Where no lock can be had (full disk), the daemon's own decides."""

    def __init__(self, path: Path) -> None:
        self._lock = filelock.FileLock(path, mode=0o600)
        self._held = False

    def take(self) -> bool:
        """Whether it is held now; never waits."""
        if not self._held:
            try:
                self._lock.acquire(blocking=False)
            except filelock.Timeout:
                return False
            except OSError:
                pass
            self._held = True
        return True

    def release(self) -> None:
        """Let the next one."""
        self._lock.release()


class _Attempt:
    """The daemon that this command started, until it answers."""

    def __init__(self, where: Paths) -> None:
        self._where = where
        self._child: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None
        self._said_before = 0
        self._not_before = 0.0

    def step(self) -> None:
        """Start it, or see whether it lives. RequestFailed with its last words where it died."""
        if self._child is None:
            if time.monotonic() >= self._not_before:
                self._spawn()
            return
        code = self._child.poll()
        if code == EXITS["already-active"]:
            self._child = None
            self._not_before = time.monotonic() + _AGAIN_S
        elif code is not None:
            raise failure("no-daemon", f"the daemon could not start: {self._last_words(code)}", "escalate daemon logs")

    def forget(self) -> None:
        """It is on its own from here: not waited for, its log not held."""
        if self._child is not None and self._child.returncode is None:
            self._child.returncode = 0
        if self._words is not None:
            self._words.close()

    def _spawn(self) -> None:
        with contextlib.suppress(OSError):
            self._where.start_error_file.unlink(missing_ok=True)
        words = self._words or _open_log(self._where.log_file)
        self._words = words
        self._said_before = words.seek(0, os.SEEK_END)
        try:
            self._child = _detached(command(), words)
        except OSError as error:
            raise failure("no-daemon", f"cannot start {sys.executable}: {error.strerror}") from error

    def _last_words(self, code: int) -> str:
        with contextlib.suppress(OSError):
            reason = self._where.start_error_file.read_text(encoding="utf-8", errors="replace").strip()
            if reason:
                return reason
        if self._words is None:
            return f"exit code {code}"
        end = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(self._said_before, end - _LAST_WORDS))
        said = self._words.read(_LAST_WORDS).decode(errors="replace").split("\n")
        lines = (line.strip(" |\r") for line in reversed(said))  # bars: a group of exceptions is drawn in them
        return next((line for line in lines if any(map(str.isalpha, line))), f"exit code {code}")


def _open_log(path: Path) -> IO[bytes]:
    """The log to append to; where it cannot be (read-only home, full disk), a file that nobody keeps."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b", buffering=0)
    except OSError:
        with contextlib.suppress(OSError):
            return tempfile.TemporaryFile(buffering=0)
        return Path(os.devnull).open("r+b", buffering=0)


def _detached(argv: list[str], words: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process of its own session, that no terminal's end takes along."""
    flags = 0
    if sys.platform == "win32":  # read, not run
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        cwd=Path(sys.executable).anchor or None,
        env=environment(),
        start_new_session=True,
        creationflags=flags,
    )
