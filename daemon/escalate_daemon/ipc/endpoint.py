"""What both sides of the local door agree on. Opens no socket; `paths` says where the door is.

Unix: a 0600 socket in a 0700 folder of mine. Windows has no such guard: a file at the same path that
holds a loopback port and a token, in a folder that only its owner reads.
"""

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

UNIX: Final = os.name == "posix"
PATH_BYTES: Final = 107 if sys.platform == "linux" else 103  # sun_path less its final zero


class EndpointError(OSError):
    """The local door cannot be where it has to be; the text names the mend."""


class Loopback(msgspec.Struct, frozen=True):
    """What the token file says: the port on 127.0.0.1, and the word that proves one may read the file."""

    port: int
    token: str


def prepare(path: Path) -> None:
    """See that a door can stand at `path`: short enough, in a folder of mine that is 0700. EndpointError."""
    mend = "set ESCALATE_HOME to a short path of yours"
    if UNIX and len(os.fsencode(path)) > PATH_BYTES:
        raise EndpointError(f"the socket's path is longer than {PATH_BYTES} bytes: {path}; {mend}")
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if UNIX and folder.stat().st_uid != os.geteuid():
            raise EndpointError(f"{folder} belongs to user {folder.stat().st_uid}, not to you; {mend}")
        if UNIX and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except EndpointError:
        raise
    except OSError as error:
        raise EndpointError(f"cannot use the socket's folder {folder}: {error.strerror}; {mend}") from error


def write_token(path: Path, port: int) -> Loopback:
    """Say in the token file where the door is; read by its owner alone, whole or not at all."""
    import secrets  # slow to load, and no command writes one

    loopback = Loopback(port, secrets.token_hex(32))
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{loopback.port} {loopback.token}\n")
    partial.replace(path)
    return loopback


def read_token(path: Path) -> Loopback | None:
    """What the token file says; None where it is missing or not one."""
    try:
        port, token = path.read_text(encoding="ascii").split()
        return Loopback(int(port), token)
    except (OSError, ValueError):
        return None
