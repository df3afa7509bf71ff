"""The door's place: short enough, mine, private; and the token file of systems without Unix sockets."""

import os
from pathlib import Path

import pytest

from escalate_daemon.ipc import endpoint


def test_a_path_too_long_for_a_socket_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(endpoint.EndpointError, match="ESCALATE_HOME"):
        endpoint.prepare(tmp_path / ("x" * 120) / "s")


def test_the_folder_is_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    endpoint.prepare(folder / "s")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    with pytest.raises(endpoint.EndpointError, match="belongs to user"):
        endpoint.prepare(tmp_path / "s")


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(endpoint.EndpointError, match="cannot use"):
        endpoint.prepare(tmp_path / "run" / "s")


def test_the_token_is_read_back_and_its_file_is_private(tmp_path: Path) -> None:
    written = endpoint.write_token(tmp_path / "s", 4711)
    assert endpoint.read_token(tmp_path / "s") == written
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "s"]


def test_every_token_is_another(tmp_path: Path) -> None:
    assert endpoint.write_token(tmp_path / "s", 1).token != endpoint.write_token(tmp_path / "s", 1).token


@pytest.mark.parametrize("rubbish", [b"", b"4711", b"port token", b"1 2 3", b"\xff \xff"])
def test_a_token_file_that_is_none_is_like_no_file(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "s").write_bytes(rubbish)
    assert endpoint.read_token(tmp_path / "s") is None
    assert endpoint.read_token(tmp_path / "missing") is None
