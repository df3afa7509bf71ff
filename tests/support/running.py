"""Child processes of tests: started in a group of their own, and ended for certain."""

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

END_LIMIT_S = 10.0


class Started(ABC):
    """Base of what runs while a `with` block does: started on the way in, stopped for certain."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it is of use."""

    @abstractmethod
    def stop(self) -> None:
        """End whatever of it runs."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    argv: Sequence[str], output: Path, env: Mapping[str, str] | None = None, *, stdin: bool = False
) -> subprocess.Popen[bytes]:
    """Start `argv`; what it says goes to `output`."""
    with output.open("ab") as file:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=None if env is None else dict(env),
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End it and its group, kindly and then not, and wait."""
    if process.stdin is not None:
        process.stdin.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            try:
                os.killpg(process.pid, number)
                os.killpg(process.pid, signal.SIGCONT)
                process.wait(END_LIMIT_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
