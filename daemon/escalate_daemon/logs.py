"""The daemon's log: one bounded, private file, one line an entry, nothing that a terminal would obey."""

import logging
import logging.handlers
import os
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

_FILE_BYTES: Final = 1024 * 1024
_FILES_KEPT: Final = 3  # besides the one written
_LINE_POINTS: Final = 2000  # a peer's text may be in it
_ROOT: Final = "escalate_daemon"
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def start(log_file: Path, level: str, *, to_stderr: bool) -> str | None:
    """Send the daemon's log to `log_file`, and to stderr too if asked or if the file cannot be written.

    `level` is debug, info, warning or error. Returns why the file cannot be written, None where it can. A
    second call replaces the first.
    """
    stop()
    root = logging.getLogger()
    root.setLevel(logging.WARNING)  # the libraries'
    logging.getLogger(_ROOT).setLevel(_LEVELS.get(level, logging.INFO))
    problem = None
    try:
        log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _add(root, _PrivateFile(log_file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT))
    except OSError as error:
        problem = f"the log {log_file} cannot be written ({error.strerror}); it goes to stderr"
    if to_stderr or problem:
        _add(root, _Screen(sys.stderr))
    logging.captureWarnings(capture=True)
    return problem


def stop() -> None:
    """Close what `start` opened."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _PrivateFile | _Screen)]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(capture=False)


def escape(text: str) -> str:
    """`text` with all that is unprintable, line breaks too, as backslash escapes; cut where very long."""
    cut = text if len(text) <= _LINE_POINTS else text[:_LINE_POINTS] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() else _escaped(char) for char in cut)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


class _OneLine(logging.Formatter):
    """`2026-01-31T12:00:00.123Z WARNING links.lan: text`; a traceback follows, indented: no forged entry."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        name = record.name.removeprefix(f"{_ROOT}.")
        stamp = f"{seconds}.{int(record.msecs):03}Z"
        lines = [f"{stamp} {record.levelname} {escape(name)}: {escape(record.getMessage())}"]
        if record.exc_info:
            lines += [f"    {escape(line)}" for line in self.formatException(record.exc_info).split("\n")]
        return "\n".join(lines)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """Rotates by size; 0600. An entry that the disk does not take is dropped: the log stops nothing."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="replace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's own name
        pass


class _Screen(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's own name
        pass


def _add(root: logging.Logger, handler: logging.Handler) -> None:
    handler.setFormatter(_OneLine())
    root.addHandler(handler)
