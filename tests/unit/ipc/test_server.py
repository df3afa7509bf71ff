"""The local API's server: whatever clients do, it holds little, says why, and goes on."""

import asyncio
import contextlib
import logging
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from escalate_daemon.ipc import connection, listener, peer, protocol, server
from support.objects import escalation
from support.scripted import Script, holds, serving

EMPTY = protocol.ListReply(escalations=[])
LIST = protocol.encode_line(protocol.Envelope(request=protocol.ListRequest()))
WATCH = protocol.encode_line(protocol.Envelope(request=protocol.WatchRequest()))
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_server(door: Path, handler: server.Handler, talk: Talk) -> None:
    """Run `talk` on one line to a server; afterwards no task is left."""

    async def run() -> None:
        serving = server.Server(lambda: door, handler)
        await serving.start()
        reader, writer = await asyncio.open_unix_connection(str(door))
        async with asyncio.timeout(60):
            await talk(reader, writer)
        writer.close()
        await serving.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


async def answer(reader: asyncio.StreamReader) -> protocol.AnyReply | protocol.Failure | protocol.Event:
    return protocol.decode_answer(await reader.readline())


def lists() -> Script:
    return Script({protocol.ListRequest: EMPTY})


def test_the_door_is_private_and_gone_afterwards(door: Path) -> None:
    with serving(door, lists()):
        assert door.stat().st_mode & 0o777 == 0o600
        assert door.parent.stat().st_mode & 0o777 == 0o700
    assert not door.exists()


def test_a_stale_socket_is_cleared_away(door: Path) -> None:
    door.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(door))
    with serving(door, lists()):
        connection.connect(door).close()


def test_a_second_daemon_is_refused_the_door(door: Path) -> None:
    with serving(door, lists()):
        with pytest.raises(listener.AlreadyServed):
            listener.bind(door)
        connection.connect(door).close()


def test_a_door_that_vanished_stands_again(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.01)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shutil.rmtree(door.parent)
        await holds(door.exists)
        again, out = await asyncio.open_unix_connection(str(door))
        out.write(LIST)
        assert await answer(again) == EMPTY
        out.close()
        writer.write(LIST)
        assert await answer(reader) == EMPTY

    with_server(door, lists(), talk)


def test_a_door_that_has_to_be_elsewhere_moves(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.01)
    places = [door]
    elsewhere = door.with_name("t")

    async def run() -> None:
        serving = server.Server(lambda: places[-1], lists())
        await serving.start()
        places.append(elsewhere)
        await holds(elsewhere.exists)
        await holds(lambda: not door.exists())
        assert serving.address == str(elsewhere)
        await serving.aclose()

    asyncio.run(run())


def test_another_users_process_is_told_nothing(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: socket.socket) -> None:
        raise peer.WrongPeer("another's")

    monkeypatch.setattr(peer, "check_peer", refuse)
    script = lists()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(LIST)
            assert await reader.read() == b""

    with_server(door, script, talk)
    assert script.asked == []


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"hello\n", "failed"), (b"\xff\xfe\n", "failed"), (b"x" * (protocol.REQUEST_BYTES + 1), "usage")],
)
def test_what_is_no_request_is_answered_with_an_error_and_the_line_ends(door: Path, line: bytes, code: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        failed = await answer(reader)
        assert isinstance(failed, protocol.Failure)
        assert failed.code == code
        assert await reader.read() == b""

    with_server(door, lists(), talk)


def test_a_client_that_asks_nothing_is_hung_up_on(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.01)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"half a')
        assert await reader.read() == b""

    with_server(door, lists(), talk)


def test_clients_above_the_limit_are_told_so(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLIENTS_MAX", 1)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LIST)
        await answer(reader)
        second, out = await asyncio.open_unix_connection(str(door))
        failed = await answer(second)
        assert isinstance(failed, protocol.Failure)
        assert failed.exit == 3
        out.close()

    with_server(door, lists(), talk)


def test_a_bug_in_one_request_ends_its_line_alone(door: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(protocol.encode_line(protocol.Envelope(request=protocol.StatusRequest())))
        assert await reader.read() == b""
        again, out = await asyncio.open_unix_connection(str(door))
        out.write(LIST)
        assert await answer(again) == EMPTY
        out.close()

    with caplog.at_level(logging.ERROR):
        with_server(door, lists(), talk)
    assert "KeyError" in caplog.text


def test_a_watch_gives_its_events_in_order(door: Path) -> None:
    events = [protocol.Event(event="raised", escalation=escalation()), protocol.Event(event="ready")]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WATCH)
        assert [await answer(reader) for _ in events] == events

    with_server(door, Script(events=events), talk)


def test_a_watcher_that_leaves_is_noticed_at_once(door: Path) -> None:
    script = Script(events=[protocol.Event(event="ready")])

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WATCH)
        await answer(reader)
        assert script.watchers == 1
        writer.close()
        await holds(lambda: script.watchers == 0)

    with_server(door, script, talk)


class Endless(Script):
    """Events without end; counts those that were taken."""

    taken = 0

    async def watch(self) -> AsyncIterator[protocol.Event]:
        self.watchers += 1
        try:
            while True:
                self.taken += 1
                yield protocol.Event(event="raised", escalation=escalation())
        finally:
            self.watchers -= 1


def test_a_watcher_that_reads_nothing_is_cut_off_and_little_is_held(
    door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SLOW_S", 0.05)
    monkeypatch.setattr(server, "LINGER_S", 0.05)
    script = Endless()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that reads nothing
        writer.write(WATCH)
        await holds(lambda: script.taken > 0 and script.watchers == 0)

    with_server(door, script, talk)
    assert script.taken < 10_000


def test_a_refused_watch_says_why(door: Path) -> None:
    class Nowhere(Script):
        async def watch(self) -> AsyncIterator[protocol.Event]:
            if not self.events:
                raise protocol.failure("no-space", "you are in no space")
            yield self.events[0]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(WATCH)
        failed = await answer(reader)
        assert isinstance(failed, protocol.Failure)
        assert failed.code == "no-space"

    with_server(door, Nowhere(), talk)


def test_watchers_are_told_of_an_orderly_stop(door: Path) -> None:
    async def run() -> None:
        serving = server.Server(lambda: door, Script(events=[protocol.Event(event="ready")]))
        await serving.start()
        reader, writer = await asyncio.open_unix_connection(str(door))
        writer.write(WATCH)
        await answer(reader)
        await serving.aclose()
        failed = await answer(reader)
        assert isinstance(failed, protocol.Failure)
        assert failed.code == "no-daemon"
        assert await reader.read() == b""
        writer.close()

    asyncio.run(run())


def test_a_stream_that_ends_after_a_stop_was_asked_says_so(door: Path) -> None:
    """Else whoever watches would start the daemon that somebody has just stopped."""
    from support.objects import running

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(protocol.encode_line(protocol.Envelope(request=protocol.DaemonStopRequest())))
        await answer(reader)
        writer.write(WATCH)
        failed = await answer(reader)
        assert isinstance(failed, protocol.Failure)
        assert failed.code == "no-daemon"

    with_server(door, Script({protocol.DaemonStopRequest: running()}, stays=False), talk)
