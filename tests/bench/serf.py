"""Debian's Serf on the bench: HashiCorp's agent on each host, LAN profile, and the lightest event handler there is."""

import itertools
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from bench.children import Children
from bench.inside import inside
from bench.lans import names
from bench.ours import ANSWER_S, MESSAGE, BenchFailed
from bench.pause import soon
from bench.stamps import Stamps, Told
from support.netns import Lan

_PORT: Final = 7946
# Serf runs it by /bin/sh, which becomes `date`: two short programs, no third.
_HANDLER: Final = 'exec date "+r%s%N $SERF_SELF_NAME $SERF_USER_EVENT" >> {}'


def why_missing() -> str | None:
    """Why there is no Serf to be measured here, or None. Debian has two programs of that name."""
    if shutil.which("serf") is None:
        return "serf is not installed (apt-get install serf)"
    help_text = subprocess.run(["serf", "agent", "-h"], capture_output=True, text=True, check=False)
    if "-event-handler" not in help_text.stdout + help_text.stderr:
        return "the serf on PATH is not HashiCorp's"
    return None


def version() -> str:
    """As Debian knows it, else as it says itself."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "serf"], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return asked.stdout.strip()
    return subprocess.run(["serf", "version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]


class Serf:
    """An agent on each host, joined by address. Its processes end with their LAN."""

    def __init__(self, lan: Lan, folder: Path, children: Children, stamps: Stamps) -> None:
        self._lan = lan
        self._folder = folder
        self._children = children
        self._stamps = stamps
        self._numbers = itertools.count(1)
        self.hosts: list[str] = []
        self.agents: list[subprocess.Popen[bytes]] = []

    def grow(self, count: int) -> None:
        """Have `count` agents that all see one another."""
        first = self._lan.ports["h1"].address
        for name in names(count)[len(self.hosts) :]:
            port = self._lan.ports[name]
            argv = [*port.prefix, "serf", "agent", f"-node={name}", f"-bind={port.address}:{_PORT}", "-profile=lan"]
            argv += ["-log-level=err", f"-event-handler=user={_HANDLER.format(self._stamps.path)}"]
            argv += [f"-retry-join={first}:{_PORT}", "-retry-interval=1s"] if self.hosts else []
            self.agents.append(self._children.start(argv, self._folder / f"serf-{name}.out"))
            self.hosts.append(name)
        if not soon(lambda: all(self._sees(name) == count for name in self.hosts), ANSWER_S, 0.2):
            raise BenchFailed(f"the {count} agents of Serf do not all see one another")

    def _sees(self, name: str) -> int:
        with inside(self._lan.ports[name].netns):
            seen = subprocess.run(
                ["serf", "members", "-status=alive"], capture_output=True, text=True, timeout=ANSWER_S, check=False
            )
        return len(seen.stdout.splitlines())

    def by_command(self, owner: str) -> Told:
        """From the spawn of `serf event` to the last other host's event handler."""
        key = f"serf{next(self._numbers)}"
        with inside(self._lan.ports[owner].netns):
            began = time.monotonic_ns()
            subprocess.run(
                ["serf", "event", "-coalesce=false", key, MESSAGE], check=True, capture_output=True, timeout=ANSWER_S
            )
        return self._stamps.told(key, [name for name in self.hosts if name != owner], began)
