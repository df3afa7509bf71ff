"""Starting a process in a host's network namespace with nothing in between: no `ip`, no shell, no exec to wait for."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET, sched.h
_OWN: Final = Path("/proc/thread-self/ns/net")
_NAMED: Final = Path("/run/netns")  # where `ip netns` keeps them


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """This thread, and what it starts, is in `netns`; afterwards the thread is back where it was."""
    before = os.open(_OWN, os.O_RDONLY)
    there = os.open(_NAMED / netns, os.O_RDONLY)
    try:
        _go(there)
        try:
            yield
        finally:
            _go(before)
    finally:
        os.close(there)
        os.close(before)


def _go(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
