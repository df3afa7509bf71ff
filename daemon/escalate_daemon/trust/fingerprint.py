"""A key's fingerprint, for two people to compare aloud."""

import hashlib
from typing import Final

from escalate_daemon.trust import base32

_CHARACTERS: Final = 16  # 80 bits: no second key with the same one can be made
_DOMAIN: Final = b"escalate fingerprint 1\0"


def fingerprint(key: bytes) -> str:
    """Four groups of four, such as `k3m7-92fd-0x8a-tt4c`."""
    digest = hashlib.sha256(_DOMAIN + key).digest()
    return base32.grouped(base32.encode(int.from_bytes(digest[:10], "big"), _CHARACTERS))
