"""What can stand where on the command line: every verb's options and arguments, written once for all shells.

Typer knows the same, but takes longer to load than a person waits for a TAB; a test compares the two.
"""

from typing import Final, NamedTuple

# One line a command: options as `-s/--long`, `=KIND` where one takes a value (`=?KIND`: it may be left out), `...`
# where it may be repeated; then the arguments' kinds in angle brackets. KIND says what is offered (see `offers`);
# `text` is the person's own, for which there is nothing to offer. -h/--help goes without saying.
_DATA: Final = "--json -q/--quiet"
_RAISE: Final = "-m/--message=recent -r/--recent=?nth -n/--notify=who... --then=then... --for=duration --replace"
_COMMANDS: Final = {
    "start": f"{_RAISE} --wait=wait {_DATA}",
    "end": f"-m/--message=text {_DATA}",
    "toggle": f"{_RAISE} {_DATA}",
    "list": f"--prompt {_DATA}",
    "show": f"{_DATA} <owner>",
    "watch": _DATA,
    "approach": f"--undo {_DATA} <other-owner>",
    "chat": f"-m/--message=text {_DATA} <owner> <text>",
    "seen": f"{_DATA} <other-owner>",
    "recent": _DATA,
    "history": f"--since=duration --csv --stats {_DATA}",
    "who": f"{_DATA} <anybody>",
    "status": f"{_DATA} <presence>",
    "away": _DATA,
    "back": _DATA,
    "room": f"--leave {_DATA} <room>",
    "mute": f"--for=duration --list {_DATA} <muted>",
    "unmute": f"{_DATA} <muted>",
    "group": "",
    "group list": _DATA,
    "group join": f"{_DATA} <other-group>",
    "group leave": f"{_DATA} <my-group>",
    "trust": f"{_DATA} <member>",
    "up": f"--new --open {_DATA} <text>",
    "leave": f"--forget {_DATA}",
    "invite": f"--reusable --for=duration {_DATA}",
    "invite list": _DATA,
    "invite revoke": f"{_DATA} <invite>",
    "join": f"--open=text --yes {_DATA} <text> <text>",
    "space": _DATA,
    "space show": _DATA,
    "run": f"{_RAISE} --wait=wait -q/--quiet <command>",
    "daemon": "",
    "daemon run": "",
    "daemon start": _DATA,
    "daemon stop": _DATA,
    "daemon restart": _DATA,
    "daemon status": _DATA,
    "daemon logs": "-n/--lines=text -q/--quiet",
    "config": "",
    "config path": _DATA,
    "config show": _DATA,
    "config set": f"{_DATA} <key> <text>",
    "doctor": f"--test {_DATA}",
    "completion": "<shell>",
    "demo": "",
}
HELP: Final = ("-h", "--help")


class Option(NamedTuple):
    """One option. `kind` "": it takes no value. `lax`: its value may be left out. `again`: it may be repeated."""

    names: tuple[str, ...]
    kind: str = ""
    lax: bool = False
    again: bool = False


class Command(NamedTuple):
    """What may follow one verb, or one verb and its second word."""

    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    below: tuple[str, ...]  # the words that may come second

    def option(self, name: str) -> Option | None:
        """The option of that name."""
        return next((option for option in self.options if name in option.names), None)


def command(name: str) -> Command | None:
    """What may follow `start`, or `group join`; None for what is no command."""
    line = _COMMANDS.get(name)
    if line is None:
        return None
    words = line.split()
    options = [Option(HELP), *(_option(word) for word in words if word[0] == "-")]
    arguments = [word.strip("<>") for word in words if word[0] == "<"]
    below = [other.rpartition(" ")[2] for other in _COMMANDS if other.startswith(f"{name} ")]
    return Command(tuple(options), tuple(arguments), tuple(below))


def names() -> tuple[str, ...]:
    """All commands, those of two words too."""
    return tuple(_COMMANDS)


def _option(word: str) -> Option:
    told, _, kind = word.partition("=")
    again, lax = kind.endswith("..."), kind.startswith("?")
    return Option(tuple(told.split("/")), kind.removesuffix("...").removeprefix("?"), lax, again)
