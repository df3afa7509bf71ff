"""A membership (a space, its secret, who I am in it and why I may be), and how one begins."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from escalate_daemon.core.admission import NONCE_BYTES, Roster
from escalate_daemon.core.ids import SpaceId, fold, space_id_of_creator
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.wire import WireError
from escalate_daemon.trust.admission import introduce_creator, introduce_in_the_open
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity, verify

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Membership:
    """`chain` runs from the creator to me; in an open space it is my own introduction alone."""

    space: SpaceId
    space_name: str
    secret: bytes = field(repr=False)
    epoch: int
    open_space: bool
    chain: tuple[Introduction, ...]
    identity: Identity = field(repr=False)
    name: str  # mine, as introduced

    @property
    def introducer_key(self) -> bytes | None:
        """The public key of who let me in; None for the creator and in open spaces."""
        return self.chain[-2].key if len(self.chain) > 1 else None

    def checked(self) -> Self:
        """Itself; TrustError unless its chain admits its key to its space."""
        roster = Roster(self.space, open_space=self.open_space, verifier=verify)
        try:
            roster.admit_chain(self.chain)
        except WireError as error:
            raise TrustError(f"the membership does not hold: {error}") from error
        if self.chain[-1].key != self.identity.key or len(self.secret) != SECRET_BYTES or self.epoch < 0:
            raise TrustError("the membership does not hold: it is another key's")
        return self


def create_space(name: str, person: str) -> Membership:
    """A new closed space, made by `person`: nobody else is in it until invited."""
    identity = Identity.generate()
    nonce = secrets.token_bytes(NONCE_BYTES)
    space = space_id_of_creator(identity.key, nonce)
    chain = (introduce_creator(identity, space, person, nonce),)
    secret = secrets.token_bytes(SECRET_BYTES)
    return Membership(space, name, secret, 0, open_space=False, chain=chain, identity=identity, name=person)


def open_space(name: str, person: str) -> Membership:
    """The open space of this name, for demos: whoever knows the name is in it."""
    identity = Identity.generate()
    folded = fold(name.strip()).encode("utf-8", "replace")
    space = SpaceId(hashlib.sha256(b"escalate open space 1\0" + folded).digest()[:16])
    secret = hashlib.sha256(b"escalate open secret 1\0" + folded).digest()
    chain = (introduce_in_the_open(identity, person),)
    named = name.strip()
    return Membership(space, named, secret, 0, open_space=True, chain=chain, identity=identity, name=person)
