"""What each frame does: pings answered, probes judged, tables compared, records absorbed."""

from collections.abc import Callable
from dataclasses import dataclass

from escalate_daemon.core import wire
from escalate_daemon.core.absorb import Absorb
from escalate_daemon.core.context import Context
from escalate_daemon.core.density import Density
from escalate_daemon.core.effects import Send
from escalate_daemon.core.facts import PeerRefused
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.ids import LinkId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.pruning import Pruning
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.wire import Have, Hello, Ping, Pong, SlotKey, SlotsFrame, Want, WireError


@dataclass(frozen=True, slots=True)
class Frames:
    """Dispatches the frames of one node. `close` closes a link from this side."""

    ctx: Context
    links: LinkTable
    gossip: Gossip
    mesh: Mesh
    density: Density
    pruning: Pruning
    reach: Reachability
    replica: Replica
    absorb: Absorb
    close: Callable[[LinkId, str], None]

    def receive(self, link: Link, data: bytes) -> bool:
        """Do what the frame asks; whether anything may have become due earlier by it."""
        try:
            return self._receive(link, wire.decode_frame(data))
        except WireError as error:
            self.ctx.emit(PeerRefused(link.peer, str(error)))
            self.close(link.id, "a frame that no honest daemon sends")
            return True

    def _receive(self, link: Link, frame: wire.AnyFrame) -> bool:
        match frame:
            case Ping(nonce, fingerprint):
                mine = self.replica.fingerprint()
                self.ctx.emit(Send(link.id, wire.encode(Pong(nonce, mine)), urgent=True))
                return self._heard_fingerprint(link, fingerprint)
            case Pong(nonce, fingerprint):
                self.links.answered(link, nonce)
                return self._heard_fingerprint(link, fingerprint)
            case Hello():
                raise WireError("a second hello")
        if link.probe:
            self._keep(link)  # the peer found that it is worth it
        match frame:
            case Have():
                self.gossip.on_have(link.id, frame)
            case Want():
                self.gossip.on_want(link.id, frame)
            case SlotsFrame():
                return self._absorb(link, frame)
        return False

    def _absorb(self, link: Link, frame: SlotsFrame) -> bool:
        changed = False
        try:
            self.absorb.merging.admit(frame.intros)
            for record in frame.records:
                changed = self.absorb.record(record, link) or changed
            return changed
        finally:
            self.gossip.answered(link.id, [SlotKey(r.member, r.slot) for r in frame.records])

    def _heard_fingerprint(self, link: Link, fingerprint: bytes) -> bool:
        differs = fingerprint != self.replica.fingerprint()
        if link.probe:
            if differs or not self.reach.is_reachable(link.peer) or self.density.is_small():
                self._keep(link)
            elif link.dialled:
                self.close(link.id, "the probe found nothing new")
            return True
        compared = link.compared
        self.gossip.heard_fingerprint(link.id, fingerprint)
        return differs or not compared

    def _keep(self, link: Link) -> None:
        """The probe stays: a link like any other now, in the place of a random one where the mesh is full."""
        link.probe = False
        self.mesh.judged(link.id)
        self.gossip.open(link)
        replaced = self.pruning.replaced_by(link) if link.dialled else None
        if replaced is not None:
            self.close(replaced, "replaced by a probe that stays")
