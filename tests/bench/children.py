"""The processes of a bench, all ended at its end."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.pause import pause, soon
from support import running

_LOOK_S: Final = 0.05
_REST_SHARE: Final = 0.1  # of one processor, by all of them together
_REST_LIMIT_S: Final = 3.0  # where they never rest, that is how it is


def cpu_ns(pid: int) -> int:
    """Processor time of a process and all its threads, ns; 0 where it is gone."""
    used = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            used += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError):
        return used
    return used


class Children:
    """A context manager: what was started through it is killed, by its id, and waited for."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()

    def cpu_ns(self) -> int:
        """Processor time that those that run have used, ns."""
        return sum(cpu_ns(process.pid) for process in self._processes)

    def until_at_rest(self) -> bool:
        """Wait until they use next to no processor time: what one red set going slows the next one down."""
        before = self.cpu_ns()

        def at_rest() -> bool:
            nonlocal before
            pause(_LOOK_S)
            used, before = self.cpu_ns() - before, self.cpu_ns()
            return used < _REST_SHARE * _LOOK_S * 1e9

        return soon(at_rest, _REST_LIMIT_S)

    def start(self, argv: Sequence[str], output: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start it in a group of its own; what it says goes to `output`."""
        process = running.start(argv, output, env)
        self._processes.append(process)
        return process
