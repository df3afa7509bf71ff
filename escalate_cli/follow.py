"""The watch stream as the command line follows it: begun, and begun again whenever the daemon goes and comes back."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from escalate_cli import client
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.connection import Connection, Gone
from escalate_daemon.ipc.protocol import RequestFailed, failure

_BACKOFF_FIRST_S: Final = 0.05
_BACKOFF_MAX_S: Final = 2.0
_STABLE_S: Final = 5.0  # a stream that lasted this long begins its backoff anew


@dataclass(frozen=True, slots=True)
class Begun:
    """What was known is void: all that is active follows."""

    open_space: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing came for a moment."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a stream ended. `stopped`: in order, so that starting the daemon again is not ours to do."""

    stopped: bool


Step = protocol.Event | Begun | Tick


def follow(out: Output, tick_s: float) -> Generator[Step, None, None]:
    """Events for ever; Tick at least every `tick_s`. Ends where there is no space. RequestFailed at the first try."""
    connection = client.line(out)
    backoff = _BACKOFF_FIRST_S
    while True:
        began = time.monotonic()
        end = yield from _stream(connection, tick_s)
        if end is None:
            return
        backoff = _BACKOFF_FIRST_S if time.monotonic() - began > _STABLE_S else min(backoff * 2, _BACKOFF_MAX_S)
        connection = yield from _again(out, tick_s, backoff, start=not end.stopped)


def _stream(connection: Connection, tick_s: float) -> Generator[Step, None, _End | None]:
    """One connection's events; how it ended, or None where there is no space to watch."""
    try:
        reply = client.exchange(connection, protocol.ListRequest())
        if isinstance(reply, protocol.ListReply) and not reply.in_space:
            return None
        client.send(connection, protocol.WatchRequest())
        yield Begun(open_space=isinstance(reply, protocol.ListReply) and reply.open_space)
        while True:
            try:
                answer = connection.receive(tick_s)
            except TimeoutError:
                yield Tick()
                continue
            if isinstance(answer, protocol.Failure):
                return _failed(answer)
            if isinstance(answer, protocol.Event):
                yield answer
    except Gone:
        return _End(stopped=False)
    except RequestFailed as refused:
        if refused.failure.code == "failed":
            return _End(stopped=False)
        return _failed(refused.failure)
    except protocol.ProtocolError as error:
        raise failure("failed", f"the daemon cannot be understood: {error}", "escalate daemon restart") from error
    finally:
        connection.close()


def _failed(refusal: protocol.Failure) -> _End | None:
    """An orderly stop is an end to wait after, no space is the end of all; anything else is an error."""
    if refusal.code == "no-space":
        return None
    if refusal.code == "no-daemon":
        return _End(stopped=True)
    raise RequestFailed(refusal)


def _again(out: Output, tick_s: float, backoff: float, *, start: bool) -> Generator[Step, None, Connection]:
    """A new line to the daemon, however long that takes."""
    out.talk("the daemon has stopped; waiting for it" if not start else "the daemon went away; looking for it")
    while True:
        yield from _wait(backoff, tick_s)
        try:
            return client.line(out, start=start)
        except RequestFailed:
            backoff = min(backoff * 2, _BACKOFF_MAX_S)


def _wait(seconds: float, tick_s: float) -> Iterator[Tick]:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, tick_s))
        yield Tick()
