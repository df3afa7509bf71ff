"""The members of one made-up space, with cheap keys: configurations, contexts and signed records for core tests."""

import random
from functools import cache

import msgspec

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.context import Context, NodeConfig
from escalate_daemon.core.ids import MemberId, hand_id
from escalate_daemon.core.replica import Held
from escalate_daemon.core.slots import Body, Hand, Introduction, Profile
from escalate_daemon.core.wire import Record
from simulation.keyring import Charter, Keyring, Keys, closed_charter, open_charter

BOOT = b"boot-one"


class Cast:
    """Named members of one space; the first made it. Keys and records are the same in every run."""

    def __init__(self, *names: str, open_space: bool = False) -> None:
        rng = random.Random("cast " + " ".join(names))
        self.names = names
        self.keyring = Keyring(rng)
        self.keys: list[Keys] = [self.keyring.new() for _ in names]
        charter = open_charter if open_space else closed_charter
        self.charter: Charter = charter(self.keys, list(names), rng)

    def id(self, name: str) -> MemberId:
        """The member's id."""
        return self.keys[self.names.index(name)].member

    def key(self, name: str) -> bytes:
        """The member's public key."""
        return self.keys[self.names.index(name)].public

    def chain(self, name: str) -> tuple[Introduction, ...]:
        """Introductions from the creator down to the member."""
        return self.charter.chains[self.names.index(name)]

    def config(self, name: str, seed: int | str = 0) -> NodeConfig:
        """What makes a node this member."""
        index = self.names.index(name)
        return NodeConfig(
            space=self.charter.space,
            open_space=self.charter.open_space,
            chain=self.charter.chains[index],
            encryption_key=b"x" * 32,
            signer=self.keys[index].sign,
            verifier=self.keyring.verify,
            rng=random.Random(f"{name} {seed}"),
            name=name,
        )

    def context(self, name: str, now: int = 1_000_000) -> Context:
        """A context of this member, to build single parts on."""
        return Context(self.config(name), now)

    def record(
        self,
        name: str,
        slot: str,
        body: Body | bytes,
        version: tuple[int, int] = (1, 1),
        *,
        boot: bytes = BOOT,
        age: int = 0,
    ) -> Record:
        """A slot as the member itself would sign it."""
        data = body if isinstance(body, bytes) else wire.encode(body)
        bare = Record(self.id(name), slot, *version, boot, data, b"", age)
        sig = self.keys[self.names.index(name)].sign(wire.signed_bytes(self.charter.space, bare))
        return Record(self.id(name), slot, *version, boot, data, sig, age)

    def profile(self, who: str, /, **parts: object) -> Profile:
        """The member's profile, other fields as given."""
        return msgspec.structs.replace(Profile(self.key(who), who, intro=self.chain(who)[-1]), **parts)

    def hand(self, name: str, number: int = 1, level: str = slots.RED, **parts: object) -> Hand:
        """A hand of the member: the same number is the same hand. Other fields as given."""
        nonce = b"nonce %d" % number
        base = Hand(hand_id(self.id(name), nonce), level, "help", max_age=tuning.MAX_AGE, nonce=nonce)
        return msgspec.structs.replace(base, **parts)

    def held(self, record: Record, since: int = 1_000_000) -> Held:
        """The record as a replica holds it."""
        return Held(record, wire.version_of(self.charter.space, record), since, record.age)

    def profile_record(self, who: str, version: tuple[int, int] = (1, 1), /, **parts: object) -> Record:
        """The member's signed profile, which admits it."""
        return self.record(who, slots.PROFILE, self.profile(who, **parts), version)


@cache
def cast_of(*names: str) -> Cast:
    """A closed space of these; the same object each time, because nothing changes it."""
    return Cast(*names)
