"""How I stand to my space, beside the membership: whether I have left it, and by which invite I came.

Small files of my own, replaced whole and synced. A folder that cannot be written costs no more than memory
until the daemon ends: the caller warns.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

_BYTES_MAX: Final = 1024 * 1024


class Standing(msgspec.Struct, frozen=True):
    """`left`: gone until `up`. `joined_by`: a hash of the invite's secret, "" for none."""

    left: bool = False
    joined_by: str = ""


def mark_of(secret: bytes) -> str:
    """What is kept of an invite: enough to know it again, of no use to anybody else."""
    return hashlib.sha256(b"escalate joined by 1\0" + secret).hexdigest()[:32]


def load(path: Path) -> Standing:
    """The standing kept at `path`; the default where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(read_small(path) or b"{}", type=Standing)
    except msgspec.MsgspecError:
        return Standing()


def save(standing: Standing, path: Path) -> None:
    """Keep it; OSError where that fails."""
    replace_small(path, msgspec.json.encode(standing))


def read_small(path: Path) -> bytes | None:
    """A small file's bytes; None where it is missing or cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_BYTES_MAX)
    except OSError:
        return None


def replace_small(path: Path, data: bytes) -> None:
    """Replace the file durably, 0600; OSError where that fails, and then it is as before."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
