"""The authority that a shared secret makes: each holder of the secret derives the same.

It signs each holder's certificate for its own identity key. Nothing in them names a person or a host, and
they never end: the secret and the roster say who belongs, not dates.
"""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

_FROM: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """A derived signing key and its self-signed certificate, the same at every holder to the byte."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    def issue(self, holder: Ed25519PublicKey) -> x509.Certificate:
        """A certificate for a holder's identity key."""
        return _certificate(holder, self.key, is_authority=False)


def space_authority(secret: bytes, epoch: int) -> Authority:
    """The authority of a space in one epoch."""
    return _authority(derive(secret, b"escalate space authority 1\0" + epoch.to_bytes(8, "big")))


def invite_authority(secret: bytes) -> Authority:
    """The authority of one invite: it makes the invite's door, and nothing but that."""
    return _authority(derive(secret, b"escalate invite authority 1\0"))


def derive(secret: bytes, purpose: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256: `length` bytes for one purpose, which tell nothing about those for another."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret)


def _authority(seed: bytes) -> Authority:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return Authority(key, _certificate(key.public_key(), key, is_authority=True))


def _certificate(holder: Ed25519PublicKey, signer: Ed25519PrivateKey, *, is_authority: bool) -> x509.Certificate:
    """Python 3.13's strict contexts ask for both key identifiers, key usage and a subject."""
    above = signer.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name_of(holder))
        .issuer_name(_name_of(above))
        .public_key(holder)
        .serial_number(_serial(holder, above))
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(_usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(holder), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )
    return builder.sign(signer, None)


def _name_of(key: Ed25519PublicKey) -> x509.Name:
    digest = hashlib.sha256(b"escalate subject 1\0" + key.public_bytes_raw()).hexdigest()
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, digest[:32])])


def _serial(holder: Ed25519PublicKey, above: Ed25519PublicKey) -> int:
    """Positive, and the same whenever it is issued: certificates here are deterministic."""
    digest = hashlib.sha256(b"escalate serial 1\0" + holder.public_bytes_raw() + above.public_bytes_raw())
    return int.from_bytes(digest.digest()[:16], "big") | 1


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
