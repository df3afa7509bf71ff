"""What the parts of a node share: who I am, what time it is, where randomness comes from, where effects go."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from escalate_daemon.core.effects import Effect
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import MemberId, SpaceId, member_id
from escalate_daemon.core.slots import Introduction


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What makes a node this member of this space.

    `chain` runs from the space's creator to me; in an open space it is my own introduction alone. `signer`
    signs with my key; `verifier` takes (public key, signature, data). `rng` is the only source of chance.
    """

    space: SpaceId
    open_space: bool
    chain: tuple[Introduction, ...]
    encryption_key: bytes
    signer: Callable[[bytes], bytes]
    verifier: Callable[[bytes, bytes, bytes], bool]
    rng: random.Random
    name: str


class Context:
    """One per node. `now` is the time of the step being taken, in ms that count sleep."""

    def __init__(self, config: NodeConfig, now: int) -> None:
        self.config = config
        self.me: MemberId = member_id(config.chain[-1].key)
        self.boot = config.rng.randbytes(8)
        self.rng = config.rng
        self.now = now
        self.started = now
        self._out: list[Effect | Fact] = []

    def emit(self, effect: "Effect | Fact") -> None:
        """Ask the world for something, or tell it a fact, after all that was asked before."""
        self._out.append(effect)

    def drain(self) -> "list[Effect | Fact]":
        """All that was emitted since the last drain, in order."""
        out, self._out = self._out, []
        return out
