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
from escalate_daemon.config_keys import ALIASES, KEYS, CannotSet, Key, key_of
from escalate_daemon.config_values import Checked, ConfigError, format_duration, parse_duration
from escalate_daemon.core import tuning
from escalate_daemon.core.ids import fold
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
    "typed",
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
    """`max_age_s`: seconds after which a forgotten hand of mine is ended. `end_on_...`: what else ends it.

    `warn_after_s`: then I am told by a pop-up that nobody comes; 0: never. `put_away_after_s`: another's is hidden
    here when its owner has been lost for so long.
    """

    max_age_s: int = tuning.MAX_AGE // tuning.SECOND
    end_on_room: bool = True
    end_on_away: bool = True
    end_on_leave: bool = True
    warn_after_s: int = tuning.WARN_AFTER // tuning.SECOND
    put_away_after_s: int = tuning.PUT_AWAY_AFTER // tuning.SECOND


@dataclass(frozen=True, slots=True)
class Space:
    """`join`: the code of a reusable invite to join at the first start; "" is none."""

    join: str = ""


@dataclass(frozen=True, slots=True)
class Notify:
    """`notifier` "auto": the best that works here. `repeat_s`: a ring comes again after so long; 0: it does not."""

    notifier: str = "auto"
    sound: bool = True
    repeat_s: int = 0


@dataclass(frozen=True, slots=True)
class Approach:
    """`run`: the program that takes me to an owner, and its arguments; () is none."""

    run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """`open`: the program in which a thread is read and written; (): a terminal."""

    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hooks:
    """A program and its arguments for each event; () is none."""

    on_ring: tuple[str, ...] = ()
    on_raised: tuple[str, ...] = ()
    on_claimed: tuple[str, ...] = ()
    on_chat: tuple[str, ...] = ()
    on_ended: tuple[str, ...] = ()
    on_lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """`hours` as quiet.QuietHours reads them. `muted` and `allow`: WHO words of those who ring."""

    hours: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Presence:
    """What makes me away by itself. `away_when_idle_s`: 0: idling does not."""

    away_on_lock: bool = False
    away_when_idle_s: int = 0


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. `aliases`: the name, folded -> the WHO words it stands for."""

    me: Me = field(default_factory=Me)
    daemon: Daemon = field(default_factory=Daemon)
    escalation: Escalation = field(default_factory=Escalation)
    space: Space = field(default_factory=Space)
    notify: Notify = field(default_factory=Notify)
    approach: Approach = field(default_factory=Approach)
    chat: Chat = field(default_factory=Chat)
    hooks: Hooks = field(default_factory=Hooks)
    quiet: Quiet = field(default_factory=Quiet)
    presence: Presence = field(default_factory=Presence)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)


def load(paths: Paths) -> tuple[Config, tuple[str, ...]]:
    """The settings as they stand, and a warning for each thing in the files that is ignored. Never fails."""
    warnings: list[str] = []
    found: dict[str, dict[str, object]] = {}
    for path in (paths.site_config_file, paths.config_file):
        for name, raw in _read(path, warnings).items():
            try:
                key = key_of(name)
                found.setdefault(key.section, {})[key.field] = key.checked(raw)
            except ConfigError as error:
                warnings.append(f"{path}: {error}; it is ignored")
    aliases = found.get(ALIASES, {})
    found[ALIASES] = {name: meant for name, meant in aliases.items() if meant}  # empty: the site's is taken back
    return msgspec.convert(found, Config), tuple(warnings)


def set_value(paths: Paths, name: str, given: str) -> None:
    """Write one setting into the person's file, all else in it kept. ConfigError; CannotSet: the file's fault."""
    key = key_of(name)
    value = key.parse(given)
    key.checked(value)
    path = paths.config_file
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        _write(path, toml_edit.set_key(before, key.section, _spelt(key, before), value))
    except (toml_edit.EditError, UnicodeDecodeError) as error:
        raise CannotSet(f"{path}: {error}; mend that file, or move it away") from error
    except OSError as error:
        raise CannotSet(f"{path} cannot be written ({error.strerror}); set it in a folder of yours") from error


def show(config: Config) -> dict[str, TomlValue | None]:
    """Every setting by its name as `set_value` takes it; None where it is empty."""
    sections: dict[str, dict[str, Checked]] = asdict(config)
    shown = {key.dotted: key.shown(sections[key.section][key.field]) for key in KEYS}
    return shown | {f"{ALIASES}.{name}": list(meant) for name, meant in config.aliases.items()}


def typed(name: str, value: TomlValue | None) -> str:
    """What `show` gave for `name`, in one line as `set_value` takes it."""
    return key_of(name).typed_as(value)


def own_name(config: Config, environ: Mapping[str, str]) -> str:
    """What I am called, not yet checked: ESCALATE_NAME, else the setting, else the login name."""
    logins = (environ.get(name, "") for name in ("LOGNAME", "USER", "USERNAME"))
    names = (environ.get("ESCALATE_NAME", ""), config.me.name, *logins)
    return next((name for name in names if name.strip()), "somebody")


# --- Files -----------------------------------------------------------------------------------------
def _spelt(key: Key, content: str) -> str:
    """The key's name as the file spells it: two aliases that differ only in case would be one."""
    if key.section != ALIASES:
        return key.name
    try:
        table = tomllib.loads(content).get(ALIASES)
    except (tomllib.TOMLDecodeError, RecursionError):
        return key.name  # set_key says what is wrong
    names = table if isinstance(table, dict) else {}
    return next((name for name in names if fold(name) == key.field), key.name)


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
