"""Puts bytes on terminals, never waiting longer than told. Blocking: call it in a thread. Not for Windows."""

import os
import select
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PATTERNS: Final = (("/dev/pts", "[0-9]*"), ("/dev", "ttys[0-9]*"))  # Linux; macOS
_CONSOLES: Final = ("/dev", "tty[0-9]*")  # Linux: owned by whoever is logged in there
TERMINALS_MAX: Final = 64  # written at once; a person looks at few


def terminals_of(uid: int) -> list[Path]:
    """The terminals that belong to `uid` and let others write (`mesg y`)."""
    # A console that nobody uses belongs to root, so root's own are not told apart.
    patterns = _PATTERNS if uid == 0 else (*_PATTERNS, _CONSOLES)
    found = [path for folder, pattern in patterns for path in sorted(Path(folder).glob(pattern))]
    return [path for path in found if _open_to_messages(path, uid)][:TERMINALS_MAX]


def _open_to_messages(path: Path, uid: int) -> bool:
    try:
        about = path.stat()
    except OSError:
        return False
    return stat.S_ISCHR(about.st_mode) and about.st_uid == uid and bool(about.st_mode & stat.S_IWGRP)


def write_to_all(texts: Iterable[tuple[Path, bytes]], limit_s: float) -> int:
    """Write each text to its terminal, all within `limit_s` together; how many took their whole text."""
    opened: dict[int, bytes] = {}
    try:
        for path, text in texts:
            try:
                fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            opened[fd] = text
        return write_ready(opened, limit_s)
    finally:
        for fd in opened:
            os.close(fd)


def write_ready(texts: dict[int, bytes], limit_s: float) -> int:
    """Write each text to its descriptor as room appears, within `limit_s`; how many took all of it.

    A blocking descriptor never blocks here: a write follows only on poll's word, and a text is short enough
    (4 KiB at most) that a pipe which has room takes it whole.
    """
    left = dict(texts)
    done = 0
    watch = select.poll()
    for fd in left:
        watch.register(fd, select.POLLOUT)
    deadline = time.monotonic() + limit_s
    while left and (remaining := deadline - time.monotonic()) > 0:
        for fd, event in watch.poll(remaining * 1000):
            rest = _write_some(fd, left[fd]) if event & select.POLLOUT else None
            if rest:
                left[fd] = rest
                continue
            done += rest == b""
            del left[fd]
            watch.unregister(fd)
    return done


def _write_some(fd: int, text: bytes) -> bytes | None:
    """What is left of the text; None where the terminal is gone."""
    try:
        return text[os.write(fd, text) :]
    except BlockingIOError:
        return text
    except OSError:
        return None
