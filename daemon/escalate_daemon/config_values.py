"""What may stand in a setting: each check turns a TOML value into the setting's, each parse a typed word into TOML.

Owns the grammars of the values, not which setting takes which.
"""

import re
import shlex
import tomllib
from collections.abc import Callable
from typing import Final

from escalate_daemon.core import text, tuning
from escalate_daemon.core.ids import fold
from escalate_daemon.quiet import BadHours, QuietHours
from escalate_daemon.toml_edit import TomlValue

Checked = str | int | bool | tuple[str, ...]
Check = Callable[[object], Checked]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_OFF: Final = "off"
_PORT_MAX: Final = 65535
_PEERS_MAX: Final = 256  # a list typed by a person; the rest is found by gossip
_WHO_MAX: Final = tuning.TARGETS_MAX
_ARGV_MAX: Final = 64  # words of a command that a person typed
_ARGV_BYTES: Final = 4096  # one of them: a path's own limit
_HOURS_MAX: Final = 32  # spans; a week has seven days
_ROOM: Final = "room:"
_HEX: Final = re.compile(r"[0-9a-f]{1,32}")


class ConfigError(ValueError):
    """A setting cannot be so; the text says why and what may stand there."""


def parse_duration(given: str) -> int:
    """Seconds in `90s 5m 2h 7d`. ConfigError for anything else, and for nought."""
    found = _DURATION.fullmatch(given.strip())
    if not found or not int(found[1]):
        raise ConfigError(f"{given!r} is no duration: write 90s, 5m, 2h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def format_duration(seconds: int) -> str:
    """`seconds` in the largest unit that divides it; none is `off`."""
    if seconds == 0:
        return _OFF
    unit = next(name for name in ("d", "h", "m", "s") if seconds % _UNITS[name] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


# --- Checks ----------------------------------------------------------------------------------------
def words(check: Callable[[str], str]) -> Check:
    """A check of a string by one of core.text's, "" allowed."""

    def checked(raw: object) -> Checked:
        if not isinstance(raw, str):
            raise ConfigError("a string is wanted")
        try:
            return check(raw) if raw.strip() else ""
        except text.TextRefused as error:
            raise ConfigError(error.reason) from error

    return checked


def word(given: str) -> str:
    """One line that prints."""
    if not given.isprintable():
        raise ConfigError("one line of printable characters is wanted")
    return given.strip()


def one_of(*allowed: str) -> Check:
    """A check of one of a few words."""

    def checked(raw: object) -> Checked:
        if raw not in allowed:
            raise ConfigError(f"one of {', '.join(allowed)} is wanted")
        return str(raw)

    return checked


def port(raw: object) -> Checked:
    """A TCP port, or 0."""
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= _PORT_MAX:
        raise ConfigError(f"a port from 1 to {_PORT_MAX} is wanted, or 0 for any")
    return raw


def peers(raw: object) -> Checked:
    """HOST:PORTs."""
    if not isinstance(raw, list) or len(raw) > _PEERS_MAX:
        raise ConfigError(f"a list of at most {_PEERS_MAX} HOST:PORT is wanted")
    try:
        return tuple(text.check_address(str(peer)) for peer in raw)
    except text.TextRefused as error:
        raise ConfigError(error.reason) from error


def flag(raw: object) -> Checked:
    """true or false."""
    if not isinstance(raw, bool):
        raise ConfigError("true or false is wanted")
    return raw


def duration(least_s: int, most_s: int, *, off: bool = False) -> Check:
    """A check of a duration from `least_s` to `most_s` seconds; `off`: it may be switched off, which is 0."""

    def checked(raw: object) -> Checked:
        if off and (raw == 0 or (isinstance(raw, str) and raw.strip().lower() in (_OFF, "0"))):
            return 0
        if not isinstance(raw, str):
            raise ConfigError('a duration such as "8h" is wanted' + (', or "off"' if off else ""))
        seconds = parse_duration(raw)
        if seconds > most_s:
            raise ConfigError(f"at most {format_duration(most_s)} is allowed")
        if seconds < least_s:
            raise ConfigError(f"at least {format_duration(least_s)} is wanted" + (', or "off"' if off else ""))
        return seconds

    return checked


def argv(raw: object) -> Checked:
    """A program and its arguments, as they are handed to it: no shell reads them. [] is none."""
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        raise ConfigError('a list of strings is wanted: ["program", "argument"]')
    if len(raw) > _ARGV_MAX:
        raise ConfigError(f"at most {_ARGV_MAX} words are allowed; put them into a script")
    if raw and not raw[0].strip():
        raise ConfigError("the first word is the program, and it is empty")
    for each in raw:
        if "\0" in each or not _encodes(each):
            raise ConfigError("a word holds NUL, or bytes that are not UTF-8")
        if len(each.encode()) > _ARGV_BYTES:
            raise ConfigError(f"a word is longer than {_ARGV_BYTES} bytes; put it into a script")
    return tuple(raw)


def hours(raw: object) -> Checked:
    """Quiet hours, as quiet.QuietHours reads them."""
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw) or len(raw) > _HOURS_MAX:
        raise ConfigError(f'a list of at most {_HOURS_MAX} spans is wanted, such as ["mon-fri 22:00-07:00"]')
    try:
        QuietHours(raw)
    except BadHours as error:
        raise ConfigError(str(error)) from error
    return tuple(" ".join(each.split()) for each in raw)


def whom(raw: object) -> Checked:
    """WHO words: one as a string, or a list of them."""
    given = [raw] if isinstance(raw, str) and raw.strip() else [] if raw == "" else raw
    if not isinstance(given, list) or len(given) > _WHO_MAX:
        raise ConfigError(f'a list of at most {_WHO_MAX} names and groups is wanted, such as ["ana", "@leads"]')
    return tuple(dict.fromkeys(_who(each) for each in given))


def senders(raw: object) -> Checked:
    """WHO words of those who ring, where "all" would be taken for a name."""
    checked = whom(raw)
    if isinstance(checked, tuple) and any(fold(each) == "all" for each in checked):
        raise ConfigError("all is nobody's name here; for all there are quiet.hours and `escalate mute all`")
    return checked


def alias(given: str) -> str:
    """The name of an alias, folded. ConfigError where it cannot be one."""
    try:
        name = fold(text.normalise_label(given, "name"))
    except text.TextRefused as error:
        raise ConfigError(error.reason) from error
    if name in text.RESERVED_GROUPS | {"all"} or name.startswith(_ROOM):
        raise ConfigError(f"{name} has a meaning of its own; call the alias otherwise")
    return name


def _who(raw: object) -> str:
    """One WHO word, as it is typed behind --notify."""
    if not isinstance(raw, str):
        raise ConfigError("each name or group is a string")
    given = raw.strip()
    bare = given.removeprefix("@")
    try:
        if given.startswith("@") and fold(bare) in text.RESERVED_GROUPS:
            return given
        if given.startswith("@") and fold(bare).startswith(_ROOM):
            return f"@{_ROOM}{text.normalise_label(bare[len(_ROOM) :], 'room')}"
        name, at, host = bare.partition("@")
        name, tilde, digits = name.partition("~")
        text.normalise_label(name, "name")
        if (at and not text.check_host(host)) or (tilde and not _HEX.fullmatch(digits)):
            raise ConfigError(f"{given!r} is neither a name, name@host, @group nor @room:NAME")
    except text.TextRefused as error:
        raise ConfigError(f"{given!r}: {error.reason}") from error
    return given


def _encodes(given: str) -> bool:
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- Typed words -----------------------------------------------------------------------------------
def parse_flag(given: str) -> bool:
    """true or false in any of its words."""
    typed = given.strip().lower()
    if typed not in _TRUE | _FALSE:
        raise ConfigError("true or false is wanted")
    return typed in _TRUE


def parse_number(given: str) -> int:
    """A whole number."""
    try:
        return int(given)
    except ValueError as error:
        raise ConfigError(f"a number is wanted, not {given!r}") from error


def parse_list(given: str) -> TomlValue:
    """Words between commas or spaces."""
    return [typed for typed in re.split(r"[,\s]+", given) if typed]


def parse_hours(given: str) -> TomlValue:
    """Spans between commas, or a TOML list."""
    if given.lstrip().startswith("["):
        return _toml_list(given)
    return [typed.strip() for typed in given.split(",") if typed.strip()]


def parse_whom(given: str) -> TomlValue:
    """WHO words between commas or spaces; one that holds a space in quotes; or a TOML list."""
    return _shell_words(given, ",")


def parse_argv(given: str) -> TomlValue:
    """A command as it is typed in a shell, of which only the quoting counts; or a TOML list."""
    return _shell_words(given, "")


def _shell_words(given: str, besides: str) -> TomlValue:
    if given.lstrip().startswith("["):
        return _toml_list(given)
    lexer = shlex.shlex(given, posix=True, punctuation_chars=False)
    lexer.whitespace += besides
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise ConfigError(f'{error}: a quote is open; or write a list, ["one", "two"]') from error


def _toml_list(given: str) -> TomlValue:
    try:
        read = tomllib.loads(f"list = {given.strip()}")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError('this is no list: write ["one", "two"]') from error
    found = read.get("list")
    if len(read) != 1 or not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ConfigError('a list of strings is wanted: ["one", "two"]')
    return [str(each) for each in found]


def typed_words(value: list[str]) -> str:
    """Words as parse_list and parse_whom take them."""
    return ", ".join(each if re.fullmatch(r"[^\s,'\"\\]+", each) else shlex.quote(each) for each in value)
