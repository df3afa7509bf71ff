"""Planted bugs."""
from collections.abc import Iterator
from contextlib import contextmanager
from simulation.world import Build
MUTANTS: dict[str, object] = {}
@contextmanager
def planted(name: str | None) -> Iterator[Build]:
    yield Build()
