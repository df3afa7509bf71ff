"""Where things lie, and what happens where they cannot."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_daemon import paths
from escalate_daemon.paths import PathsError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX owners and modes")


@pytest.fixture
def short_temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short folders are made under here instead of the machine's own."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        monkeypatch.setattr(paths, "_short_parents", lambda: iter([Path(folder)]))
        yield Path(folder)


def test_home_puts_everything_under_one_folder(tmp_path: Path) -> None:
    found = paths.find({"ESCALATE_HOME": str(tmp_path)})
    assert all(str(getattr(found, name)).startswith(str(tmp_path)) for name in found._fields)
    assert stat.S_IMODE(found.runtime_dir.stat().st_mode) == 0o700
    assert found.socket.parent == found.runtime_dir


def test_relative_home_means_the_same_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.find({"ESCALATE_HOME": "h"}).config_file == tmp_path / "h" / "config.toml"


def test_same_environment_gives_the_same_paths(tmp_path: Path, short_temp: Path) -> None:
    deep = {"ESCALATE_HOME": str(tmp_path / ("d" * 120))}
    assert paths.find(deep) == paths.find(deep)


def test_socket_path_too_long_moves_to_a_short_private_folder(tmp_path: Path, short_temp: Path) -> None:
    found = paths.find({"ESCALATE_HOME": str(tmp_path / ("d" * 120))})
    assert found.runtime_dir.parent == short_temp
    assert len(os.fsencode(found.socket)) <= 107
    assert stat.S_IMODE(found.runtime_dir.stat().st_mode) == 0o700
    assert found.state_dir == tmp_path / ("d" * 120) / "state"


def test_two_homes_never_share_a_short_folder(tmp_path: Path, short_temp: Path) -> None:
    one, two = (paths.find({"ESCALATE_HOME": str(tmp_path / (name * 120))}) for name in "ab")
    assert one.socket != two.socket


def test_open_runtime_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    found = paths.find({"ESCALATE_HOME": str(tmp_path)})
    assert stat.S_IMODE(found.runtime_dir.stat().st_mode) == 0o700


def test_runtime_folder_of_another_user_is_not_used(
    tmp_path: Path, short_temp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(PathsError, match="set ESCALATE_HOME"):
        paths.find({"ESCALATE_HOME": str(tmp_path)})


def test_runtime_folder_that_cannot_be_made_is_replaced(tmp_path: Path, short_temp: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    assert paths.find({"ESCALATE_HOME": str(tmp_path)}).runtime_dir.parent == short_temp


def test_lock_lies_with_the_state_where_that_can_be_written(tmp_path: Path, short_temp: Path) -> None:
    found = paths.find({"ESCALATE_HOME": str(tmp_path)})
    assert found.lock_file.parent == found.state_dir
    blocked = tmp_path / "file"
    blocked.touch()
    found = paths.find({"ESCALATE_HOME": str(blocked)})
    assert found.lock_file.parent == found.runtime_dir


_PRINT = "import os; from escalate_daemon import paths; p = paths.find(os.environ); print(p.socket); print(p.state_dir)"


def without_session(home: Path, temporary: Path) -> tuple[Path, Path]:
    """Socket and state folder as cron's jobs see them: no XDG variables, some TMPDIR or other."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ESCALATE_"))}
    environ |= {"HOME": str(home), "TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", _PRINT], env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    socket, state = map(Path, done.stdout.split())
    return socket, state


def test_no_runtime_dir_of_the_session_is_silent_and_the_same_whatever_tmpdir_says(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    socket, state = without_session(tmp_path, tmp_path)
    try:
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert state == tmp_path / ".local" / "state" / "escalate"
        assert without_session(tmp_path, tmp_path / "other") == (socket, state)
        assert not socket.is_relative_to(tmp_path)
    finally:
        if socket.parent.parent == Path("/tmp"):  # named by this test's own home
            socket.parent.rmdir()


def test_short_folders_are_the_same_whatever_tmpdir_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(paths._short_parents())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert list(paths._short_parents()) == before


def test_folders_of_the_platform_follow_the_environment(
    tmp_path: Path, short_temp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    if sys.platform != "linux":
        pytest.skip("the XDG variables are Linux's")
    found = paths.find({})
    assert found.config_file == tmp_path / "XDG_CONFIG_HOME" / "escalate" / "config.toml"
    assert found.database.parent == tmp_path / "XDG_STATE_HOME" / "escalate"
