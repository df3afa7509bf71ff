"""Becoming the daemon: the paths and the lock first, so that whoever comes second goes before anything heavy is loaded.

One daemon a home: the lock file says so, and exit code 7 that there is one already.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator

import filelock

from escalate_daemon import paths
from escalate_daemon.ipc.replies import EXITS
from escalate_daemon.paths import Paths


class CannotStart(Exception):
    """There can be no daemon here and now; `exit` is the code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit = code


def running_already() -> CannotStart:
    """There is one here."""
    return CannotStart("a daemon is running here already: escalate daemon status", EXITS["already-active"])


def run() -> int:
    """Be the daemon until told to stop; the exit code. What keeps it from starting is said on stderr and kept."""
    os.umask(0o077)
    try:
        where = paths.find(os.environ)
    except (paths.PathsError, OSError) as error:
        sys.stderr.write(f"escalate: {error}\n")
        return EXITS["no-daemon"]
    try:
        with _only_one(where) as unlocked:
            from escalate_daemon.app import serve

            return asyncio.run(serve(where, unlocked))
    except CannotStart as error:
        sys.stderr.write(f"escalate: {error}\n")
        if error.exit != EXITS["already-active"]:
            _leave_word(where, str(error))
        return error.exit


@contextlib.contextmanager
def _only_one(where: Paths) -> Iterator[str | None]:
    """Hold the lock for the daemon's life; gives why there is none where the disk refuses one."""
    lock = filelock.FileLock(where.lock_file, mode=0o600)
    problem = None
    try:
        where.lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise running_already() from error
    except OSError as error:
        problem = f"{where.lock_file} cannot be locked ({error.strerror}); a second daemon would not be noticed"
    try:
        yield problem
    finally:
        lock.release()


def _leave_word(where: Paths, words: str) -> None:
    """For the command that started me."""
    with contextlib.suppress(OSError):
        where.start_error_file.write_text(words, encoding="utf-8")
