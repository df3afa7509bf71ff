"""The settings' keys: where each stands, which values it takes, how a typed word becomes one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core import text, tuning
from escalate_daemon.toml_edit import TomlValue

Checked = str | int | bool | tuple[str, ...]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_PORT_MAX: Final = 65535
_PEERS_MAX: Final = 256  # a list typed by a person; the rest is found by gossip


class ConfigError(ValueError):
    """A setting cannot be so; the text says why and what may stand there."""


class CannotSet(ConfigError):
    """The file cannot be changed, whatever was typed; the text says why and what mends it."""


def parse_duration(given: str) -> int:
    """Seconds in `90s 5m 2h 7d`. ConfigError for anything else, and for nought."""
    found = _DURATION.fullmatch(given.strip())
    if not found or not int(found[1]):
        raise ConfigError(f"{given!r} is no duration: write 90s, 5m, 2h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def format_duration(seconds: int) -> str:
    """`seconds` in the largest unit that divides it."""
    unit = next(name for name in ("d", "h", "m", "s") if seconds % _UNITS[name] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: where it stands, how a TOML value is checked, how a typed word becomes a TOML value."""

    section: str
    name: str
    check: Callable[[object], Checked]
    parse: Callable[[str], TomlValue] = str
    field: str = ""

    def __post_init__(self) -> None:
        if not self.field:
            object.__setattr__(self, "field", self.name)

    @property
    def dotted(self) -> str:
        """Its name as the person types it."""
        return f"{self.section}.{self.name}"

    def checked(self, raw: object) -> Checked:
        """The setting's value; ConfigError that names it."""
        try:
            return self.check(raw)
        except ConfigError as error:
            raise ConfigError(f"{self.dotted}: {error}") from error


def _words(check: Callable[[str], str]) -> Callable[[object], Checked]:
    """A check of a string by one of core.text's, "" allowed."""

    def checked(raw: object) -> Checked:
        if not isinstance(raw, str):
            raise ConfigError("a string is wanted")
        try:
            return check(raw) if raw.strip() else ""
        except text.TextRefused as error:
            raise ConfigError(error.reason) from error

    return checked


def _one_of(*allowed: str) -> Callable[[object], Checked]:
    def checked(raw: object) -> Checked:
        if raw not in allowed:
            raise ConfigError(f"one of {', '.join(allowed)} is wanted")
        return str(raw)

    return checked


def _port(raw: object) -> Checked:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= _PORT_MAX:
        raise ConfigError(f"a port from 1 to {_PORT_MAX} is wanted, or 0 for any")
    return raw


def _peers(raw: object) -> Checked:
    if not isinstance(raw, list) or len(raw) > _PEERS_MAX:
        raise ConfigError(f"a list of at most {_PEERS_MAX} HOST:PORT is wanted")
    try:
        return tuple(text.check_address(str(peer)) for peer in raw)
    except text.TextRefused as error:
        raise ConfigError(error.reason) from error


def _flag(raw: object) -> Checked:
    if not isinstance(raw, bool):
        raise ConfigError("true or false is wanted")
    return raw


def _age(raw: object) -> Checked:
    if not isinstance(raw, str):
        raise ConfigError('a duration such as "8h" is wanted')
    seconds = parse_duration(raw)
    if seconds > tuning.MAX_AGE_LIMIT // tuning.SECOND:
        raise ConfigError(f"at most {format_duration(tuning.MAX_AGE_LIMIT // tuning.SECOND)} is allowed")
    return seconds


def _parse_flag(given: str) -> bool:
    word = given.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ConfigError("true or false is wanted")
    return word in _TRUE


def _parse_number(given: str) -> int:
    try:
        return int(given)
    except ValueError as error:
        raise ConfigError(f"a number is wanted, not {given!r}") from error


def _parse_list(given: str) -> TomlValue:
    return [word for word in re.split(r"[,\s]+", given) if word]


def _word(given: str) -> str:
    if not given.isprintable():
        raise ConfigError("one line of printable characters is wanted")
    return given.strip()


KEYS: Final = (
    Key("me", "name", _words(lambda given: text.normalise_label(given, "name"))),
    Key("me", "location", _words(text.check_location)),
    Key("me", "phone", _words(text.check_phone)),
    Key("me", "url", _words(text.check_url)),
    Key("daemon", "port", _port, _parse_number),
    Key("daemon", "peers", _peers, _parse_list),
    Key("daemon", "log_level", _one_of(*_LOG_LEVELS)),
    Key("escalation", "max_age", _age, field="max_age_s"),
    Key("space", "join", _words(_word)),
    Key("notify", "notifier", _words(_word)),
    Key("notify", "sound", _flag, _parse_flag),
)


def key_of(name: str) -> Key:
    """The key of that dotted name; ConfigError that names the nearest."""
    for key in KEYS:
        if key.dotted == name:
            return key
    near = text.nearest(name, (key.dotted for key in KEYS))
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(key.dotted for key in KEYS)}"
    raise ConfigError(f"there is no setting {text.clean(name, 64)!r}: {hint}")
