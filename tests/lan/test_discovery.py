"""Discovery alone, between hosts with real multicast. Run as a program, this file is one such host."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from support.netns import Cut, Lan
from support.waiting import never, until

from escalate_daemon.discovery.zeroconf_discovery import Discovery, Timing

pytestmark = pytest.mark.lan
PORT = 4711
AGAIN_S = 3.0  # between two browses here; 30 in a daemon
ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}


class Host:
    """A process on a host that runs discovery and tells what it finds, a line each. A context manager."""

    def __init__(self, lan: Lan, name: str, key: str = "ours", again_s: float = AGAIN_S) -> None:
        self.address = lan.ports[name].address
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            (*lan.ports[name].prefix, sys.executable, __file__, key, str(again_s)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENV,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let it say goodbye."""
        self._end(lambda: self._process.communicate(timeout=30))

    def kill(self) -> None:
        """End it without a goodbye."""
        self._end(self._process.kill)

    def knows(self, *others: "Host") -> bool:
        """Whether it has found all of them."""
        return all(f"found {other.address}:{PORT}" in self.lines for other in others)

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines.extend(line.strip() for line in self._process.stdout)

    def _end(self, how: Callable[[], object]) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.poll() is None:
            how()
