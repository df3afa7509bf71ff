"""A network of its own for one thread of the test, so that real multicast meets nobody else's."""

import asyncio
import ctypes
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from support.need import need

_CLONE_NEWNET = 0x40000000


class OwnNetwork(Protocol):
    """Runs a scenario in a fresh network namespace, with its loopback up; it vanishes with its thread."""

    def __call__(self, scenario: Callable[[], Awaitable[None]], *commands: str) -> None: ...


def _why_not() -> str | None:
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    if shutil.which("ip") is None:
        return "the tool ip is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    return None


def _in_own_network(scenario: Callable[[], Awaitable[None]], *commands: str) -> None:
    async def run() -> None:
        await scenario()

    def live() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:  # of this thread alone
            raise OSError(ctypes.get_errno(), "unshare")
        for command in commands:
            subprocess.run(command.split(), check=True, capture_output=True)
        asyncio.run(run())

    with ThreadPoolExecutor(1) as thread:
        thread.submit(live).result()


@pytest.fixture(autouse=True)
def zeroconf_may_speak_elsewhere() -> Iterator[None]:
    """Discovery silences zeroconf's log for the whole process: give other tests' back."""
    log = logging.getLogger("zeroconf")
    before = log.level
    yield
    log.setLevel(before)


@pytest.fixture
def own_network() -> OwnNetwork:
    """Skips with the reason where namespaces cannot be made; under CI that is a failure."""
    need(_why_not())
    return _in_own_network
