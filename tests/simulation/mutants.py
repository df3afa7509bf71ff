"""Planted bugs: each breaks one idea of the design, from outside, and the oracle must catch it.

Nothing here is shipped; each is a patch of a module, a subclass of Node, or a shell that breaks its contract.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from escalate_daemon.core import graph, ladder, mesh, slots, tuning, wire
from escalate_daemon.core.answering import Answering, HandAnswers
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.effects import Bucket, Effect, Show, Store, Stored, Urgency
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.following import Following
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId, MemberId, SpaceId
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.node import Node
from escalate_daemon.core.own import store_key
from escalate_daemon.core.views import EndReason
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
    shown = {effect.hand.encode() for effect in others if isinstance(effect, Show) and effect.urgency is Urgency.RING}
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


# --- Answers, ladder, presence ---------------------------------------------------------------------
_ALL_ANSWERS, _SET_PRESENCE = Answering.of, Myself.set_presence
_RAISED_AT: dict[HandId, int] = {}  # by the wall of the owner, as if the record carried it


def _of_reachable(self: Answering, hand: str, owner: MemberId) -> HandAnswers:
    """Who cannot be reached is taken at no word."""
    answers = _ALL_ANSWERS(self, hand, owner)
    here = {who for who, _ in (*answers.claims, *answers.lines) if who == self._ctx.me or self._reach.is_reachable(who)}
    return HandAnswers(
        tuple(claim for claim in answers.claims if claim[0] in here),
        tuple(line for line in answers.lines if line[0] in here),
        answers.forgotten,
    )


def _in_two_writes(self: Myself, presence: str, room: str = "", *, ends: EndReason | None) -> HandId | None:
    """First the presence, then the end."""
    _SET_PRESENCE(self, presence, room, ends=None)
    return None if ends is None else self.end_hand(ends)


class CountsByWall(Following):
    """A step is due by what two wall clocks say."""

    offset = 0  # ms, of the wall against the node's clock

    def _fire(self, known: Known) -> None:
        wall = self.ctx.now + self.offset
        if known.owner == self.ctx.me:
            _RAISED_AT.setdefault(known.id, wall - known.age(self.ctx.now))
        fired = known.fired | ladder.due(known.hand, wall - _RAISED_AT.get(known.id, wall))
        if fired != known.fired and not self.answering.claimed(known.id, known.owner):
            known.fired = fired
            self.hands.updated(known.id)


class ClimbsByWall(Node):
    """Its ladder is `CountsByWall`."""

    def __init__(
        self, config: NodeConfig, stored: Mapping[Bucket, Mapping[bytes, Stored]], *, now: int, unix_s: int
    ) -> None:
        self._offset = unix_s * 1000 - now
        super().__init__(config, stored, now=now, unix_s=unix_s)

    def _make_following(self) -> Following:
        notices = (self._answering, self._quietness, self._owner)
        following = CountsByWall(self._ctx, self._hands, self._rings, *notices, self._viewer, self._me)
        following.offset = self._offset
        return following


_Patch = Callable[[], AbstractContextManager[object]]

MUTANTS: Final[dict[str, tuple[Build, tuple[_Patch, ...]]]] = {
    "no-content-hash": (Build(), (lambda: patch.object(wire, "version_of", _no_content),)),
    "send-before-store": (Build(shell=send_first), ()),
    "ending-is-deletion": (Build(node_class=ForgetsEnds), ()),
    "ring-recorded-late": (Build(shell=ring_after), ()),
    "edge-of-one-end": (Build(), (lambda: patch.object(graph, "mutual", _listed_by_one),)),
    "disk-shown-unasked": (Build(node_class=BelievesItsDisk), ()),
    "claim-dropped-at-cut": (Build(), (lambda: patch.object(Answering, "of", _of_reachable),)),
    "ladder-by-wall": (Build(node_class=ClimbsByWall), ()),
    "two-writes": (Build(), (lambda: patch.object(Myself, "set_presence", _in_two_writes),)),
    "dead-claimant": (Build(), (lambda: patch.object(Answering, "_counts_until", lambda *_: None),)),
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
