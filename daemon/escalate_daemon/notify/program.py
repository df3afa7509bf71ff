"""Runs one program of the person's own: no shell, the event on stdin and in its environment, never in its arguments.

It may hang, flood, fail or be missing: the event loop waits for none of that. It is done when it has ended and its
output is closed; at its limit its whole group is ended. What it starts for longer must go into a session of its own.
"""

import asyncio
import errno
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

OUTPUT_KEPT: Final = 16 * 1024  # bytes of its stdout and stderr, the first: a fault is told at once or never
VALUE_BYTES: Final = 4096  # one variable; a message takes 200 bytes, a chat line 600
KILL_AFTER_S: Final = 1.0  # after TERM: time to put a lamp out
_FLOOD_PAUSE_S: Final = 0.05  # between two reads of what is thrown away: a flood costs the daemon next to nothing
_GROUP_LOOK_S: Final = 1.0  # an empty group's number may be another's soon
_GROUP_POLL_S: Final = 0.05  # while it is being ended
_LET_GO_LIMIT_S: Final = 2.0  # a stuck kernel is not waited for
_OWN_INPUT: Final = ("ESCALATE_MESSAGE", "ESCALATE_NAME", "ESCALATE_NOTIFIER")  # ours, not its: it may call us
_PREFIX: Final = "ESCALATE_EVENT_"


@dataclass(frozen=True, slots=True)
class Told:
    """What a program is told: `body` on stdin, and each of `fields` as ESCALATE_EVENT_<NAME>."""

    body: bytes
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. `exit`: None where it was not started or was ended; `fault`: "" for exit 0, else what and the mend.

    `output` is the beginning of what it said, as it said it: clean it before it is shown.
    """

    exit: int | None
    output: str
    fault: str


async def run_program(
    argv: Sequence[str], told: Told, limit_s: float, environ: Mapping[str, str] | None = None
) -> Outcome:
    """Run it to its end, or to `limit_s` seconds; cancelled, it is ended too. `environ`: this process's own."""
    env = environment(os.environ if environ is None else environ, told.fields)
    home = _home(env)
    program = str(home / argv[0][2:]) if argv[0].startswith("~/") else argv[0]
    try:
        transport, child = await _start((program, *argv[1:]), env, home)
    except (OSError, ValueError) as error:
        return Outcome(None, "", _why_not(program, error, env, home))
    try:
        child.give(told.body)
        async with asyncio.timeout(limit_s):
            await child.done()
    except TimeoutError:
        await child.end()
        return Outcome(None, child.output, f"{program} had not ended after {limit_s:g} s, and was ended")
    finally:
        await _let_go(transport, child)
    code = transport.get_returncode() or 0
    return Outcome(code, child.output, _fault(program, code))


