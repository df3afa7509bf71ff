"""Writing introductions. Judging them is the core's (`core.admission`)."""

from escalate_daemon.core import tuning
from escalate_daemon.core.admission import introduction_bytes
from escalate_daemon.core.ids import SpaceId
from escalate_daemon.core.slots import Introduction
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity


def introduce(identity: Identity, space: SpaceId, key: bytes, name: str) -> Introduction:
    """My signed word that `key`, by the name of `name`, belongs to the space. TrustError: name too long."""
    _check_name(name)
    by = identity.member
    return Introduction(key, name, by, b"", identity.sign(introduction_bytes(space, key, name, by, b"")))


def introduce_creator(identity: Identity, space: SpaceId, name: str, nonce: bytes) -> Introduction:
    """The creator's own introduction, signed by itself: key and nonce hash to the space id."""
    _check_name(name)
    data = introduction_bytes(space, identity.key, name, b"", nonce)
    return Introduction(identity.key, name, b"", nonce, identity.sign(data))


def introduce_in_the_open(identity: Identity, name: str) -> Introduction:
    """A member of an open space: nobody vouches for anybody there."""
    _check_name(name)
    return Introduction(identity.key, name)


def _check_name(name: str) -> None:
    size = len(name.encode("utf-8", "replace"))
    if size > tuning.NAME_BYTES:
        raise TrustError(f"the name takes {size} bytes; at most {tuning.NAME_BYTES} go", "Use a shorter name.")
