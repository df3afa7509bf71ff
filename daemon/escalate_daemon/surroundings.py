"""What the daemon finds when it starts: its settings, its person, its store; and what is wrong with them.

Nothing here stops a raise: a setting that cannot be read is a default, a store that cannot be opened is memory,
and the person is told.
"""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon import __version__
from escalate_daemon import config as settings
from escalate_daemon.config import Config
from escalate_daemon.core import tuning
from escalate_daemon.core.text import TextRefused, check_host, clean, normalise_label
from escalate_daemon.paths import Paths
from escalate_daemon.session import Person
from escalate_daemon.store import Store, StoreError

_NOBODY: Final = "somebody"

Warn = Callable[[str, str | None], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process was started with. `notifier` None: the best there is."""

    paths: Paths
    config: Config
    person: Person
    store: Store
    notifier: str | None

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders of ours, for a file of a moment where the temporary folder takes none."""
        return self.paths.runtime_dir, self.paths.state_dir


def look(paths: Paths, config: Config, environ: Mapping[str, str], warn: Warn) -> Surroundings:
    """Everything found; what is wrong with it is warned of."""
    forced = environ.get("ESCALATE_NOTIFIER", "") or config.notify.notifier
    return Surroundings(
        paths,
        config,
        _person(config, environ, warn),
        _store(paths, warn),
        None if forced in ("", "auto") else forced,
    )


def _person(config: Config, environ: Mapping[str, str], warn: Warn) -> Person:
    me = config.me
    return Person(_name(config, environ, warn), _host(), me.location, me.phone, me.url, __version__)


def _name(config: Config, environ: Mapping[str, str], warn: Warn) -> str:
    typed = settings.own_name(config, environ)
    try:
        return normalise_label(typed, "name")
    except TextRefused as error:
        name = clean(typed.replace("@", " "), tuning.NAME_POINTS).lstrip("- ")
        while len(name.encode()) > tuning.NAME_BYTES:
            name = name[:-1]
        warn("name", f"{error.reason}; you are called {name or _NOBODY}: escalate config set me.name NAME")
        return name or _NOBODY


def _host() -> str:
    try:
        return check_host(socket.gethostname())
    except (OSError, TextRefused):
        return ""


def _store(paths: Paths, warn: Warn) -> Store:
    try:
        store, notes = Store.open(paths.database)
    except StoreError as error:
        warn("store", f"{error}; nothing is kept until a restart")
        return Store.in_memory()
    if notes:
        warn("store", "; ".join(notes))
    return store