def environment(environ: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    """What a program gets: ours without what would steer `escalate` itself, and the event's fields."""
    kept = {name: value for name, value in environ.items() if name not in _OWN_INPUT and not name.startswith(_PREFIX)}
    return kept | {_PREFIX + name: _value(value) for name, value in fields.items()}


def _value(text: str) -> str:
    """`text` as a variable can hold it: no NUL, whole characters, at most VALUE_BYTES."""
    cut = text.replace("\0", "").encode("utf-8", "replace")[:VALUE_BYTES]
    return cut.decode("utf-8", "ignore")


def _home(env: Mapping[str, str]) -> Path:
    """Where it starts; the root where the person has no home."""
    try:
        home = Path(env.get("HOME") or Path.home())
    except RuntimeError:
        return Path("/")
    return home if home.is_dir() else Path("/")


# --- The child -------------------------------------------------------------------------------------
class _Child(asyncio.SubprocessProtocol):
    """Keeps the beginning of its output, throws away the rest, and knows when it is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept = bytearray()
        self._exited = asyncio.Event()
        self._silent = asyncio.Event()  # nobody holds its output any more
        self.gone = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        self._pid = 0
        self._group = False  # whether the group is certainly its own still
        self._over = False

    @property
    def output(self) -> str:
        """The beginning of what it said."""
        return self._kept.decode("utf-8", "replace")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._pid = transport.get_pid()
        self._group = sys.platform != "win32"

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._kept += data[: max(0, OUTPUT_KEPT - len(self._kept))]
        if len(self._kept) >= OUTPUT_KEPT:
            self._pause(fd)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._silent.set()

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def give(self, body: bytes) -> None:
        """Write it to its stdin, as fast as it reads, and close that."""
        stdin = self._stdin()
        if stdin is not None:
            stdin.write(body)
            stdin.close()

    async def done(self) -> None:
        """Until it has ended and its output is closed."""
        await self._exited.wait()
        while not self._silent.is_set():
            self._group_lives()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GROUP_LOOK_S):
                    await self._silent.wait()

    async def end(self) -> None:
        """TERM to its group, and KILL a second later to whoever is left of it. Once."""
        if self._over or (self._exited.is_set() and self._silent.is_set()):
            return
        self._over = True
        self._send(signal.SIGTERM)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(KILL_AFTER_S):
                    await self._exited.wait()
                    while self._group_lives():  # noqa: ASYNC110  # nothing tells of a group's end
                        await asyncio.sleep(_GROUP_POLL_S)
        finally:
            if sys.platform != "win32":
                self._send(signal.SIGKILL)

    def abandon(self) -> None:
        """Throw away what it did not read."""
        stdin = self._stdin()
        if stdin is not None and stdin.get_write_buffer_size():  # else it is closed, or about to be
            stdin.abort()

    def _stdin(self) -> asyncio.WriteTransport | None:
        pipe = None if self._transport is None else self._transport.get_pipe_transport(0)
        return pipe if isinstance(pipe, asyncio.WriteTransport) else None

    def _pause(self, fd: int) -> None:
        pipe = None if self._transport is None else self._transport.get_pipe_transport(fd)
        if isinstance(pipe, asyncio.ReadTransport):
            pipe.pause_reading()
            self._loop.call_later(_FLOOD_PAUSE_S, pipe.resume_reading)

    def _group_lives(self) -> bool:
        """Whether anybody is in its group. Once its leader has gone and all others, the number may be another's."""
        if self._group and sys.platform != "win32":
            try:
                os.killpg(self._pid, 0)
            except OSError:
                self._group = False
        return self._group

    def _send(self, number: signal.Signals) -> None:
        if self._transport is None:
            return
        if sys.platform == "win32":  # read, not run
            self._transport.kill()
            return
        if not self._exited.is_set() or self._group_lives():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, number)


async def _start(argv: Sequence[str], env: Mapping[str, str], home: Path) -> tuple[asyncio.SubprocessTransport, _Child]:
    """Start it. Cancelled, it is ended first: asyncio alone would wait for whoever of its children holds a pipe."""
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: _Child(loop),
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=home,
            env=env,
            start_new_session=sys.platform != "win32",
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError, ValueError):
            await _let_go(*await starting)  # it is there within milliseconds
        raise


async def _let_go(transport: asyncio.SubprocessTransport, child: _Child) -> None:
    """End it where it runs still (the caller was cancelled), and close every pipe."""
    try:
        await child.end()
    finally:
        child.abandon()
        transport.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_LIMIT_S):
                await child.gone.wait()


# --- Words -----------------------------------------------------------------------------------------
def _fault(program: str, code: int) -> str:
    if code >= 0:
        return f"{program} exited with {code}" if code else ""
    try:
        return f"{program} was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"{program} was ended by signal {-code}"


def _why_not(program: str, error: OSError | ValueError, env: Mapping[str, str], home: Path) -> str:
    """Why it could not be started, and what mends it."""
    number = error.errno if isinstance(error, OSError) else None
    named = program if os.sep not in program else str(home / program)
    found = shutil.which(named, path=env.get("PATH"))
    if number == errno.ENOENT and found is None:
        where = "there is no such file" if os.sep in program else "it is not on PATH: name its whole path"
        return f"{program} cannot be started: {where}"
    if number == errno.ENOENT:
        return f"{program} cannot be started: the program that its first line (#!) names is missing"
    if number in (errno.EACCES, errno.EPERM):
        return f"{program} cannot be started: it may not be executed: chmod +x {named}"
    if number == errno.ENOEXEC:
        return f"{program} cannot be started: it is no program; a script needs a first line such as #!/bin/sh"
    return f"{program} cannot be started: {(isinstance(error, OSError) and error.strerror) or error}"
