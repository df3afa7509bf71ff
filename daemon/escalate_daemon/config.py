"""The settings: a site's file, then the person's own, each key checked by itself.

Owns their meaning, their defaults and their files. Reading never fails: what is wrong is left at its default,
with a warning to be shown loudly. Only `set_value` writes.
"""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from escalate_daemon import toml_edit
from escalate_daemon.config_keys import KEYS, CannotSet, ConfigError, format_duration, key_of, parse_duration
from escalate_daemon.core import tuning
from escalate_daemon.paths import Paths
from escalate_daemon.toml_edit import TomlValue

__all__ = [
    "CannotSet",
    "Config",
    "ConfigError",
    "format_duration",
    "load",
    "own_name",
    "parse_duration",
    "set_value",
    "show",
]


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
                key = key_of(name)
                values.setdefault(key.section, {})[key.field] = key.checked(raw)
            except ConfigError as error:
                warnings.append(f"{path}: {error}; it is ignored")
    return msgspec.convert(values, Config), tuple(warnings)


def set_value(paths: Paths, name: str, given: str) -> None:
    """Write one setting into the person's file, all else in it kept. ConfigError; CannotSet: the file's fault."""
    key = key_of(name)
    value = key.parse(given)
    key.checked(value)
    path = paths.config_file
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        _write(path, toml_edit.set_key(before, key.section, key.name, value))
    except (toml_edit.EditError, UnicodeDecodeError) as error:
        raise CannotSet(f"{path}: {error}; mend that file, or move it away") from error
    except OSError as error:
        raise CannotSet(f"{path} cannot be written ({error.strerror}); set it in a folder of yours") from error


def show(config: Config) -> dict[str, TomlValue | None]:
    """Every setting by its name as `set_value` takes it; None where it is empty."""
    shown: dict[str, TomlValue | None] = {}
    sections: dict[str, dict[str, str | int | bool | tuple[str, ...]]] = asdict(config)
    for key in KEYS:
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
