"""run: real commands, their exit codes and streams; and what is raised when they fail."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from escalate_cli import child
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from support.objects import escalation, member
from support.scripted import Script, serving
from support.waiting import until

from .conftest import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells and signals")

HAND = escalation(message="sh: exit 3")
ALREADY = protocol.failure("already-active", "one of yours is up", "--replace")


@pytest.fixture
def ready(script: Script) -> Script:
    """Whoever is named is known, and whatever is raised is up."""
    script.answers |= {
        protocol.PlanRequest: protocol.PlanReply(level="red", message="", expected=[], others_online=1, settled=True),
        protocol.StartRequest: protocol.EscalationReply(escalation=HAND),
    }
    return script


def raised(script: Script) -> list[protocol.StartRequest]:
    return [asked for asked in script.asked if isinstance(asked, protocol.StartRequest)]


# --- Exit codes ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shell", "code", "message"),
    [
        ("exit 3", 3, "sh: exit 3"),
        ("exit 125", 125, "sh: exit 125"),
        ("kill -9 $$", 137, "sh: signal 9 (KILL)"),
        ("kill -TERM $$", 143, "sh: signal 15 (TERM)"),
        ("kill -INT $$", 130, "sh: signal 2 (INT)"),
    ],
)
def test_a_command_that_fails_is_raised_and_its_code_is_ours(
    shell: str, code: int, message: str, ready: Script, run: Run
) -> None:
    ran = run("run", "-n", "@ops", "--", "sh", "-c", shell)
    assert (ran.code, ran.out) == (code, "")
    assert raised(ready) == [protocol.StartRequest(message=message, named=["@ops"])]
    assert "raised red for @team: sh: exit 3" in ran.err


def test_a_command_that_succeeds_raises_nothing_and_nothing_is_said(ready: Script, run: Run) -> None:
    ran = run("run", "-n", "@ops", "--", "true")
    assert (ran.code, ran.out, ran.err, raised(ready)) == (0, "", "", [])


def test_a_command_that_cannot_be_run_has_failed(ready: Script, run: Run, tmp_path: Path) -> None:
    plain = tmp_path / "notes.txt"
    plain.write_text("not a program")
    assert run("run", "--", "no-such-command-here").code == 127
    assert run("run", "--", str(plain)).code == 126
    assert run("run", "--", str(tmp_path)).code == 126
    assert [asked.message for asked in raised(ready)[:2]] == [
        "no-such-command-here: not found",
        "notes.txt: not executable",
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        protocol.failure("unknown-name", "nobody is called anna", "ana?"),
        protocol.failure("no-space", "you are in no space", "escalate up"),
        protocol.failure("no-daemon", "the daemon stops"),
    ],
    ids=lambda each: each.failure.code,
)
def test_what_is_refused_before_exits_125_and_runs_nothing(
    refusal: protocol.RequestFailed, script: Script, run: Run, tmp_path: Path
) -> None:
    script.answers[protocol.PlanRequest] = refusal
    ran = run("run", "-n", "anna", "--", "touch", str(tmp_path / "ran"))
    assert (ran.code, ran.out, list(tmp_path.iterdir())) == (125, "", [])
    assert ran.err.startswith(f"escalate: {refusal.failure.message}")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--"],
        ["-n", "ana"],
        ["--fro", "--", "true"],
        ["--for", "soon", "--", "true"],
        ["--then", "5m", "--", "true"],
        ["-m", "-", "--", "cat"],
        ["-m", "x", "-r", "--", "true"],
        ["--wait", "shown", "--", "true"],
    ],
)
def test_wrong_usage_of_run_itself_exits_125(argv: list[str], script: Script, run: Run) -> None:
    ran = run("run", *argv)
    assert (ran.code, ran.out, script.asked) == (125, "", [])
    assert ran.err.startswith("escalate: ")


def test_a_command_keeps_its_own_options(ready: Script, run: Run) -> None:
    assert run("run", "sh", "-c", 'test "$0 $*" = "-r --json -- -q"', "-r", "--json", "--", "-q").code == 0
    ran = run("run", "--", "sh", "-c", "exit 4", "--json")
    assert ran.code == 4
    assert ran.err.startswith("escalate: raised red")


# --- What is raised --------------------------------------------------------------------------------
def test_every_option_of_start_is_sent(ready: Script, run: Run) -> None:
    argv = ("-m", "backup failed", "-n", "ana", "--then", "2m @ops", "--for", "1h", "--replace")
    assert run("run", *argv, "--", "false").code == 1
    rung = protocol.Rung(after_s=120.0, named=["@ops"])
    assert ready.asked == [
        protocol.PlanRequest(message="backup failed", named=["ana"], ladder=[rung]),
        protocol.StartRequest(message="backup failed", named=["ana"], ladder=[rung], max_age_s=3600.0, replace=True),
    ]


def test_the_environment_gives_the_message(ready: Script, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATE_MESSAGE", "nightly")
    run("run", "--", "false")
    run("run", "-r", "2", "--", "false")
    assert [(asked.message, asked.recent) for asked in raised(ready)] == [("nightly", None), ("", 2)]


@pytest.mark.parametrize("name", ["x" * 80, "é" * 46, "make", "tab\tbell\x07", "\udcff\udcfe"])
def test_the_default_message_is_never_too_long_nor_unprintable(name: str) -> None:
    for ended in (child.Ended(2, "exit 2"), child.Ended(137, "signal 9 (KILL)"), child.Ended(126, "not executable")):
        said = child.message([f"/usr/bin/{name}"], ended)
        assert len(said) <= 50
        assert said.isprintable()
        assert said.endswith(f": {ended.how}")


def test_with_one_up_it_is_said_in_its_thread(ready: Script, run: Run) -> None:
    mine = escalation(member(me=True))
    ready.answers |= {
        protocol.StartRequest: ALREADY,
        protocol.ShowRequest: protocol.EscalationReply(escalation=mine),
        protocol.ChatRequest: protocol.EscalationReply(escalation=mine),
    }
    ran = run("run", "-n", "@ops", "--", "sh", "-c", "exit 2")
    assert (ran.code, ran.out) == (2, "")
    assert ready.asked[-1] == protocol.ChatRequest(who=mine.id, text="sh: exit 2")
    assert "said in your red: sh: exit 2" in ran.err


def test_one_that_is_up_is_no_reason_not_to_run(ready: Script, run: Run) -> None:
    ready.answers[protocol.PlanRequest] = ALREADY
    assert run("run", "-n", "@ops", "--", "true").code == 0


@pytest.mark.parametrize("failing", [protocol.ShowRequest, protocol.ChatRequest, protocol.StartRequest])
def test_a_raise_that_fails_is_said_and_the_commands_code_stays(
    failing: type[protocol.Request], ready: Script, run: Run
) -> None:
    mine = protocol.EscalationReply(escalation=escalation(member(me=True)))
    ready.answers |= {
        protocol.StartRequest: ALREADY,
        protocol.ShowRequest: mine,
        protocol.ChatRequest: mine,
        failing: protocol.failure("no-daemon", "the daemon stops"),
    }
    ran = run("run", "-q", "--", "sh", "-c", "exit 7")
    assert ran.code == 7
    assert "nothing could be raised: the daemon stops" in ran.err


def test_after_a_failure_it_waits_and_still_exits_with_the_commands_code(ready: Script, run: Run) -> None:
    ready.answers[protocol.ListRequest] = protocol.ListReply(escalations=[])
    ran = run("run", "-n", "@ops", "--wait", "claim=1s", "--", "sh", "-c", "exit 3")
    assert (ran.code, ran.out) == (3, "")
    assert "nobody is coming" in ran.err


def test_quiet_says_only_what_has_to_be_known(ready: Script, run: Run) -> None:
    assert run("run", "-q", "--", "false").err == ""


# --- Its streams and signals -----------------------------------------------------------------------
def running(home: Path, *argv: str, **kinds: int) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ESCALATE_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "escalate_cli", "run", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        pass_fds=tuple(kinds.values()),
    )


def test_its_streams_and_descriptors_are_untouched(ready: Script, home: Path) -> None:
    reader, writer = os.pipe()
    code = f"import os; os.write(1, os.read(0, 99)); os.write(2, b'told'); os.write({writer}, b'more')"
    with running(home, "--", sys.executable, "-c", code, pipe=writer) as process:
        os.close(writer)
        out, err = process.communicate(b"\xff\x00bytes", timeout=60)
    assert (process.returncode, out, err, os.read(reader, 99)) == (0, b"\xff\x00bytes", b"told", b"more")
    os.close(reader)


def test_an_interrupt_of_the_terminal_ends_the_command_and_raises_nothing(ready: Script, home: Path) -> None:
    """Ctrl-C goes to all in the foreground: the person who typed it needs nobody."""
    with running(home, "--", "sh", "-c", "echo up; exec sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, raised(ready)) == (130, [])
    assert b"Traceback" not in err


def test_a_command_that_outlives_an_interrupt_is_waited_for(ready: Script, home: Path) -> None:
    trapped = "trap 'echo caught' INT; echo up; read line; exit 3"
    with running(home, "--", "sh", "-c", trapped) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"up\n"
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(b"go on\n", timeout=60)
    assert (process.returncode, len(raised(ready))) == (3, 1)
    assert b"caught" in out


def test_to_end_us_is_to_end_the_command(ready: Script, home: Path) -> None:
    with running(home, "--", "sh", "-c", "echo up; exec sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143
    assert [asked.message for asked in raised(ready)] == ["sh: signal 15 (TERM)"]


def test_a_daemon_that_cannot_be_reached_exits_125(where: paths.Paths, home: Path, run: Run) -> None:
    script = Script({protocol.PlanRequest: protocol.failure("no-daemon", "the daemon stops")})
    with serving(where.socket, script):
        assert run("run", "--", "true").code == 125
        until(lambda: len(script.asked) == 1, "it asked")
