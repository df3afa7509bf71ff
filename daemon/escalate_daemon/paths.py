"""Where everything lies on this machine: found once, the same way by the command line and the daemon.

Owns the choice of folders and makes the runtime folder, which holds the socket. Reads and writes no file, and
imports nothing of ours.
"""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

_APP: Final = "escalate"
_SOCKET: Final = "daemon.sock"
_SOCKET_PATH_BYTES: Final = 107 if sys.platform == "linux" else 103  # sun_path less its final zero
_PRIVATE: Final = 0o700


class PathsError(Exception):
    """No folder can be used as it must be; the text says why and what mends it."""


class Paths(NamedTuple):  # a dataclass costs a command 1 ms; a msgspec.Struct costs shell completion, without it, 20
    """Every path of one daemon. Only `runtime_dir` is sure to exist."""

    config_file: Path
    site_config_file: Path
    state_dir: Path
    runtime_dir: Path  # 0700 and ours
    socket: Path
    log_file: Path
    database: Path
    membership_file: Path
    lock_file: Path  # held by the running daemon
    start_error_file: Path  # why the last start failed, for the command that started it


def find(environ: Mapping[str, str]) -> Paths:
    """The paths under `environ`'s ESCALATE_HOME, else in the platform's folders; makes the runtime folder.

    A runtime folder that cannot be made, is another's, or lies too deep for a socket is replaced by a short
    one named by a hash of it. PathsError where that fails too.
    """
    home = environ.get("ESCALATE_HOME", "")
    if home:
        root = Path(home).expanduser().absolute()
        config, site, state = root / "config.toml", root / "site.toml", root / "state"
        runtime = _usable_runtime(root / "run")
    else:
        config, site, state, wanted = _platform_folders()
        runtime = _usable_runtime(wanted)
    return Paths(
        config_file=config,
        site_config_file=site,
        state_dir=state,
        runtime_dir=runtime,
        socket=runtime / _SOCKET,
        log_file=state / "daemon.log",
        database=state / "state.db",
        membership_file=state / "membership",
        # With the state, so that a runtime folder taken away under a daemon lets no second one at its keys.
        lock_file=(state if _can_write_below(state) else runtime) / "daemon.lock",
        start_error_file=runtime / "start-error",
    )


def make_private(folder: Path) -> None:
    """Make `folder` (and its parents), 0700. OSError where that fails, PathsError where it is not ours."""
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return
    uid = os.geteuid()
    link, real = folder.lstat(), folder.stat()
    if link.st_uid != uid or real.st_uid != uid:
        raise PathsError(
            f"{folder} belongs to another user (uid {link.st_uid}, not {uid}); "
            "move it away, or set ESCALATE_HOME to a folder of yours"
        )
    if not stat.S_ISDIR(real.st_mode):
        raise PathsError(f"{folder} is not a folder; move it away")
    if stat.S_IMODE(real.st_mode) & 0o077:
        folder.chmod(_PRIVATE)


# --- The platform's folders ------------------------------------------------------------------------
def _platform_folders() -> tuple[Path, Path, Path, Path]:
    """(config file, site config file, state folder, runtime folder)."""
    import warnings

    import platformdirs  # not needed, and not paid for, under ESCALATE_HOME

    dirs = platformdirs.PlatformDirs(_APP, appauthor=False)
    try:
        with warnings.catch_warnings():
            # It warns where XDG_RUNTIME_DIR is missing or not ours; its fallback is what we want then.
            warnings.simplefilter("ignore")
            runtime = dirs.user_runtime_path
    except OSError:
        runtime = None
    if runtime is None or _of_temporary_folder(runtime):
        runtime = _short_folders(dirs.user_state_path)[-1]
    site_config = dirs.site_config_path / "config.toml"
    return dirs.user_config_path / "config.toml", site_config, dirs.user_state_path, runtime


def _of_temporary_folder(runtime: Path) -> bool:
    """Whether platformdirs fell back to a folder under TMPDIR, which cron and a login shell may have set apart."""
    return sys.platform != "win32" and runtime.parent.name == f"runtime-{os.geteuid()}"


def _usable_runtime(wanted: Path) -> Path:
    """`wanted`, else the first short folder that can be made private and holds a socket path."""
    reasons = []
    for folder in _runtime_folders(wanted):
        if len(os.fsencode(folder / _SOCKET)) > _SOCKET_PATH_BYTES and sys.platform != "win32":
            reasons.append(f"{folder} is too long for a socket's path")
            continue
        try:
            make_private(folder)
        except (OSError, PathsError) as error:
            reasons.append(f"{folder}: {error}")
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reasons.append(f"{folder} is read-only")
    raise PathsError(
        "there is no folder for the daemon's socket; set ESCALATE_HOME to a short path that you can write to "
        f"({'; '.join(reasons)})"
    )


def _runtime_folders(wanted: Path) -> Iterator[Path]:
    yield wanted
    yield from _short_folders(wanted)


def _short_folders(wanted: Path) -> list[Path]:
    import hashlib  # seldom needed, and OpenSSL behind it is slow to load

    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    uid = "" if sys.platform == "win32" else f"{os.geteuid()}-"
    return [parent / f"{_APP}-{uid}{digest}" for parent in _short_parents()]


def _short_parents() -> Iterator[Path]:
    """Folders for short-lived files, the most private first; on POSIX the same whatever TMPDIR says."""
    if sys.platform == "win32":
        import tempfile

        yield Path(tempfile.gettempdir())
        return
    own = Path(f"/run/user/{os.geteuid()}")
    if own.is_dir():
        yield own
    yield Path("/tmp")


def _can_write_below(folder: Path) -> bool:
    """Whether `folder`, or the nearest of its parents that exists, lets us write."""
    for place in (folder, *folder.parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False
