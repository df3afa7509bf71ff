"""Who has been joined to whom by a path, without a gap, and since when; and who has been apart."""


class Connectivity:
    """A graph over machines as the world knows it. Times in ms; equal components keep their times."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.labels = list(range(count))
        self._joined: list[list[int | None]] = [[None] * count for _ in range(count)]
        self._apart: list[list[int | None]] = [[0] * count for _ in range(count)]
        self._parted: list[list[int]] = [[0] * count for _ in range(count)]
        self._edges: list[tuple[int, int]] = []

    def update(self, edges: list[tuple[int, int]], now: int) -> None:
        """The edges are these now."""
        if edges == self._edges:
            return
        self._edges = edges
        labels = self._label(edges)
        if labels == self.labels:
            return
        before, self.labels = self.labels, labels
        for a in range(self.count):
            joined, apart = self._joined[a], self._apart[a]
            for b in range(self.count):
                if a == b:
                    continue
                together = labels[a] == labels[b]
                if together != (before[a] == before[b]):
                    joined[b] = now if together else None
                    apart[b] = None if together else now
                    if not together:
                        self._parted[a][b] = now

    def _label(self, edges: list[tuple[int, int]]) -> list[int]:
        parent = list(range(self.count))

        def root(node: int) -> int:
            while parent[node] != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        for one, other in edges:
            a, b = root(one), root(other)
            if a < b:
                parent[b] = a
            elif b < a:
                parent[a] = b
        return [root(node) for node in range(self.count)]

    def joined_since(self, one: int, other: int) -> int | None:
        """Since when a path joins them without a gap; None while none does."""
        return self._joined[one][other]

    def apart_since(self, one: int, other: int) -> int | None:
        """Since when no path joins them; None while one does."""
        return self._apart[one][other]

    def last_parted(self, one: int, other: int) -> int:
        """When they last came apart, whether they are joined again or not; 0: never."""
        return self._parted[one][other]

    def component(self, index: int) -> list[int]:
        """All that are joined to this one, itself included."""
        label = self.labels[index]
        return [i for i, other in enumerate(self.labels) if other == label]
