"""One daemon's keys in one space: Ed25519 to sign and to be known by, X25519 to be written to in secret."""

from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from escalate_daemon.core.ids import MemberId, member_id

PRIVATE_BYTES: Final = 32  # of either key


@dataclass(frozen=True, slots=True)
class Identity:
    """A new one is made for each membership, so that spaces cannot be linked by keys."""

    signing: Ed25519PrivateKey
    sealing: X25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        """New keys from the system's randomness."""
        return cls(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_private(cls, signing: bytes, sealing: bytes) -> Self:
        """The identity of two 32-byte private keys; ValueError for other lengths."""
        return cls(Ed25519PrivateKey.from_private_bytes(signing), X25519PrivateKey.from_private_bytes(sealing))

    @property
    def key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return self.signing.public_key().public_bytes_raw()

    @property
    def member(self) -> MemberId:
        """The member's id."""
        return member_id(self.key)

    @property
    def encryption_key(self) -> bytes:
        """The X25519 public key, 32 bytes."""
        return self.sealing.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature of `data`."""
        return self.signing.sign(data)


def verify(key: bytes, sig: bytes, data: bytes) -> bool:
    """Whether `sig` is the signature of `data` by the holder of `key`; False for malformed keys too."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(sig, data)
    except (InvalidSignature, ValueError):
        return False
    return True
