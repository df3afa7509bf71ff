"""The membership's file: small, its owner's alone (0600), replaced whole and synced, no database."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from escalate_daemon.core.ids import SpaceId
from escalate_daemon.core.slots import Introduction
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import Membership

_FORMAT: Final = 1
_PRIVATE: Final = 0o600
_BYTES_MAX: Final = 64 * 1024


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the file, as JSON; bytes are base64."""

    escalate_membership: int
    space: bytes
    space_name: str
    secret: bytes
    epoch: int
    open_space: bool
    chain: tuple[Introduction, ...]
    signing: bytes
    sealing: bytes
    name: str


def save(membership: Membership, path: Path) -> None:
    """Durably replaces the file at `path`, making its folder. TrustError where it cannot be written."""
    data = msgspec.json.encode(_to_file(membership))
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_synced(new, data)
            new.replace(path)
            _sync_folder(path.parent)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise TrustError(
            f"cannot keep the membership in {path}: {error.strerror}",
            "Make room on the disk and the folder writable, or set ESCALATE_HOME to a folder that is.",
        ) from error


def load(path: Path) -> Membership | None:
    """The membership kept at `path`; None where there is none; TrustError: corrupt or unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise TrustError(
            f"cannot read the membership in {path}: a file stands where a folder should be",
            f"Move away what stands where {path.parent} should be, or set ESCALATE_HOME to a folder.",
        ) from error
    except OSError as error:
        raise TrustError(
            f"cannot read the membership in {path}: {error.strerror}", f"Make {path} readable for yourself."
        ) from error
    _make_private(path)
    try:
        return _from_file(msgspec.json.decode(data[:_BYTES_MAX], type=_File)).checked()
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, TrustError) as error:
        raise TrustError(
            f"the membership in {path} is damaged ({error})",
            f"Restore {path} from a backup, or move it away and join again by an invite: escalate join CODE",
        ) from error


def forget(path: Path) -> None:
    """Takes the file away; TrustError where that fails."""
    try:
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_folder(path.parent)
    except OSError as error:
        raise TrustError(f"cannot remove {path}: {error.strerror}", f"Remove {path} by hand.") from error


def _to_file(membership: Membership) -> _File:
    return _File(
        escalate_membership=_FORMAT,
        space=membership.space,
        space_name=membership.space_name,
        secret=membership.secret,
        epoch=membership.epoch,
        open_space=membership.open_space,
        chain=membership.chain,
        signing=membership.identity.signing.private_bytes_raw(),
        sealing=membership.identity.sealing.private_bytes_raw(),
        name=membership.name,
    )


def _from_file(kept: _File) -> Membership:
    if kept.escalate_membership != _FORMAT:
        raise TrustError(f"its format is {kept.escalate_membership}, this daemon reads {_FORMAT}")
    return Membership(
        SpaceId(kept.space),
        kept.space_name,
        kept.secret,
        kept.epoch,
        open_space=kept.open_space,
        chain=kept.chain,
        identity=Identity.from_private(kept.signing, kept.sealing),
        name=kept.name,
    )


def _write_synced(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself durable; Windows has no such thing."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_private(path: Path) -> None:
    """A restored backup may be readable for others; a read-only one stays as it is."""
    if os.name != "nt":
        with contextlib.suppress(OSError):
            path.chmod(_PRIVATE)
