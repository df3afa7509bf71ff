"""A TAB: what can stand where the cursor is. `escalate __complete SHELL ...`, called by the scripts in `completions/`.

Standard library only, as a person waits for it. It prints one offer a line, and on any failure nothing: the shell then
does nothing.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from escalate_cli.completing import grammar, offers, quoting
from escalate_cli.completing.offers import Offer
from escalate_cli.verbs import VERBS

_LADDER_AFTER: Final = ("2m", "5m")
_ALL_OPTIONS: Final = ("--help", "--version")
_BYTES_BEFORE: Final = (4, 2)  # until this version of bash COMP_POINT counts bytes


def main(args: Sequence[str]) -> int:
    """Print the offers for one TAB; the exit code, 1 for any failure.

    `bash VERSION LINE POINT WORD`: what bash calls COMP_LINE, COMP_POINT and $2. `zsh CURRENT WORD...`,
    `fish CURRENT WORD...`: the word under the cursor, then those before it, `escalate` left out.
    `powershell`: the same by ESCALATE_COMPLETE, a word a line, as quotes get lost on its way to a program.
    """
    try:
        lines = _SHELLS[args[0]](args[1:])
        sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
        sys.stdout.flush()
    except Exception:  # noqa: BLE001  a traceback in the midst of a line being typed helps nobody
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


# --- What can stand there --------------------------------------------------------------------------
def offered(before: Sequence[str], current: str) -> list[Offer]:
    """What can stand in the place of `current`, after these words. Not only what begins as `current` does."""
    if not before:
        if current.startswith("-"):
            return [Offer(name) for name in ("-h", *_ALL_OPTIONS)]
        return [Offer(verb, told) for verb, told in VERBS.items() if grammar.command(verb)]
    name, rest = before[0], list(before[1:])
    command = grammar.command(name) if name in VERBS else None
    if command and rest and rest[0] in command.below:
        name = f"{name} {rest.pop(0)}"
        command = grammar.command(name)
    if command is None:
        return []
    return _after(command, rest, current)


def _after(command: grammar.Command, words: list[str], current: str) -> list[Offer]:
    """What can stand after the command and these words of its own."""
    used: set[grammar.Option] = set()
    arguments, ended = 0, False
    awaited: grammar.Option | None = None
    for word in words:
        if awaited and not (awaited.lax and not word.isdecimal()):
            awaited = None
        elif word == "--" and not ended:
            awaited, ended = None, True
        elif word.startswith("-") and len(word) > 1 and not ended:
            option, value = _typed(command, word)
            awaited = option if option and option.kind and value is None else None
            used |= {option} if option else set()
        else:
            awaited = None
            arguments += 1
            if "command" in command.arguments:
                return []  # another program's words
    if awaited and not (awaited.lax and current.startswith("-")):
        more = _open_options(command, used) if awaited.lax and not current else []
        return [*_values(awaited.kind, current), *more]
    if current.startswith("-") and not ended:
        return _dashed(command, used, current)
    found = _argument(command, arguments, current) if not words or arguments or command.arguments else []
    if not found and not arguments:
        found = [Offer(word) for word in command.below]
    return found if found or current or ended else _open_options(command, used)


def _typed(command: grammar.Command, word: str) -> tuple[grammar.Option | None, str | None]:
    """The option that a word names, and the value attached to it: `--for=5m`, `-nana`, `-qn` (of `-n` None)."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return command.option(name), value if equals else None
    for at in range(1, len(word)):
        option = command.option(f"-{word[at]}")
        if option is None or option.kind:
            return option, word[at + 1 :] or None
    return command.option(word[:2]), None


def _dashed(command: grammar.Command, used: set[grammar.Option], current: str) -> list[Offer]:
    option, value = _typed(command, current)
    if option and option.kind and value is not None:
        head = current[: len(current) - len(value)]
        return [Offer(head + offer.value, offer.note) for offer in _values(option.kind, value)]
    return [Offer(name) for option in command.options if _may(option, used) for name in option.names]


def _open_options(command: grammar.Command, used: set[grammar.Option]) -> list[Offer]:
    """Where nothing was typed: the long form of each."""
    return [Offer(option.names[-1]) for option in command.options if _may(option, used)]


def _may(option: grammar.Option, used: set[grammar.Option]) -> bool:
    return option.again or option not in used


def _argument(command: grammar.Command, before: int, current: str) -> list[Offer]:
    kinds = command.arguments
    return _values(kinds[before], current) if before < len(kinds) else []


def _values(kind: str, current: str) -> list[Offer]:
    return _ladder(current) if kind == "then" else offers.of(kind)


def _ladder(current: str) -> list[Offer]:
    """`--then "2m @leads"`: a time, then as many as one likes; one word of the shell's, read as a line of its own."""
    words = quoting.split(current)
    if not words:
        return []
    named = offers.of("who")
    if len(words) == 1:
        typed = words[0].text
        if typed[-1:].isalpha():
            return [Offer(f"{typed} {rung(offer.value)}", offer.note) for offer in named]
        groups = [offer for offer in named if offer.value.startswith("@")]  # all names would be a screenful
        return [Offer(f"{time} {rung(offer.value)}", offer.note) for time in _LADDER_AFTER for offer in groups]
    head = current[: len(current) - len(words[-1].raw)]
    given = {word.text for word in words[1:-1]}
    found = []
    for offer in named:
        written = quoting.bash(words[-1], words[-1].raw, offer.value)
        if written is not None and offer.value not in given and offer.value.startswith(words[-1].text):
            closed = written + words[-1].quote if not written.endswith(words[-1].quote or "\n") else written
            found.append(Offer(head + closed, offer.note))
    return found


def rung(value: str) -> str:
    """A name as a word within `--then`."""
    return quoting.bash_rest(value, "", first=True)


# --- Each shell's way ------------------------------------------------------------------------------
def _bash(args: Sequence[str]) -> list[str]:
    version, line, point, replaced = args
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < _BYTES_BEFORE:
        typed = os.fsencode(line)[: int(point)].decode(errors="replace")
    else:
        typed = line[: int(point)]
    words = quoting.split(typed)
    if words is None:
        return []
    while len(words) > 1 and "=" in words[0].text:  # VARIABLE=VALUE escalate ...
        words.pop(0)
    if len(words) == 1:
        return []
    *before, word = words[1:]
    found = offered([each.text for each in before], word.text)
    written = (quoting.bash(word, replaced, offer.value) for offer in _beginning(found, word.text))
    return [each for each in written if each is not None]


def _zsh(args: Sequence[str]) -> list[str]:
    return _noted(offered(args[1:], args[0]))


def _fish(args: Sequence[str]) -> list[str]:
    words = quoting.split(args[0], fish=True)
    return _noted(offered(args[1:], words[-1].text if words else args[0]))


def _powershell(args: Sequence[str]) -> list[str]:
    current, *before = map(quoting.powershell_text, os.environ.get("ESCALATE_COMPLETE", "").split("\n"))
    found = _beginning(offered(before, current), current)
    return [f"{quoting.powershell(offer.value)}\t{offer.value}\t{offer.note or offer.value}" for offer in found]


def _noted(found: Iterable[Offer]) -> list[str]:
    return [f"{offer.value}\t{offer.note}" for offer in found]


def _beginning(found: Iterable[Offer], typed: str) -> list[Offer]:
    """Those that begin so; where none does, those that would if capitals were small."""
    found = list(found)
    exact = [offer for offer in found if offer.value.startswith(typed)]
    folded = typed.casefold()
    return exact or [offer for offer in found if offer.value.casefold().startswith(folded)]


_SHELLS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}
