"""Cheap keys for simulated members: a keyed hash stands in for Ed25519. Only here, never in the product."""

import hashlib
import random
from dataclasses import dataclass, field

from escalate_daemon.core.admission import introduction_bytes
from escalate_daemon.core.ids import MemberId, SpaceId, member_id, space_id_of_creator
from escalate_daemon.core.slots import Introduction


@dataclass(frozen=True, slots=True)
class Keys:
    """One member's fake identity."""

    public: bytes
    private: bytes

    @property
    def member(self) -> MemberId:
        """The member's id."""
        return member_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """A signature that only Keyring.verify understands."""
        return hashlib.blake2b(data, key=self.private, digest_size=64).digest()


@dataclass(slots=True)
class Keyring:
    """All identities of one world, so that a verifier can check without asymmetry."""

    rng: random.Random
    private: dict[bytes, bytes] = field(default_factory=dict)

    def new(self) -> Keys:
        """A fresh identity."""
        keys = Keys(self.rng.randbytes(32), self.rng.randbytes(32))
        self.private[keys.public] = keys.private
        return keys

    def verify(self, key: bytes, signature: bytes, data: bytes) -> bool:
        """Whether `key`'s holder signed `data`."""
        private = self.private.get(key)
        return private is not None and Keys(key, private).sign(data) == signature


@dataclass(frozen=True, slots=True)
class Charter:
    """One space and each member's chain of introductions, creator first."""

    space: SpaceId
    open_space: bool
    chains: tuple[tuple[Introduction, ...], ...]


def open_charter(keys: list[Keys], names: list[str], rng: random.Random) -> Charter:
    """An open space: every key introduces itself."""
    chains = tuple((Introduction(key=k.public, name=name),) for k, name in zip(keys, names, strict=True))
    return Charter(SpaceId(rng.randbytes(16)), open_space=True, chains=chains)


def closed_charter(keys: list[Keys], names: list[str], rng: random.Random) -> Charter:
    """A closed space: the first creates it, each other is introduced by a random earlier one."""
    nonce = rng.randbytes(16)
    space = space_id_of_creator(keys[0].public, nonce)
    by_nobody = introduction_bytes(space, keys[0].public, names[0], b"", nonce)
    chains: list[tuple[Introduction, ...]] = [
        (Introduction(keys[0].public, names[0], b"", nonce, keys[0].sign(by_nobody)),)
    ]
    for index in range(1, len(keys)):
        shallow = [i for i in range(index) if len(chains[i]) < 12]
        introducer = rng.choice(shallow)
        by = keys[introducer].member
        signed = introduction_bytes(space, keys[index].public, names[index], by, b"")
        own = Introduction(keys[index].public, names[index], by, b"", keys[introducer].sign(signed))
        chains.append((*chains[introducer], own))
    return Charter(space, open_space=False, chains=tuple(chains))
