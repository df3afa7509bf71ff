"""Runs a short child process under a time limit; with its own children, it can always be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_REAP_LIMIT_S: Final = 2.0  # a killed child's pipes close at once; a stuck kernel is not waited for
_WORDS_KEPT: Final = 300  # of its standard error, for a message


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `exit` is None where it was killed for its time or could not be started."""

    exit: int | None
    words: str  # its standard error, or why it was not started or was killed


async def run_child(argv: Sequence[str], given: bytes | None, limit_s: float) -> Ended:
    """Run `argv` to its end, `given` on stdin. After `limit_s`, or cancelled, its whole group is killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        return Ended(None, f"cannot be started: {error.strerror or error}")
    try:
        async with asyncio.timeout(limit_s):
            _, words = await process.communicate(given)
    except TimeoutError:
        return Ended(None, f"killed after {limit_s:g} s")
    finally:
        await _end(process)
    return Ended(process.returncode, words.decode("utf-8", "replace").strip()[-_WORDS_KEPT:])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended in this very moment
    try:
        async with asyncio.timeout(_REAP_LIMIT_S):
            await process.communicate()
    except TimeoutError:
        return
