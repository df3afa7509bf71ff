"""A real avahi-daemon beside ours on one host, without a bus, with files of its own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from support import running
from support.waiting import until

_CONFIG: Final = """[server]
host-name={name}
enable-dbus=no
disallow-other-stacks={exclusive}
[publish]
publish-addresses=yes
publish-workstation=yes
[rlimits]
"""
# Its process id and socket lie in a fixed place: each gets a place of its own there.
_START: Final = 'mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && exec "$@"'


class Avahi(running.Started):
    """A context manager. `exclusive`: it keeps UDP port 5353 to itself."""

    def __init__(self, prefix: Sequence[str], name: str, folder: Path, *, exclusive: bool = False) -> None:
        """`prefix` runs it on its host; `folder` exists."""
        self._prefix = tuple(prefix)
        self._config = folder / f"avahi-{name}.conf"
        self._output = folder / f"avahi-{name}.out"
        self._config.write_text(_CONFIG.format(name=name, exclusive="yes" if exclusive else "no"), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and wait until it answers for its host's name."""
        daemon = ("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", f"--file={self._config}")
        argv = [*self._prefix, "unshare", "--mount", "sh", "-c", _START, "sh", *daemon]
        self._process = running.start(argv, self._output)
        until(lambda: "Server startup complete" in self._output.read_text(encoding="utf-8"), "avahi has started")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            running.end(self._process)
            self._process = None
