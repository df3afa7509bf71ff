"""The settings: a site's file, then the person's own, each key checked by itself.

Owns the keys, their meaning and their defaults. Reading never fails: what is wrong is left at its default,
with a warning to be shown loudly. Only `set_value` writes.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from escalate_daemon import toml_edit
from escalate_daemon.core import text, tuning
from escalate_daemon.paths import Paths
from escalate_daemon.toml_edit import TomlValue

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_PORT_MAX: Final = 65535
_PEERS_MAX: Final = 256  # a list typed by a person; the rest is found by gossip


class ConfigError(ValueError):
    """A setting cannot be so; the text says why and what may stand there."""


@dataclass(frozen=True, slots=True)
class Me:
    """What the others see of me; "" is not said. `name` "": the login name."""

    name: str = ""
    location: str = ""
    phone: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Daemon:
    """`port` 0: any. `peers`: HOST:PORT of daemons to dial where multicast does not reach."""

    port: int = 0
    peers: tuple[str, ...] = ()
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class Escalation:
    """`max_age_s`: seconds after which a forgotten hand of mine is ended."""

    max_age_s: int = tuning.MAX_AGE // tuning.SECOND


@dataclass(frozen=True, slots=True)
class Space:
    """`join`: the code of a reusable invite to join at the first start; "" is none."""

    join: str = ""


@dataclass(frozen=True, slots=True)
class Notify:
    """`notifier` "auto": the best that works here."""

    notifier: str = "auto"
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    me: Me = field(default_factory=Me)
    daemon: Daemon = field(default_factory=Daemon)
    escalation: Escalation = field(default_factory=Escalation)
    space: Space = field(default_factory=Space)
    notify: Notify = field(default_factory=Notify)


def load(paths: Paths) -> tuple[Config, tuple[str, ...]]:
    """The settings as they stand, and a warning for each thing in the files that is ignored. Never fails."""
    warnings: list[str] = []
    values: dict[str, dict[str, object]] = {}
    for path in (paths.site_config_file, paths.config_file):
        for name, raw in _read(path, warnings).items():
            try:
                key = _key_of(name)
                values.setdefault(key.section, {})[key.field] = key.checked(raw)
            except ConfigError as error:
                warnings.append(f"{path}: {error}; it is ignored")
    return msgspec.convert(values, Config), tuple(warnings)


def set_value(paths: Paths, name: str, given: str) -> None:
    """Write one setting into the person's file, all else in it kept. ConfigError where it cannot be so."""
    key = _key_of(name)
    value = key.parse(given)
    key.checked(value)
    path = paths.config_file
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        _write(path, toml_edit.set_key(before, key.section, key.name, value))
    except (toml_edit.EditError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}; mend that file, or move it away") from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); set it in a folder of yours"
        ) from error


def show(config: Config) -> dict[str, TomlValue | None]:
    """Every setting by its name as `set_value` takes it; None where it is empty."""
    shown: dict[str, TomlValue | None] = {}
    sections: dict[str, dict[str, str | int | bool | tuple[str, ...]]] = asdict(config)
    for key in _KEYS:
        value = sections[key.section][key.field]
        if key.field.endswith("_s") and isinstance(value, int):
            shown[key.dotted] = format_duration(value)
        elif isinstance(value, tuple):
            shown[key.dotted] = list(value)
        else:
            shown[key.dotted] = None if value == "" else value
    return shown


def own_name(config: Config, environ: Mapping[str, str]) -> str:
    """What I am called, not yet checked: ESCALATE_NAME, else the setting, else the login name."""
    logins = (environ.get(name, "") for name in ("LOGNAME", "USER", "USERNAME"))
    names = (environ.get("ESCALATE_NAME", ""), config.me.name, *logins)
    return next((name for name in names if name.strip()), "somebody")


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


# --- Keys ------------------------------------------------------------------------------------------
Checked = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Key:
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


_KEYS: Final = (
    _Key("me", "name", _words(lambda given: text.normalise_label(given, "name"))),
    _Key("me", "location", _words(text.check_location)),
    _Key("me", "phone", _words(text.check_phone)),
    _Key("me", "url", _words(text.check_url)),
    _Key("daemon", "port", _port, _parse_number),
    _Key("daemon", "peers", _peers, _parse_list),
    _Key("daemon", "log_level", _one_of(*_LOG_LEVELS)),
    _Key("escalation", "max_age", _age, field="max_age_s"),
    _Key("space", "join", _words(_word)),
    _Key("notify", "notifier", _words(_word)),
    _Key("notify", "sound", _flag, _parse_flag),
)


def _key_of(name: str) -> _Key:
    for key in _KEYS:
        if key.dotted == name:
            return key
    near = text.nearest(name, (key.dotted for key in _KEYS))
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(key.dotted for key in _KEYS)}"
    )
    raise ConfigError(f"there is no setting {text.clean(name, 64)!r}: {hint}")


# --- Files -----------------------------------------------------------------------------------------
def _read(path: Path, warnings: list[str]) -> dict[str, object]:
    """The file's keys by dotted name; {} with a warning where it cannot be read."""
    try:
        tables = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        warnings.append(f"{path} is not TOML ({error}); all of it is ignored until you mend it")
        return {}
    except OSError as error:
        warnings.append(f"{path} cannot be read ({error.strerror}); it is ignored")
        return {}
    found: dict[str, object] = {}
    for section, table in tables.items():
        if isinstance(table, dict):
            found |= {f"{section}.{name}": value for name, value in table.items()}
        else:
            found[section] = table
    return found


def _write(path: Path, content: str) -> None:
    """Replace the file in one step; a link to it stays a link."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".config-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
