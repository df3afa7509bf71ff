"""Who was told what, and when: one file to which every host of a bench appends one short line a fact.

A line is MOMENT HOST KEY. MOMENT is CLOCK_MONOTONIC in ns, which all namespaces share; with an `r` before it,
CLOCK_REALTIME, for programs that cannot tell the other. Nobody is woken by a line, so stamping disturbs little.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.pause import soon

MISSED_AFTER_S: Final = 10.0  # who was not told by then was missed
NS: Final = 1_000_000  # in a millisecond


@dataclass(frozen=True)
class Told:
    """One red: how long until the last was told, among those told; how many never were."""

    last_ms: float
    missed: int


class Stamps:
    """The file, read onwards as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        self._read = 0
        self._seen: dict[str, dict[str, int]] = {}

    def moments(self, key: str) -> dict[str, int]:
        """When each host was first told of `key`, ns of CLOCK_MONOTONIC."""
        self._read_on()
        return self._seen.get(key, {})

    def all_told(self, key: str, hosts: Iterable[str], within_s: float = MISSED_AFTER_S) -> bool:
        """Wait until every one of `hosts` was told of `key`; whether they were."""
        wanted = set(hosts)
        return soon(lambda: wanted <= self.moments(key).keys(), within_s)

    def told(self, key: str, hosts: Iterable[str], began_ns: int) -> Told:
        """Wait for all of `hosts`, at most MISSED_AFTER_S; what came of it since `began_ns`."""
        wanted = set(hosts)
        self.all_told(key, wanted)
        moments = [at for host, at in self.moments(key).items() if host in wanted]
        return Told((max(moments, default=began_ns) - began_ns) / NS, len(wanted) - len(moments))

    def _read_on(self) -> None:
        if self.path.stat().st_size == self._read:
            return
        ahead = time.time_ns() - time.monotonic_ns()
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole, _, _ = file.read().rpartition(b"\n")
        if not whole:
            return
        self._read += len(whole) + 1
        for line in whole.decode().split("\n"):
            moment, host, key = line.split(" ", 2)
            at = int(moment[1:]) - ahead if moment.startswith("r") else int(moment)
            self._seen.setdefault(key, {}).setdefault(host, at)
