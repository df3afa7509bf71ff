"""What can be found out with no daemon to ask: why none answers, and whether its folders can be used. For doctor.

Judges little: what a daemon would say itself is asked of it.
"""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

import filelock
import msgspec

from escalate_cli import client
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.connection import Connection, Gone, NotThere, connect
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.protocol import Check, RequestFailed
from escalate_daemon.paths import Paths

HUNG_S: Final = 5.0  # a living daemon says how it is within milliseconds
FREE_BYTES_MIN: Final = 16 * 1024 * 1024  # as the daemon's own check has it
_LOGS: Final = "escalate daemon logs may say more"
_LOCKS: Final = Path("/proc/locks")


class Reached(msgspec.Struct, frozen=True):
    """A line to the daemon, or none; and what was noticed on the way."""

    line: Connection | None
    noticed: tuple[Check, ...] = ()


def reach(where: Paths, out: Output) -> Reached:
    """A line to a daemon that answers, started if need be; else what keeps it from that."""
    noticed: tuple[Check, ...] = ()
    try:
        line = connect(where.socket)
    except EndpointError as error:
        return Reached(
            None, (_broken("daemon", str(error), "remove that socket, or set ESCALATE_HOME to a folder of yours"),)
        )
    except NotThere:
        alone = holder(where.lock_file)
        try:
            line = client.line(out)
        except RequestFailed as refused:
            return Reached(None, (unreachable(where, refused.failure, alone),))
        noticed = (_socket_check(where, alone),) if alone is not None else ()
    if answers(line):
        return Reached(line, noticed)
    line.close()
    return Reached(None, (_hung(where, holder(where.lock_file)),))


def answers(line: Connection) -> bool:
    """Whether the daemon behind the line says how it is, soon."""
    try:
        line.send(protocol.DaemonStatusRequest())
        line.receive(HUNG_S)
    except (Gone, TimeoutError):
        return False
    except protocol.ProtocolError:
        pass  # another version's words are words
    return True


def holder(lock_file: Path) -> int | None:
    """The process that holds the daemon's lock; 0 where it is not known which, None where nobody does."""
    if not lock_file.exists():
        return None
    lock = filelock.FileLock(lock_file)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return _process_of(lock_file)
    except OSError:
        return None
    lock.release()
    return None


def folders(where: Paths) -> Check:
    """Whether the folders of state and socket can be used."""
    for folder in (where.state_dir, where.runtime_dir):
        wrong = _wrong_with(folder)
        if wrong is not None:
            return wrong
    return Check(name="store", ok=True, found=f"{where.state_dir} can be written; the rest only a daemon can tell")


def unreachable(where: Paths, failure: protocol.Failure, alone: int | None) -> Check:
    """Why no daemon answers, after one was tried to be started."""
    if alone is not None:
        return _hung(where, alone)
    wrong = _wrong_with(where.state_dir) or _wrong_with(where.runtime_dir)
    if wrong is not None:
        return _broken("daemon", f"{failure.message} ({wrong.found})", wrong.mend or _LOGS)
    return _broken("daemon", failure.message, failure.hint or _LOGS)


def _socket_check(where: Paths, process: int) -> Check:
    """The daemon lived, and nobody could find it: it has made its socket anew while we waited."""
    who = f" (pid {process})" if process else ""
    return _broken(
        "socket",
        f"the daemon runs{who}, but its socket file {where.socket} had vanished; it was made anew just now",
        "nothing more to do now; if it comes again (logind clears the folder at a logout): loginctl enable-linger",
    )


def _hung(where: Paths, process: int | None) -> Check:
    who = f"process {process}" if process else "a process"
    end = f"kill -9 {process}" if process else f"end it (fuser {where.lock_file} tells which)"
    return _broken(
        "daemon",
        f"{who} is the daemon, but it does not answer at {where.socket}",
        f"{end}; then: escalate daemon start",
    )


def _wrong_with(folder: Path) -> Check | None:
    """Why the folder cannot be used; None where it can."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if hasattr(os, "geteuid") and there == folder and there.stat().st_uid != os.geteuid():
        found = f"{folder} belongs to user {there.stat().st_uid}, not to you"
        return _broken("store", found, "chown it, move it away, or set ESCALATE_HOME to a folder of yours")
    if not there.is_dir():
        return _broken("store", f"{there} is no folder", "move it away")
    if not os.access(there, os.W_OK | os.X_OK):
        return _broken("store", f"{there} cannot be written", f"make it writable: chmod u+wx {there}")
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(there).free
        if free < FREE_BYTES_MIN:
            return _broken(
                "store", f"the disk of {there} is full, or nearly: {free // 1024**2} MB free", "free some space there"
            )
    return None


def _process_of(file: Path) -> int:
    """Who locks it, by Linux's list of locks; 0 where that does not tell."""
    try:
        state = file.stat()
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    place = f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}:{state.st_ino}"
    found = (line.split() for line in lines)
    return next((int(each[4]) for each in found if len(each) > 5 and each[5] == place and each[4].isdigit()), 0)


def _broken(name: str, found: str, mend: str) -> Check:
    return Check(name=name, ok=False, found=found, mend=mend)
