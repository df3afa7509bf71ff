"""The message that is meant: typed, from standard input, from the environment, or one of the recent ones again."""

import os
import sys
from typing import Final

from escalate_cli import output
from escalate_cli.output import Output
from escalate_daemon.ipc.protocol import failure

ASK: Final = "ask"  # what a bare -r stands for
_OPTIONS_WITH_VALUE: Final = ("-m", "--message", "-n", "--notify", "--then", "--for", "--wait")
# The daemon knows how long a message may be and says the count; this only bounds what is read and sent.
_MESSAGE_MAX: Final = 8192
_TRIES: Final = 3  # answers to the menu that are no number of it


def prepare(args: list[str]) -> list[str]:
    """The arguments with a bare -r said in full, since Typer knows no option whose value may be left out."""
    done: list[str] = []
    rest = iter(enumerate(args))
    for at, arg in rest:
        if arg == "--" or not arg.startswith("-"):
            return done + args[at:]  # a command's own arguments are not ours
        following = args[at + 1] if at + 1 < len(args) else ""
        if arg in _OPTIONS_WITH_VALUE or (_recent(arg) and following.isdecimal()):
            done += args[at : at + 2]
            next(rest, None)
        elif _recent(arg):
            done += [*(["-q"] if arg.startswith("-q") else []), f"--recent={ASK}"]
        else:
            done.append(arg)
    return done


def _recent(arg: str) -> bool:
    return arg in {"-r", "--recent", "-qr"}


def number(recent: str | None) -> int | None:
    """Which recent message `--recent` means, from 1; asked for where a person can be. Usage failures."""
    if recent is None:
        return None
    if recent == ASK:
        return _asked() if output.can_ask() else 1
    if not (recent.isascii() and recent.isdecimal() and 0 < int(recent) < 10**6):
        raise failure("usage", f"-r {recent}: not a number from 1", "`escalate recent` lists them")
    return int(recent)


def _asked() -> int:
    """The number that a person picks from the recent messages, listed on stderr."""
    from escalate_cli import client
    from escalate_daemon.ipc import protocol

    out = Output()
    messages = client.ask(out, protocol.RecentRequest(), protocol.RecentReply, banner=False).messages
    if not messages:
        raise failure("usage", "you have said nothing yet that could be said again", "say it: -m TEXT")
    out.menu(messages)
    for _ in range(_TRIES):
        typed = output.answer(f"which? 1-{len(messages)} [1]: ")
        if typed is None:
            raise KeyboardInterrupt
        picked = typed.strip() or "1"
        if picked.isdecimal() and 1 <= int(picked) <= len(messages):
            return int(picked)
    raise failure("usage", f"{picked!r} is not one of them", "escalate start -r N")


def read_message(given: str | None) -> str:
    """The message that is meant: the option's, standard input, the environment's, or none."""
    if given is None:
        return _bounded(os.environ.get("ESCALATE_MESSAGE", ""))
    return _bounded(_standard_input() if given == "-" else given)


def _standard_input() -> str:
    if sys.stdin is None:
        raise failure("usage", "there is no standard input to read the message from")
    if output.can_ask():
        Output().talk("type the message, then Ctrl-D on a line of its own")
    try:
        return sys.stdin.buffer.read(_MESSAGE_MAX * 4 + 1).decode()
    except UnicodeDecodeError as error:
        raise failure("usage", "standard input is not valid text", "write it in UTF-8") from error
    except OSError as error:
        raise failure("failed", f"standard input cannot be read: {error.strerror}") from error


def _bounded(message: str) -> str:
    if len(message) > _MESSAGE_MAX:
        raise failure("usage", f"the message is far too long: more than {_MESSAGE_MAX} characters", "say it shorter")
    return message
