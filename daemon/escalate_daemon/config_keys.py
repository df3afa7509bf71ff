"""The settings' keys: where each stands, which values it takes, how it is typed and shown."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from escalate_daemon import config_values as values
from escalate_daemon.config_values import Check, Checked, ConfigError, format_duration
from escalate_daemon.core import text, tuning
from escalate_daemon.toml_edit import TomlValue

ALIASES: Final = "aliases"  # the section whose keys are the person's own
_LONGEST_S: Final = tuning.MAX_AGE_LIMIT // tuning.SECOND  # what outlives the oldest hand means nothing
_LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class CannotSet(ConfigError):
    """The file cannot be changed, whatever was typed; the text says why and what mends it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: how a TOML value is checked, how a typed word becomes a TOML value, how a list is typed."""

    section: str
    name: str
    check: Check
    parse: Callable[[str], TomlValue] = str
    field: str = ""
    typed: Callable[[list[str]], str] = ", ".join

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

    def shown(self, value: Checked) -> TomlValue | None:
        """The value as it stands in a file; None where it is empty."""
        if isinstance(value, tuple):
            return list(value)
        if self.field.endswith("_s") and isinstance(value, int):
            return format_duration(value)
        return None if value == "" else value

    def typed_as(self, value: TomlValue | None) -> str:
        """What `shown` gave, as `parse` takes it."""
        if isinstance(value, list):
            return self.typed(value)
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _flag(section: str, name: str) -> Key:
    return Key(section, name, values.flag, values.parse_flag)


def _duration(section: str, name: str, least_s: int, most_s: int, *, off: bool = False) -> Key:
    return Key(section, name, values.duration(least_s, most_s, off=off), field=f"{name}_s")


def _argv(section: str, name: str) -> Key:
    return Key(section, name, values.argv, values.parse_argv, typed=shlex.join)


def _whom(section: str, name: str, check: Check, field: str = "") -> Key:
    return Key(section, name, check, values.parse_whom, field, values.typed_words)


KEYS: Final = (
    Key("me", "name", values.words(lambda given: text.normalise_label(given, "name"))),
    Key("me", "location", values.words(text.check_location)),
    Key("me", "phone", values.words(text.check_phone)),
    Key("me", "url", values.words(text.check_url)),
    Key("daemon", "port", values.port, values.parse_number),
    Key("daemon", "peers", values.peers, values.parse_list),
    Key("daemon", "log_level", values.one_of(*_LOG_LEVELS)),
    _duration("escalation", "max_age", 1, _LONGEST_S),
    _flag("escalation", "end_on_room"),
    _flag("escalation", "end_on_away"),
    _flag("escalation", "end_on_leave"),
    _duration("escalation", "warn_after", 1, _LONGEST_S, off=True),
    _duration("escalation", "put_away_after", 10, _LONGEST_S),
    Key("space", "join", values.words(values.word)),
    Key("notify", "notifier", values.words(values.word)),
    _flag("notify", "sound"),
    _duration("notify", "repeat", 10, 3600, off=True),
    _argv("approach", "run"),
    _argv("chat", "open"),
    _argv("hooks", "on_ring"),
    _argv("hooks", "on_raised"),
    _argv("hooks", "on_claimed"),
    _argv("hooks", "on_chat"),
    _argv("hooks", "on_ended"),
    _argv("hooks", "on_lost"),
    Key("quiet", "hours", values.hours, values.parse_hours),
    _whom("quiet", "muted", values.senders),
    _whom("quiet", "allow", values.senders),
    _flag("presence", "away_on_lock"),
    _duration("presence", "away_when_idle", 30, 86400, off=True),
)


def key_of(name: str) -> Key:
    """The key of that dotted name; ConfigError that names the nearest."""
    for key in KEYS:
        if key.dotted == name:
            return key
    section, _, own = name.partition(".")
    if section == ALIASES and own.strip():
        try:
            return _whom(ALIASES, own.strip(), values.whom, values.alias(own))
        except ConfigError as error:
            raise ConfigError(f"{text.clean(name, 64)}: {error}") from error
    known = (*(key.dotted for key in KEYS), f"{ALIASES}.{own or 'NAME'}")
    near = text.nearest(name, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    raise ConfigError(f"there is no setting {text.clean(name, 64)!r}: {text.clean(hint, 1000)}")
