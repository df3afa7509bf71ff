"""Gathers facts on this process, what it keeps, its space and its clock. Judges nothing."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import escalate_daemon
from escalate_daemon import clock, config
from escalate_daemon.daemon import Daemon
from escalate_daemon.doctor.belonging import SpaceFacts, VersionFacts
from escalate_daemon.doctor.dialback import Answer
from escalate_daemon.doctor.keeping import IdentityFacts, StoreFacts
from escalate_daemon.doctor.process import ProcessFacts
from escalate_daemon.doctor.timing import ClockFacts
from escalate_daemon.trust import keep
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.fingerprint import fingerprint

_KEPT_TOPICS: Final = ("store", "standing", "lock", "log")  # of the daemon's warnings: what the disk refused
_SETTING_TOPICS: Final = ("name", "peers", "auto-join")  # what the settings asked for in vain
_DAMAGED: Final = "was damaged"  # in the store's note about a file that it set aside


def process(daemon: Daemon) -> ProcessFacts:
    """The daemon itself."""
    return ProcessFacts(
        pid=os.getpid(),
        age_s=(clock.now() - daemon.began) / 1000,
        version=daemon.around.person.version,
        socket=daemon.socket(),
        socket_mended_s=daemon.socket_mended(),
        settings_changed=config.load(daemon.around.paths)[0] != daemon.config,
        fault=daemon.warned("fault"),
        unheeded=tuple(text for topic in _SETTING_TOPICS if (text := daemon.warned(topic))),
    )


def store(daemon: Daemon) -> StoreFacts:
    """What is kept, and the room for more."""
    folder = daemon.around.paths.state_dir
    warnings = [text for topic in _KEPT_TOPICS if (text := daemon.warned(topic))]
    set_aside = next((text for text in warnings if _DAMAGED in text), "")
    return StoreFacts(
        folder=str(folder),
        free=_free(folder),
        writable=os.access(folder, os.W_OK | os.X_OK),
        warnings=tuple(text for text in warnings if text != set_aside),
        set_aside=set_aside,
        old_damage=tuple(sorted(map(str, folder.glob(f"{daemon.around.paths.database.name}.damaged-*[0-9Z]")))),
    )


def identity(daemon: Daemon) -> IdentityFacts:
    """Who I am, and whether the disk still says so."""
    file = daemon.around.paths.membership_file
    mine = daemon.membership
    warning = daemon.warned("membership")
    if mine is None:
        return IdentityFacts("", "", str(file), kept=None, mode=None, warning=warning)
    mode = None
    with suppress(OSError):
        mode = stat.S_IMODE(file.stat().st_mode) if sys.platform != "win32" else None
    try:
        kept = keep.load(file)
    except TrustError:
        kept = None
    me = daemon.me()
    return IdentityFacts(
        label=mine.name if me is None else me.label,
        fingerprint=fingerprint(mine.identity.key),
        file=str(file),
        kept=kept is not None and kept.identity.member == mine.identity.member,
        mode=mode,
        warning=warning,
    )


def wall(jump: tuple[float, float] | None, answers: Sequence[Answer]) -> ClockFacts:
    """The clock, and those of who was asked."""
    others = tuple((each.label, each.ahead_s) for each in answers if each.told is not None)
    return ClockFacts(clock.wall(), others, jump)


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def space(daemon: Daemon, other_spaces: int) -> SpaceFacts:
    """The space, or why there is none."""
    session = daemon.session
    if session is None:
        refused = daemon.outside().failure
        return SpaceFacts("", refused.message, refused.hint or "see: escalate daemon logs", 0, 0, other_spaces)
    name = session.membership.space_name
    return SpaceFacts(name, "", "", len(session.others()), session.others_online(), other_spaces)


def versions(daemon: Daemon) -> VersionFacts:
    """Mine, that on the disk, the others'."""
    mine = daemon.around.person.version
    others = [] if daemon.session is None else daemon.session.others()
    return VersionFacts(mine, _installed() or mine, tuple((each.label, each.version) for each in others if each.online))


def _installed() -> str:
    """The version that a daemon started now would have; "" where that cannot be read."""
    try:
        text = Path(escalate_daemon.__file__).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(r'^__version__(?:: [^=]*)? = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else ""
