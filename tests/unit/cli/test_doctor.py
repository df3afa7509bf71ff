"""doctor prints what the daemon found, and finds out by itself why no daemon answers."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from escalate_cli import firstaid
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Check
from support.objects import running
from support.scripted import Script
from support.waiting import until

from .conftest import Run

WELL = Check(name="daemon", ok=True, found="running for 3 min")
BAD = Check(name="port", ok=False, found="others cannot dial this machine", mend="ufw allow 1/tcp")


@pytest.fixture
def answering(script: Script) -> Script:
    script.answers[protocol.DaemonStatusRequest] = running()
    script.answers[protocol.DoctorRequest] = protocol.DoctorReply(ok=True, checks=[WELL])
    return script


@contextmanager
def held(where: paths.Paths) -> Iterator[int]:
    """Another process holds the daemon's lock; its id."""
    where.lock_file.parent.mkdir(parents=True, exist_ok=True)
    take = f"import filelock; lock = filelock.FileLock({str(where.lock_file)!r}); lock.acquire()"
    code = f"{take}; print('held', flush=True); input()"
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_all_well_is_exit_0_with_the_settings_among_the_checks(answering: Script, run: Run) -> None:
    ran = run("doctor", "--json")
    assert ran.code == 0
    printed = json.loads(ran.out)
    assert list(printed) == ["v", "ok", "checks"]
    assert [list(each) for each in printed["checks"]] == [["name", "ok", "found", "mend"]] * 2
    assert [each["name"] for each in printed["checks"]] == ["daemon", "config"]
    assert printed["checks"][0]["mend"] is None


def test_something_broken_is_exit_1_with_cause_and_mend(answering: Script, run: Run) -> None:
    answering.answers[protocol.DoctorRequest] = protocol.DoctorReply(ok=False, checks=[WELL, BAD])
    ran = run("doctor")
    assert ran.code == 1
    assert "BROKEN\tport\tothers cannot dial this machine\tufw allow 1/tcp\n" in ran.out
    quiet = run("doctor", "-q")
    assert (quiet.code, quiet.out.count("\n"), quiet.err) == (1, 1, "")


def test_test_is_passed_on(answering: Script, run: Run) -> None:
    run("doctor", "--test")
    assert answering.asked[-1] == protocol.DoctorRequest(test=True)


def test_settings_with_an_unknown_key_are_broken(answering: Script, where: paths.Paths, run: Run) -> None:
    where.config_file.write_text("[me]\nnaem = 'Ana'\n")
    ran = run("doctor", "--json")
    assert ran.code == 1
    config = json.loads(ran.out)["checks"][1]
    assert (config["name"], config["ok"]) == ("config", False)
    assert "naem" in config["found"]
    assert str(where.config_file) in config["mend"]


def test_refusal_of_an_older_daemon_is_a_check_and_no_error(answering: Script, run: Run) -> None:
    answering.answers[protocol.DoctorRequest] = protocol.failure("failed", "does not understand", "restart it")
    ran = run("doctor", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["checks"][0] == {
        "name": "daemon",
        "ok": False,
        "found": "does not understand",
        "mend": "restart it",
    }


def test_folder_of_nobody_s_use_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(environ: object) -> paths.Paths:
        raise paths.PathsError("there is no folder for the daemon's socket")

    monkeypatch.setattr(paths, "find", cannot)
    ran = run("doctor", "--json")
    assert ran.code == 1
    (check,) = json.loads(ran.out)["checks"]
    assert "no folder" in check["found"]
    assert "ESCALATE_HOME" in check["mend"]


def test_daemon_that_answers_nobody_is_named_with_its_process(
    where: paths.Paths, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalate_cli.launch.START_S", 0.3)
    monkeypatch.setattr("escalate_cli.launch.command", lambda *_: [sys.executable, "-c", "raise SystemExit(7)"])
    with held(where) as process:
        ran = run("doctor", "--json")
    assert ran.code == 1
    first = json.loads(ran.out)["checks"][0]
    assert first["name"] == "daemon"
    assert not first["ok"]
    assert str(process) in first["found"]
    assert f"kill -9 {process}" in first["mend"]


def test_daemon_that_hangs_is_named(where: paths.Paths, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firstaid, "HUNG_S", 0.2)
    code = f"import socket; s = socket.socket(socket.AF_UNIX); s.bind({str(where.socket)!r}); s.listen(); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        until(where.socket.exists, "the socket is there")
        ran = run("doctor", "--json")
        process.kill()
    assert ran.code == 1
    assert "does not answer" in json.loads(ran.out)["checks"][0]["found"]


def test_socket_that_vanished_is_named_and_its_daemon_examined(
    answering: Script, where: paths.Paths, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command finds a daemon's lock and no socket; then the socket comes back."""
    elsewhere = where.socket.with_name("away.sock")
    monkeypatch.setattr("escalate_cli.launch.command", lambda *_: [sys.executable, "-c", "raise SystemExit(7)"])
    where.socket.rename(elsewhere)
    back = threading.Timer(0.3, lambda: elsewhere.rename(where.socket))
    with held(where):
        back.start()
        ran = run("doctor", "--json")
        back.join()
    assert ran.code == 1
    checks = {each["name"]: each for each in json.loads(ran.out)["checks"]}
    assert list(checks) == ["daemon", "socket", "config"]
    assert "had vanished" in checks["socket"]["found"]
    assert checks["socket"]["mend"]


def test_daemon_that_cannot_start_says_why_and_the_folders_are_looked_at(
    where: paths.Paths, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalate_cli.launch.command", lambda *_: [sys.executable, "-c", "raise SystemExit('burnt')"])
    ran = run("doctor", "--json")
    assert ran.code == 1
    checks = json.loads(ran.out)["checks"]
    assert [each["name"] for each in checks] == ["daemon", "config", "store"]
    assert "burnt" in checks[0]["found"]


@pytest.mark.skipif(os.name != "posix", reason="owners of files")
def test_folders_of_another_user_full_or_read_only_are_named(
    where: paths.Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    where.state_dir.mkdir(parents=True, exist_ok=True)
    assert firstaid.folders(where).ok
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4711)
        assert "belongs to user" in firstaid.folders(where).found
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        assert "cannot be written" in firstaid.folders(where).found
    with monkeypatch.context() as patch:
        patch.setattr(firstaid, "FREE_BYTES_MIN", 2**62)
        assert "is full" in firstaid.folders(where).found


def test_lock_file_that_nobody_holds_is_no_holder(where: paths.Paths) -> None:
    assert firstaid.holder(where.lock_file) is None
    where.lock_file.parent.mkdir(parents=True, exist_ok=True)
    where.lock_file.touch()
    assert firstaid.holder(where.lock_file) is None
    with held(where) as process:
        assert firstaid.holder(where.lock_file) in {process, 0}


def test_colours_and_mends_stand_under_what_they_mend(
    answering: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalate_cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    answering.answers[protocol.DoctorRequest] = protocol.DoctorReply(ok=False, checks=[WELL, BAD])
    lines = run("doctor").out.splitlines()
    at = lines.index("BROKEN  port        others cannot dial this machine")
    assert lines[at + 1] == "        mend:       ufw allow 1/tcp"
