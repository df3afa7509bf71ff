"""The identifiers that every part of the core shares."""

import hashlib
import unicodedata
from functools import lru_cache
from typing import Final, NewType

MemberId = NewType("MemberId", bytes)  # 16 bytes: SHA-256 of the member's Ed25519 public key, cut
SpaceId = NewType("SpaceId", bytes)  # 16 bytes
LinkId = NewType("LinkId", int)  # given by whoever carries the link; never reused in one run
DialId = NewType("DialId", int)  # given by the node; never reused in one run
HandId = NewType("HandId", str)  # 16 hex digits

MEMBER_ID_BYTES: Final = 16
HASH_BYTES: Final = 16


def member_id(key: bytes) -> MemberId:
    """The id of the member whose public key is `key`."""
    return MemberId(hashlib.sha256(key).digest()[:MEMBER_ID_BYTES])


def space_id_of_creator(key: bytes, nonce: bytes) -> SpaceId:
    """The id of the closed space made by the holder of `key`: nobody else can be its creator."""
    return SpaceId(hashlib.sha256(b"escalate space 1\0" + key + nonce).digest()[:16])


def hand_id(owner: MemberId, nonce: bytes) -> HandId:
    """The id of a hand: bound to its owner, so that nobody can raise one under the id of another's."""
    return HandId(hashlib.sha256(b"escalate hand 1\0" + owner + nonce).hexdigest()[:16])


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """How names, groups and rooms compare: NFC, then casefold."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
