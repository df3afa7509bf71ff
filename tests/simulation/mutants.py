"""Planted bugs: each breaks one idea of the design, from outside, and the oracle must catch it.

Nothing here is shipped; each is a patch of a module, a subclass of Node, or a shell that breaks its contract.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from escalate_daemon.core import graph, mesh, slots, tuning, wire
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.effects import Bucket, Effect, Show, Store, Stored
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import MemberId, SpaceId
from escalate_daemon.core.node import Node
from escalate_daemon.core.own import store_key
from escalate_daemon.core.wire import Record, SlotKey, Version
from simulation.machine import Machine
from simulation.shell import Trap, commit_first
from simulation.world import Build


class ForgetsEnds(Node):
    """Ending as deletion: a state without a hand is not kept, so an older one with a hand can come back."""

    def effects(self) -> "list[Effect | Fact]":
        for member in list(self._replica.members()):
            state = self._replica.state(member)
            if state is not None and state.hand is None and state.end is not None:
                key = SlotKey(member, slots.STATE)
                self._replica.forget(key)
                self._ctx.emit(Store(Bucket.SLOTS, store_key(key), None))
        return super().effects()


class BelievesItsDisk(Node):
    """A stored hand is shown before the first comparison."""

    def __init__(
        self, config: NodeConfig, stored: Mapping[Bucket, Mapping[bytes, Stored]], *, now: int, unix_s: int
    ) -> None:
        super().__init__(config, stored, now=now, unix_s=unix_s)
        self._compared = self._hands.settled = True
        self._dirty = True


def send_first(machine: Machine, stores: list[Store], others: "list[Effect | Fact]") -> None:
    """A version is not stored before it is sent: the commit comes last, and a crash may fall in between."""
    trap, machine.trap = machine.trap, None
    fits = trap is not None and trap is not Trap.BEFORE_SHOW and bool(stores)
    if stores:
        machine.world.witness.wrote(machine, stores, committed=False)
    for effect in others:
        machine.perform(effect)
        if machine.node is None:
            return
    if fits:
        machine.crash()
        return
    machine.trap = trap
    machine.disk.commit(stores, machine.wall)


def ring_after(machine: Machine, stores: list[Store], others: "list[Effect | Fact]") -> None:
    """A ring is recorded only after it was shown."""
    shown = {effect.hand.encode() for effect in others if isinstance(effect, Show)}
    kept = [store for store in stores if store.bucket is not Bucket.RINGS or store.key not in shown]
    commit_first(machine, kept, others)


def _no_content(space: SpaceId, record: Record) -> Version:
    return Version(record.incarnation, record.seq, bytes(16))


def _listed_by_one(one: MemberId, other: MemberId, lists: Mapping[MemberId, frozenset[MemberId]]) -> bool:
    """An edge counts where either end lists it."""
    return other in lists.get(one, ()) or one in lists.get(other, ())


def _no_probe(self: mesh.Mesh) -> None:
    """Islands never ask each other."""
    self._next_probe = max(self._next_probe, self._ctx.now + tuning.PROBE_EVERY)


_Patch = Callable[[], AbstractContextManager[object]]

MUTANTS: Final[dict[str, tuple[Build, tuple[_Patch, ...]]]] = {
    "no-content-hash": (Build(), (lambda: patch.object(wire, "version_of", _no_content),)),
    "send-before-store": (Build(shell=send_first), ()),
    "ending-is-deletion": (Build(node_class=ForgetsEnds), ()),
    "ring-recorded-late": (Build(shell=ring_after), ()),
    "edge-of-one-end": (Build(), (lambda: patch.object(graph, "mutual", _listed_by_one),)),
    "disk-shown-unasked": (Build(node_class=BelievesItsDisk), ()),
    "no-probes": (Build(), (lambda: patch.object(mesh.Mesh, "_probe", _no_probe),)),
}


@contextmanager
def planted(name: str | None) -> Iterator[Build]:
    """The build with this mutant planted; the product itself for None."""
    if name is None:
        yield Build()
        return
    build, patches = MUTANTS[name]
    with ExitStack() as stack:
        for make in patches:
            stack.enter_context(make())
        yield build
