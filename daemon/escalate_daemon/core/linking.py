"""The life of links: one that comes up is known, has room or makes it, is compared; one that goes is missed."""

from collections.abc import Callable
from dataclasses import dataclass

from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.pruning import Pruning


@dataclass(frozen=True, slots=True)
class Linking:
    """`changed` is called when a link that may be listed has gone."""

    ctx: Context
    links: LinkTable
    mesh: Mesh
    book: AddressBook
    pruning: Pruning
    gossip: Gossip
    changed: Callable[[], None]

    def up(self, link: LinkId, peer: PeerHello, dial: DialId | None) -> None:
        """A link is up, both hellos heard. `dial` is the Dial it answers, None where the peer dialled."""
        now = self.ctx.now
        dialling = None if dial is None else self.mesh.dial_ended(dial)
        probe = peer.hello.probe if dial is None else dialling is not None and dialling.probe
        up = Link(link, peer.member, peer.address, dial is not None, probe, now, now, None if dial is None else now)
        self.links.add(up)
        if peer.address is not None:
            self.book.succeeded(peer.address, peer.member)
            if dialling is not None and dialling.member not in (None, peer.member):
                self.book.failed(dialling.address, recent=True)  # another lives where the wanted one said to
        if peer.member == self.ctx.me:
            self.links.close(link, "myself")
        elif self._has_room(up, peer.hello.degree):
            self.mesh.link_up(up)
            self.pruning.changed()
            if not probe:
                self.gossip.open(up)

    def _has_room(self, newcomer: Link, degree: int) -> bool:
        """Make room for a link, or close it."""
        displaced = self.pruning.displaced_by(newcomer, degree)
        if displaced == newcomer.id:
            self.links.close(newcomer.id, "as many links as may be")
        elif displaced is not None:
            self.close(displaced, "it goes for a newer link")
        return displaced != newcomer.id

    def gone(self, link: Link | None) -> None:
        """A link is no more; None: it was none."""
        if link is not None:
            self.gossip.close(link.id)
            self.mesh.link_gone(link)
            self.pruning.changed()
            self.changed()

    def close(self, link: LinkId, reason: str) -> None:
        """Close a link of ours."""
        self.gone(self.links.close(link, reason))
