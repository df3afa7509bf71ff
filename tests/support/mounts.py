"""A small disk that can be filled up or made read-only, inside a mount namespace of its own."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

_HOLD = 'mount -t tmpfs -o mode=0700,size="$2" escalate "$1" && echo ready && exec cat'


def why_unavailable() -> str | None:
    """Why no disk of a test's own can be mounted here, or None where one can."""
    try:
        tried = subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "escalate", "/mnt"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        return f"not installed: {error.filename}"
    return f"no disk can be mounted in a namespace: {tried.stderr.strip()}" if tried.returncode else None


class SmallDisk:
    """A context manager; `prefix` runs commands where the disk is seen. Needs root."""

    def __init__(self, folder: Path, size: str = "4m") -> None:
        """`folder` becomes the mount point; `size` as tmpfs takes it."""
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", _HOLD, "sh", str(folder), size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.communicate(timeout=10)

    @property
    def prefix(self) -> tuple[str, ...]:
        """What to put before a command."""
        return ("nsenter", f"--target={self._holder.pid}", "--mount")

    def _inside(self, script: str) -> None:
        argv = [*self.prefix, "sh", "-c", script, "sh", str(self.folder)]
        subprocess.run(argv, check=True, capture_output=True)

    def fill(self) -> None:
        """Leave not a byte."""
        self._inside('cat /dev/zero > "$1/filler" 2>/dev/null; true')

    def free(self) -> None:
        """Undo `fill`."""
        self._inside('rm -f "$1/filler"')

    def read_only(self) -> None:
        """From now on nothing can be written."""
        self._inside('mount -o remount,ro "$1"')

    def writable(self) -> None:
        """Undo `read_only`."""
        self._inside('mount -o remount,rw "$1"')
