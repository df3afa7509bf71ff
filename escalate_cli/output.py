"""Where words go: stdout carries data, stderr carries talk. The only module that writes to either.

A reader that went away (`| head -1`) and a full disk give no traceback: what cannot be written is dropped, and
for a full disk said once.
"""

import contextlib
import os
import select
import sys
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

import msgspec

from escalate_cli import escape
from escalate_daemon.ipc import protocol

COLOURS: Final = {"red": "\x1b[1;31m", "yellow": "\x1b[33m", "grey": "\x1b[2m", "bold": "\x1b[1m"}
_RESET: Final = "\x1b[0m"

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class CannotWrite(Exception):
    """stdout takes no more for another reason than that its reader went away."""


class Output(msgspec.Struct, frozen=True):  # a dataclass costs every command half a millisecond
    """How one command prints. `quiet` leaves out talk that warns of nothing."""

    as_json: bool = False
    quiet: bool = False

    def reply(self, reply: protocol.Reply) -> None:
        """A reply as the one JSON object of its command."""
        built: dict[str, Json] = msgspec.to_builtins(reply)
        self.object({key: value for key, value in built.items() if key not in protocol.TALK})

    def object(self, keys: Mapping[str, Json]) -> bool:
        """One JSON object on a line, `v` first. False where nobody reads any more."""
        line = msgspec.json.encode({"v": protocol.VERSION} | dict(keys)).decode()
        return _write(sys.stdout, escape.json_printable(line) + "\n")

    def lines(self, *lines: str) -> bool:
        """Data as text. False where nobody reads any more."""
        return _write(sys.stdout, "".join(f"{line}\n" for line in lines))

    def talk(self, *lines: str) -> None:
        """What helps a person and is not needed."""
        if not self.quiet:
            self.warn(*lines)

    def menu(self, choices: Sequence[str]) -> None:
        """Numbered lines on stderr to pick from."""
        _write(sys.stderr, "".join(f"{at:>3}  {escape.printable(line)}\n" for at, line in enumerate(choices, 1)))

    def warn(self, *lines: str) -> None:
        """What a person has to know, quiet or not."""
        _write(sys.stderr, "".join(f"escalate: {escape.printable(line)}\n" for line in lines))


def failure(failed: protocol.Failure, *, as_json: bool) -> None:
    """An error on stderr: words with their hint, or the error object."""
    if as_json:
        fields: dict[str, Json] = {
            "code": failed.code,
            "exit": failed.exit,
            "message": failed.message,
            "hint": failed.hint,
        }
        line = msgspec.json.encode({"v": protocol.VERSION, "error": fields}).decode()
        _write(sys.stderr, escape.json_printable(line) + "\n")
        return
    lines = [f"escalate: {escape.printable(failed.message)}"]
    if failed.hint:
        lines.append(f"          {escape.printable(failed.hint)}")
    _write(sys.stderr, "".join(f"{line}\n" for line in lines))


def paint(text: str, colour: str) -> str:
    """`text` in a colour of COLOURS, where stdout is a terminal that wants colours."""
    return f"{COLOURS[colour]}{text}{_RESET}" if colour and coloured() else text


def coloured() -> bool:
    """Whether stdout wants colours: a terminal, and no NO_COLOR (https://no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal() -> bool:
    """Whether a person reads stdout as it comes."""
    return sys.stdout is not None and sys.stdout.isatty()


def can_ask() -> bool:
    """Whether a person can be asked: reads stderr, and types."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def can_talk() -> bool:
    """Whether a person reads stdout as it comes, and types."""
    return is_terminal() and sys.stdin is not None and sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Whether a person says yes; no is the default."""
    _write(sys.stderr, f"escalate: {escape.printable(question)} [y/N] ")
    return sys.stdin is not None and sys.stdin.readline().strip().lower() in {"y", "yes"}


def answer(question: str) -> str | None:
    """What a person types at a question on stderr; None where they end the input instead."""
    _write(sys.stderr, f"escalate: {escape.printable(question)}")
    typed = sys.stdin.readline() if sys.stdin is not None else ""
    return typed if typed.endswith("\n") else None


def screen(sequence: str) -> bool:
    """Draw on the terminal that stdout is. False where it is gone."""
    return _write(sys.stdout, sequence)


def reader_left() -> bool:
    """Whether stdout is a pipe whose reader has gone."""
    if sys.stdout is None or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))


def prepare() -> None:
    """Let no text be unwritable: what the terminal's encoding lacks is escaped."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _write(stream: TextIO | None, text: str) -> bool:
    if stream is None or not text:
        return stream is not None
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _discard(stream)
        return False
    except OSError as error:
        _discard(stream)
        if stream is sys.stdout:
            raise CannotWrite(error.strerror or str(error)) from error
        return False
    return True


def _discard(stream: TextIO) -> None:
    """Send what is still to come nowhere, so that the interpreter's own flush at exit cannot fail either."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
