"""TLS contexts in which only holders of a secret meet: members of a space, or the two sides of a door.

TLS 1.3 alone, certificates asked for on both sides, no names checked (there are none), no session tickets.
"""

import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from escalate_daemon.trust.authority import Authority, derive, invite_authority, space_authority
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.keyfile import load_chain

MEMBER_SNI: Final = "escalate"  # one word for every member of every space: it tells nothing


@dataclass(frozen=True, slots=True)
class ContextPair:
    """One identity's contexts under one authority. Both verify, as an SNI switch keeps the first's mode."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def member_context_pair(identity: Identity, secret: bytes, epoch: int, folders: Sequence[Path] = ()) -> ContextPair:
    """For links between members of the space of `secret` in this epoch. `folders`, TrustError: see keyfile."""
    return _pair(identity, space_authority(secret, epoch), folders)


def door_context_pair(identity: Identity, invite_secret: bytes, folders: Sequence[Path] = ()) -> ContextPair:
    """For an invite's door: the inviter uses the server's, the joiner the client's. `folders`, TrustError: as above."""
    return _pair(identity, invite_authority(invite_secret), folders)


def sni_for_invite(secret: bytes) -> str:
    """The server name by which a joiner asks for its invite's door: it betrays nothing of the secret."""
    return derive(secret, b"escalate invite label 1\0", 16).hex()


def _pair(identity: Identity, authority: Authority, folders: Sequence[Path]) -> ContextPair:
    pair = ContextPair(_context(ssl.PROTOCOL_TLS_SERVER, authority), _context(ssl.PROTOCOL_TLS_CLIENT, authority))
    pair.server.num_tickets = 0
    password = secrets.token_hex(16)
    certificate = authority.issue(identity.signing.public_key()).public_bytes(Encoding.PEM)
    encryption = BestAvailableEncryption(password.encode())
    key = identity.signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    load_chain((pair.server, pair.client), key + certificate, password, folders)
    return pair


def _context(protocol: int, authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on: alike everywhere
    context.load_verify_locations(cadata=authority.certificate.public_bytes(Encoding.DER))
    return context
