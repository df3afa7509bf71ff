"""The mesh of one member without a node around it: links come and go as a test says."""

from dataclasses import dataclass, field

from escalate_daemon.core import tuning
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.density import Density
from escalate_daemon.core.effects import Dial
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.pruning import Pruning
from escalate_daemon.core.reach import Reachability
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")
START = 100_000_000  # ms, when it begins
LOW, HIGH = MemberId(bytes(16)), MemberId(b"\xff" * 16)  # on either side of any id


def member(number: int) -> MemberId:
    """The crowd's member of this number."""
    return MemberId(b"\x01" + number.to_bytes(15, "big"))


@dataclass
class Net:
    """Ana's mesh. `crowd` others are known with an address each; the first `there` of them reachable (all, where
    it is None), and that for long enough to be believed.
    """

    crowd: int
    there: int | None = None
    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    degrees: dict[MemberId, int] = field(default_factory=dict)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.links = LinkTable(self.ctx)
        self.members = [member(n) for n in range(self.crowd)]
        me, there = self.ctx.me, self.members[: self.there]
        self.reach = Reachability(me)
        self.book = AddressBook(self.ctx, self.reach.is_reachable)
        self.reach.update([me, *self.members], lambda m: there if m == me else [me] if m in there else [], START)
        self.density = Density(self.ctx, self.reach)
        self.density.opens()
        self.ctx.now += tuning.COUNT_STANDS
        self.mesh = Mesh(
            self.ctx, self.links, self.book, self.reach, density=self.density, members=lambda: self.members
        )
        self.pruning = Pruning(
            self.ctx, self.links, self.reach, density=self.density, degree=lambda m: self.degrees.get(m, 0)
        )
        for n in range(self.crowd):
            self.book.publish(member(n), (f"m{n}:1",))

    def dials(self, after: int = 0) -> list[Dial]:
        """What is dialled now."""
        self.ctx.now += after
        self.mesh.run()
        dialled = self.ctx.drain()
        assert all(isinstance(d, Dial) for d in dialled)
        return [d for d in dialled if isinstance(d, Dial)]

    def link(
        self,
        peer: MemberId,
        *,
        dialled: bool = True,
        probe: bool = False,
        compared: bool = True,
    ) -> Link:
        """A link comes up."""
        self.numbers += 1
        now = self.ctx.now
        up = Link(LinkId(self.numbers), peer, None, dialled, probe, now, now, None, compared=compared)
        self.links.add(up)
        self.mesh.link_up(up)
        self.pruning.changed()
        return up

    def answered(self, dial: Dial) -> Link:
        """A dial succeeds."""
        ended = self.mesh.dial_ended(dial.dial)
        assert ended is not None
        assert ended.member is not None
        self.book.succeeded(dial.address, ended.member)
        return self.link(ended.member, probe=ended.probe)
