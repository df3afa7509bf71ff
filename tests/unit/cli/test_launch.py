"""The daemon is started where it is not there: once, whoever asks, and with its last words if it dies."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest

from escalate_cli import launch
from escalate_daemon import paths
from support import stand_in
from support.waiting import until

from .conftest import Run

PROGRAM = Path(stand_in.__file__)
As = Callable[[str], None]


@pytest.fixture
def record(home: Path) -> Path:
    return home / "record"


@pytest.fixture
def daemon(home: Path, record: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[As]:
    """daemon(how): from here on the daemon's program is the stand-in that behaves so."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))

    def behaves(how: str) -> None:
        monkeypatch.setattr(launch, "command", lambda *_: [sys.executable, str(PROGRAM), str(record), how])

    yield behaves
    run("daemon", "stop")


def served(record: Path) -> int:
    return len(record.read_text().splitlines()) if record.exists() else 0


def test_a_command_starts_the_daemon_and_the_next_finds_it(daemon: As, run: Run, record: Path) -> None:
    daemon("0")
    assert run("daemon", "start").code == 0
    assert run("daemon", "status").code == 0
    assert served(record) == 1


def test_start_of_a_running_daemon_exits_0(daemon: As, run: Run, record: Path) -> None:
    daemon("0")
    assert [run("daemon", "start").code for _ in range(2)] == [0, 0]
    assert served(record) == 1


def test_stop_waits_until_it_is_gone(daemon: As, run: Run, where: paths.Paths) -> None:
    daemon("0")
    run("daemon", "start")
    stopped = json.loads(run("daemon", "stop", "--json").out)
    assert stopped["running"] is False
    with filelock.FileLock(where.lock_file, timeout=0):
        pass
    assert run("daemon", "stop").code == 3


def test_restart_is_another_daemon(daemon: As, run: Run, record: Path) -> None:
    daemon("0")
    for count in (1, 2):
        assert run("daemon", "restart").code == 0
        assert served(record) == count


def test_twelve_at_once_start_one_daemon(daemon: As, home: Path, record: Path) -> None:
    code = (
        "import sys; from escalate_cli import launch; from escalate_cli.app import main\n"
        f"launch.command = lambda *_: [sys.executable, {str(PROGRAM)!r}, {str(record)!r}, '0']\n"
        "sys.exit(main(['daemon', 'start']))"
    )
    daemon("0")
    clients = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL) for _ in range(12)]
    assert [client.wait(120) for client in clients] == [0] * 12
    assert served(record) == 1


def test_the_daemon_outlives_the_command_and_its_session(daemon: As, home: Path, run: Run) -> None:
    daemon("0")
    run("daemon", "start")
    assert os.getsid(0) not in {os.getsid(pid) for pid in children(PROGRAM, home)}


def children(program: Path, home: Path) -> list[int]:
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc to find the process")
    mine = f"ESCALATE_HOME={home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if str(program).encode() in words and mine in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    assert found
    return found


@pytest.mark.parametrize(("how", "words"), [("die", "the disk has melted"), ("explain", "the port is taken")])
def test_a_daemon_that_dies_at_start_is_exit_3_with_its_last_words(how: str, words: str, daemon: As, run: Run) -> None:
    daemon(how)
    ran = run("list")
    assert (ran.code, ran.out) == (3, "")
    assert words in ran.err
    assert "escalate daemon logs" in ran.err


def test_what_it_says_is_kept_in_the_log(daemon: As, run: Run) -> None:
    daemon("die")
    run("list")
    assert "the disk has melted" in run("daemon", "logs").out
    assert run("daemon", "logs", "-n", "1").out == " +----\n"


def test_last_words_reach_the_person_where_no_log_can_be_written(daemon: As, run: Run, where: paths.Paths) -> None:
    where.state_dir.write_text("a file in the folder's place")
    daemon("die")
    assert "the disk has melted" in run("list").err


def test_logs_of_a_daemon_that_never_ran_are_empty(run: Run) -> None:
    ran = run("daemon", "logs")
    assert (ran.code, ran.out) == (0, "")


def test_one_that_does_not_answer_in_time_is_exit_3(
    daemon: As, run: Run, record: Path, where: paths.Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "START_S", 0.2)
    where.lock_file.parent.mkdir(parents=True, exist_ok=True)
    daemon("0")
    with filelock.FileLock(where.lock_file):  # another daemon, that hangs
        ran = run("list")
    assert ran.code == 3
    assert "did not answer within" in ran.err


def test_a_slow_start_is_told_of(daemon: As, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_TELL_S", 0.0)
    daemon("0.1")
    assert "waiting for the daemon" in run("daemon", "start").err


def test_a_daemon_that_is_just_leaving_is_waited_for(daemon: As, run: Run, record: Path, where: paths.Paths) -> None:
    """Its lock is held for a moment after its door is shut: the new one leaves with 7, and is started again."""
    where.lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(where.lock_file, thread_local=False)
    lock.acquire()
    looked = []

    def leaving(*_: str) -> list[str]:
        looked.append(1)
        if len(looked) > 1:
            lock.release()
        return [sys.executable, str(PROGRAM), str(record), "0"]

    daemon("0")
    launch.command = leaving  # monkeypatch of the fixture puts the true one back
    assert run("daemon", "start").code == 0
    assert len(looked) > 1


def test_the_daemon_gets_no_input_of_ours_and_absolute_paths(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("ESCALATE_MESSAGE", "mine")
    monkeypatch.setenv("ESCALATE_HOME", ".")
    monkeypatch.setenv("PYTHONPATH", f"lib{os.pathsep}/opt")
    given = launch.environment()
    assert "ESCALATE_MESSAGE" not in given
    assert given["ESCALATE_HOME"] == str(home)
    assert given["PYTHONPATH"] == f"{home / 'lib'}{os.pathsep}/opt"


def test_the_folder_one_stands_in_is_no_place_to_load_the_daemon_from() -> None:
    assert "-P" in launch.command()


def test_a_watch_comes_back_with_the_daemon_and_does_not_start_one_that_was_stopped(
    daemon: As, run: Run, home: Path, record: Path
) -> None:
    daemon("0")
    run("daemon", "start")
    out = home / "watch"
    with out.open("wb") as file:
        watch = subprocess.Popen([sys.executable, "-m", "escalate_cli", "watch"], stdout=file, stderr=file)
    try:
        until(lambda: out.read_bytes().count(b'"ready"') == 1, "the first stream")
        run("daemon", "stop")
        until(lambda: b"waiting for it" in out.read_bytes(), "it notices the stop")
        assert served(record) == 1
        run("daemon", "start")
        until(lambda: out.read_bytes().count(b'"ready"') == 2, "the second stream")
    finally:
        watch.terminate()
        watch.wait(60)
