"""What the tables stand on: LANs of namespaces with ours on one, and Serf and the star on another like it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.children import Children
from bench.lans import lan_of
from bench.ours import Ours
from bench.serf import Serf, why_missing
from bench.stamps import Stamps
from support.machine import Machines
from support.netns import Lan


@dataclass
class Rig:
    """Everything of one table; nothing of it outlives the `with`."""

    folder: Path
    stamps: Stamps
    children: Children
    machines: Machines
    lan: Lan  # ours
    other_lan: Lan  # of those beside us: what their wires carry is counted apart
    ours: Ours
    serf: Serf | None  # where it is installed

    def lose(self, percent: int) -> None:
        """Every frame between any two hosts of either LAN is lost with this probability."""
        for lan in (self.lan, self.other_lan):
            lan.lose(percent)


@contextmanager
def rig(hosts: int, other_hosts: int, *, stamped: bool = True) -> Iterator[Rig]:
    """LANs with room for so many hosts. `stamped`: ours have the bench's notifier instead of the product's own."""
    with ExitStack() as stack:
        machines = stack.enter_context(Machines())
        lan = stack.enter_context(lan_of(hosts))
        other_lan = stack.enter_context(lan_of(other_hosts))
        children = stack.enter_context(Children())
        stamps = Stamps(machines.folder / "stamps")
        ours = Ours(lan, machines, children, stamps if stamped else None)
        wanted = other_hosts and why_missing() is None
        serf = Serf(other_lan, machines.folder, children, stamps) if wanted else None
        yield Rig(machines.folder, stamps, children, machines, lan, other_lan, ours, serf)
