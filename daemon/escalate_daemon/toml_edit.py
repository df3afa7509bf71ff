"""Changes one key of a TOML text and leaves every other line, comments too, as it was. Touches no file."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Final

TomlValue = str | int | bool | list[str]

_HEADER: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_-]+)\s*\]\s*(?:#.*)?$")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ANY_HEADER: Final = re.compile(r"\s*\[")


class EditError(ValueError):
    """The text is not TOML, or says it in a form that only a person can change."""


def set_key(text: str, section: str, key: str, value: TomlValue) -> str:
    """`text` with `key` of `[section]` set to `value`. EditError where that cannot be done."""
    wanted = _parse(text)
    table = wanted.setdefault(section, {})
    if not isinstance(table, dict):
        raise EditError(f"{section} is not a table")
    table[key] = value
    for attempt in _ATTEMPTS:
        edited = attempt(text, section, format_key(key), format_value(value))
        if edited is not None and _means(edited, wanted):
            return edited
    raise EditError(f"{section}.{key} is written in a form that only you can change")


def format_key(key: str) -> str:
    """`key` as TOML writes it: in quotes where it must be."""
    return key if _BARE.fullmatch(key) else format_value(key)


def format_value(value: TomlValue) -> str:
    """`value` as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for DEL, and for non-ASCII written as surrogate pairs.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[{', '.join(format_value(item) for item in value)}]"


# --- Ways to write it, the least intrusive first; each gives None where it does not apply ------------
def _replace_in_section(text: str, section: str, key: str, value: str) -> str | None:
    lines = text.split("\n")
    return _replace_line(lines, _section_lines(lines, section), key, value)


def _replace_dotted(text: str, section: str, key: str, value: str) -> str | None:
    lines = text.split("\n")
    end = next((at for at, line in enumerate(lines) if _ANY_HEADER.match(line)), len(lines))
    return _replace_line(lines, range(end), f"{section}.{key}", value)


def _insert_in_section(text: str, section: str, key: str, value: str) -> str | None:
    lines = text.split("\n")
    inside = _section_lines(lines, section)
    if inside is None:
        return None
    said = (n + 1 for n in inside if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    at = max(said, default=inside.start)  # comments and blank lines at the end belong to what follows
    ending = "\r" if lines[inside.start - 1].endswith("\r") else ""
    if at == len(lines) and ending == "":
        return "\n".join([*lines, f"{key} = {value}", ""])
    return "\n".join([*lines[:at], f"{key} = {value}{ending}", *lines[at:]])


def _append_section(text: str, section: str, key: str, value: str) -> str | None:
    ending = "\r\n" if "\r\n" in text else "\n"
    kept = text if not text or text.endswith("\n") else text + ending
    gap = ending if kept.strip() else ""
    return f"{kept}{gap}[{section}]{ending}{key} = {value}{ending}"


_ATTEMPTS: Final[tuple[Callable[[str, str, str, str], str | None], ...]] = (
    _replace_in_section,
    _replace_dotted,
    _insert_in_section,
    _append_section,
)


# --- Reading lines ---------------------------------------------------------------------------------
def _section_lines(lines: list[str], section: str) -> range | None:
    """The numbers of the lines between `[section]` and the next header."""
    start = None
    for number, line in enumerate(lines):
        found = _HEADER.match(line)
        if start is None and found and found[1] == section:
            start = number + 1
        elif start is not None and _ANY_HEADER.match(line) and _stands_alone(lines[start:number]):
            return range(start, number)
    return None if start is None else range(start, len(lines))


def _replace_line(lines: list[str], where: range | None, key: str, value: str) -> str | None:
    assignment = re.compile(rf"(\s*{re.escape(key)}\s*=\s*)")
    for number in where or ():
        found = assignment.match(lines[number])
        if found:
            end = next((n for n in range(number + 1, len(lines) + 1) if _stands_alone(lines[number:n])), None)
            if end is None:
                return None
            comment = _trailing_comment(lines[number]) if end == number + 1 else ""
            ending = "\r" if lines[end - 1].endswith("\r") else ""
            return "\n".join([*lines[:number], f"{found[1]}{value}{comment}{ending}", *lines[end:]])
    return None


def _trailing_comment(line: str) -> str:
    """The comment after the value of a one-line assignment, with the spaces before it; "" is none."""
    for at in _places_of("#", line):
        if _stands_alone([line[:at]]):
            value = line[:at].rstrip()
            return line[len(value) :].rstrip("\r")
    return ""


def _places_of(char: str, line: str) -> Iterator[int]:
    return (at for at, found in enumerate(line) if found == char)


def _stands_alone(lines: list[str]) -> bool:
    """Whether these lines are TOML by themselves: no string or array is left open."""
    try:
        tomllib.loads("\n".join(line.removesuffix("\r") for line in lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EditError(f"not TOML: {error}") from error


def _means(text: str, wanted: dict[str, object]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
