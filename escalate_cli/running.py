"""Whether the daemon runs, and stopping it. Never starts it."""

import contextlib
import os
from pathlib import Path
from typing import Final

import filelock

from escalate_cli import client
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure

_STOP_S: Final = 10.0  # ordered shutdown takes about a second
_LINE_BYTES: Final = 400  # a log line is rarely longer; what one reads of the log's end


def status(out: Output) -> protocol.DaemonReply | None:
    """How it is; None where it is not running."""
    try:
        return client.ask(out, protocol.DaemonStatusRequest(), protocol.DaemonReply, start=False)
    except RequestFailed as refused:
        if refused.failure.code != "no-daemon":
            raise
        return None


def stop(out: Output) -> None:
    """Stop it and wait until it is gone. RequestFailed (no-daemon) where it is not running."""
    client.ask(out, protocol.DaemonStopRequest(), protocol.DaemonReply, start=False)
    # It holds this lock for its life, so whoever can have it knows that the daemon is gone.
    lock = filelock.FileLock(client.find().lock_file, timeout=_STOP_S, poll_interval=0.02)
    try:
        with contextlib.suppress(OSError):
            lock.acquire()
    except filelock.Timeout as error:
        raise failure("failed", "the daemon does not end", "see: escalate daemon logs") from error
    finally:
        lock.release()


def nothing() -> protocol.DaemonReply:
    """What is said of a daemon that is not running."""
    return protocol.DaemonReply(
        running=False,
        pid=None,
        version=None,
        space=None,
        members_online=0,
        links=0,
        notifier=None,
        player=None,
        socket=str(client.find().socket),
        port=None,
    )


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a text file, reading no more than its end. OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - lines * _LINE_BYTES))
        return file.read().decode(errors="replace").splitlines()[-lines:]
