"""Asking the daemon: finds it, starts it where it is not there, and takes its answer or its refusal."""

import os
from typing import Final, TypeVar

from escalate_cli import words
from escalate_cli.output import Output
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.connection import Connection, Gone, NotThere, connect
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.protocol import RequestFailed, failure

# How long an answer may take. `start` waits up to 3 s for somebody to come online; `join` tries every door near.
_ANSWER_S: Final = 20.0
_JOIN_S: Final = 120.0
_DOCTOR_S: Final = 60.0  # it waits for what hangs, one time limit after another
_LOGS: Final = "its log may say why: escalate daemon logs"

R = TypeVar("R", bound=protocol.Reply)


def find() -> paths.Paths:
    """Where everything is on this machine."""
    try:
        return paths.find(os.environ)
    except (paths.PathsError, OSError) as error:
        raise failure("no-daemon", str(error)) from error


def line(out: Output, *, start: bool = True) -> Connection:
    """A line to the daemon; started where it is not there, unless `start` is off."""
    where = find()
    try:
        return connect(where.socket)
    except EndpointError as error:
        raise failure("no-daemon", str(error)) from error
    except NotThere as error:
        if not start:
            raise failure("no-daemon", "the daemon is not running", "escalate daemon start") from error
    from escalate_cli import launch  # only where it is needed: locks and processes cost start-up time

    return launch.ensure(where, out)


def ask(out: Output, request: protocol.AnyRequest, kind: type[R], *, start: bool = True, banner: bool = True) -> R:
    """The daemon's reply to one request, of the kind it has to be; RequestFailed otherwise.

    In an open space that is said on stderr, unless `banner` is off: then the caller says it.
    """
    connection = line(out, start=start)
    try:
        reply = exchange(connection, request)
    finally:
        connection.close()
    if not isinstance(reply, kind):
        raise failure("failed", "the daemon answered something else", "escalate daemon restart")
    if reply.open_space and banner:
        out.warn(words.OPEN_SPACE)
    return reply


def exchange(connection: Connection, request: protocol.AnyRequest) -> protocol.AnyReply | protocol.Event:
    """One question and its answer on an open line."""
    try:
        send(connection, request)
        answer = connection.receive(_patience(request))
    except Gone as error:
        raise failure("failed", "the daemon went away without an answer", _LOGS) from error
    except TimeoutError as error:
        raise failure("no-daemon", "the daemon does not answer", "escalate daemon restart") from error
    except protocol.ProtocolError as error:
        raise failure("failed", f"the daemon cannot be understood: {error}", "escalate daemon restart") from error
    if isinstance(answer, protocol.Failure):
        raise RequestFailed(answer)
    return answer


def _patience(request: protocol.AnyRequest) -> float:
    """How long the answer to this may take, s."""
    match request:
        case protocol.JoinRequest():
            return _JOIN_S
        case protocol.DoctorRequest():
            return _DOCTOR_S
        case _:
            return _ANSWER_S


def send(connection: Connection, request: protocol.AnyRequest) -> None:
    """Send a request; a usage failure where an argument is not text (bytes that are no UTF-8)."""
    try:
        connection.send(request)
    except UnicodeEncodeError as error:
        raise failure("usage", "an argument is not valid text", "write it in UTF-8") from error
