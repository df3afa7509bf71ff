import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_daemon.notify import sound_server
from escalate_daemon.notify.sound_server import may_play

NOBODY = 4_000_000_000  # a user without a runtime folder


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "native"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield path


@pytest.fixture(autouse=True)
def no_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(sound_server, "_ALSA_DEVICES", tmp_path / "snd")
    return tmp_path / "snd"


@pytest.mark.parametrize("told", ["unix:{}", "{}", "{{abc}}unix:{}", "unix:/none {}"])
def test_a_server_that_takes_us_in_may_be_played_to(listening: Path, told: str) -> None:
    assert may_play("paplay", {"PULSE_SERVER": told.format(listening)}, NOBODY)


def test_a_socket_that_a_dead_server_left_is_none(tmp_path: Path) -> None:
    path = tmp_path / "native"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
    assert path.exists()
    for told in (f"unix:{path}", f"unix:{tmp_path}/never"):
        assert not may_play("paplay", {"PULSE_SERVER": told}, NOBODY)


def test_a_server_elsewhere_cannot_be_told_of() -> None:
    assert may_play("paplay", {"PULSE_SERVER": "tcp:studio:4713"}, NOBODY)


def test_servers_are_looked_for_where_the_session_puts_them(tmp_path: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": ""}
    assert not may_play("paplay", env, NOBODY)
    assert not may_play("pw-play", env, NOBODY)
    (tmp_path / "pulse").mkdir()
    with socket.socket(socket.AF_UNIX) as pulse, socket.socket(socket.AF_UNIX) as pipewire:
        for server, name in ((pulse, "pulse/native"), (pipewire, "pipewire-0")):
            server.bind(str(tmp_path / name))
            server.listen()
        assert may_play("paplay", env, NOBODY)
        assert may_play("pw-play", env, NOBODY)
        assert may_play("aplay", env, NOBODY)


def test_alsa_needs_a_device_or_a_server(tmp_path: Path, no_device: Path) -> None:
    env = {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": ""}
    assert not may_play("aplay", env, NOBODY)
    no_device.mkdir()
    (no_device / "pcmC0D0p").touch()
    assert may_play("aplay", env, NOBODY)


def test_a_full_queue_of_a_hung_server_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "native"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        answers = [may_play("paplay", {"PULSE_SERVER": str(path)}, NOBODY) for _ in range(1)]
        lines = []
        while True:
            line = socket.socket(socket.AF_UNIX)
            line.setblocking(False)
            lines.append(line)
            try:
                line.connect(str(path))
            except BlockingIOError:
                break
        assert answers == [True]
        assert not may_play("paplay", {"PULSE_SERVER": str(path)}, NOBODY)
        for line in lines:
            line.close()


def test_a_player_of_another_system_is_not_judged() -> None:
    assert may_play("afplay", {}, NOBODY)
