"""The command line's end of the line."""

import socket
from pathlib import Path

import pytest

from escalate_daemon.ipc import connection, endpoint, protocol
from support.scripted import Script, serving

EMPTY = protocol.ListReply(escalations=[])


def test_nobody_there_is_said_so(door: Path) -> None:
    with pytest.raises(connection.NotThere):
        connection.connect(door)


def test_a_stale_socket_is_nobody(door: Path) -> None:
    door.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(door))
    with pytest.raises(connection.NotThere):
        connection.connect(door)


def test_a_full_queue_of_a_stopped_daemon_is_nobody(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door.parent.mkdir()
    monkeypatch.setattr(connection, "CONNECT_S", 1.0)
    with socket.socket(socket.AF_UNIX) as stopped, socket.socket(socket.AF_UNIX) as waiting:
        stopped.bind(str(door))
        stopped.listen(0)
        waiting.connect(str(door))
        with pytest.raises(connection.NotThere, match="does not accept"):
            connection.connect(door)


@pytest.mark.parametrize("unix", [True, False], ids=["unix", "loopback"])
def test_questions_are_answered_in_order(door: Path, unix: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "UNIX", unix)
    nobody = protocol.failure("unknown-name", "nobody")
    with serving(door, Script({protocol.ListRequest: EMPTY, protocol.ShowRequest: nobody})):
        line = connection.connect(door)
        for _ in range(2):
            line.send(protocol.ListRequest())
            line.send(protocol.ShowRequest())
        answers = [line.receive(60) for _ in range(4)]
        line.close()
    assert answers == [EMPTY, nobody.failure] * 2


def test_the_loopback_door_needs_its_token(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "UNIX", False)
    script = Script({protocol.ListRequest: EMPTY})
    with serving(door, script):
        said = endpoint.read_token(door)
        assert said is not None
        for token in ("", "0" * len(said.token), "é"):
            line = connection.Connection(socket.create_connection(("127.0.0.1", said.port)), token)
            line.send(protocol.ListRequest())
            answer = line.receive(60)
            line.close()
            assert isinstance(answer, protocol.Failure)
            assert answer.code == "not-allowed"
    assert script.asked == []


def test_silence_is_a_timeout_and_the_line_stays(door: Path) -> None:
    one, other = socket.socketpair()
    line = connection.Connection(one)
    whole = protocol.encode_line(EMPTY)
    with other:
        other.sendall(whole[:5])
        with pytest.raises(TimeoutError):
            line.receive(0.01)
        other.sendall(whole[5:])
        assert line.receive(60) == EMPTY
    with pytest.raises(connection.Gone):
        line.receive(60)
    line.close()


def test_text_that_is_none_is_refused_before_it_is_sent(door: Path) -> None:
    with serving(door, Script()):
        line = connection.connect(door)
        with pytest.raises(UnicodeEncodeError):
            line.send(protocol.StartRequest(message="\udcff"))
        line.close()
