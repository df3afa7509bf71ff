"""Time bounds that are fair: they count from connectivity, and a fault gives its neighbours time to recover."""

from simulation.machine import Machine
from simulation.witness import Witness
from simulation.world import World

PROMPT = 2_000  # ms: a LAN without faults
MENDED = 10_000  # ms: after a heal or a wake, redialling included
NOTICED = 16_000  # ms: by then a dead link is known at both its ends
CONVERGED = 6_000  # ms: after the last write or fault


class Fairness(Witness):
    """Knows until when each machine may still suffer from a fault."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.until = [0] * len(world.machines)
        self._component_until: dict[int, int] = {}
        self._vanished: dict[tuple[int, int], int] = {}

    def fault(self, machines: list[Machine], allowance: int) -> None:
        end = self.world.now + allowance
        for machine in machines:
            self.until[machine.index] = max(self.until[machine.index], end)

    def mended(self, allowance: int) -> None:
        self.until = [min(until, self.world.now + allowance) for until in self.until]

    def look(self) -> None:
        """Once a sweep: what each component as a whole still suffers."""
        worst: dict[int, int] = {}
        for label, until in zip(self.world.ways.labels, self.until, strict=True):
            worst[label] = max(worst.get(label, 0), until)
        self._component_until = worst
        self._vanished = {}

    def calm_from(self, index: int) -> int:
        """When all of this machine's component has recovered, ms."""
        return self._component_until[self.world.ways.labels[index]]

    def joined_by(self, one: int, other: int) -> int | None:
        """By when news must pass between them, whatever the news; None: they are apart."""
        linked = self.world.links.joined_since(one, other)
        open_since = self.world.ways.joined_since(one, other)
        times = [since + bound for since, bound in ((linked, PROMPT), (open_since, MENDED)) if since is not None]
        if not times:
            return None
        return max(min(times), self.calm_from(one), self.calm_from(other))

    def due(self, one: int, other: int, since: int) -> int | None:
        """By when what `one` has known since then must have had its effect at `other`; None: they are apart."""
        joined = self.joined_by(one, other)
        return None if joined is None else max(joined, since + PROMPT)

    def vanished_at(self, viewer: int, owner: int) -> int | None:
        """When the last of the viewer's present company lost the owner; None: some path joins them."""
        if self.apart_since(viewer, owner) is None:
            return None
        key = (viewer, owner)
        if key not in self._vanished:
            company = {*self.world.ways.component(viewer), *self.world.links.component(viewer)}
            times = [self.apart_since(other, owner) for other in company if other != owner]
            last = max((time for time in times if time is not None), default=0)
            self._vanished[key] = self._last_witness_gone(viewer, owner, last)
        return self._vanished[key]

    def _last_witness_gone(self, viewer: int, owner: int, vanished: int) -> int:
        """A neighbour that vanishes itself before it can have noticed is believed until its own loss is noticed."""
        parted = sorted(
            self.world.links.last_parted(viewer, k) for k in range(len(self.until)) if k not in (viewer, owner)
        )
        for time in parted:
            if vanished < time <= vanished + NOTICED:
                vanished = time
        return vanished

    def apart_since(self, one: int, other: int) -> int | None:
        """Since when neither a stream nor a way joins them."""
        linked, open_since = self.world.links.apart_since(one, other), self.world.ways.apart_since(one, other)
        return None if linked is None or open_since is None else max(linked, open_since)
