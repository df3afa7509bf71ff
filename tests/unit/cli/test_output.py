"""stdout for data, stderr for talk; colours only where they are wanted; no traceback when nobody can be written to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalate_cli import output, table, words
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from support.objects import escalation, member
from support.scripted import Script, serving

from .conftest import Run

ANA = member("ana")


def listed(script: Script, *hands: protocol.Escalation) -> None:
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=list(hands))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")


def test_a_pipe_gets_tab_separated_lines_without_colour_or_header(script: Script, run: Run) -> None:
    listed(script, escalation(ANA))
    row = ("ana", "desk", "red", "caller is threatening", "12s", "active", "1/0 shown, 1 sounded")
    assert run("list").out == "\t".join(row) + "\n"


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_a_coloured_table(script: Script, run: Run) -> None:
    listed(script, escalation(ANA), escalation(ANA, level="yellow"))
    header, red, yellow = run("list").out.splitlines()
    assert header.startswith(output.COLOURS["bold"] + "WHO")
    assert red.startswith(output.COLOURS["red"] + "ana")
    assert yellow.startswith(output.COLOURS["yellow"] + "ana")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(
    name: str, value: str, script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    listed(script, escalation(ANA))
    assert "\x1b" not in run("list").out


@pytest.mark.usefixtures("terminal")
def test_an_empty_no_color_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As https://no-color.org has it."""
    monkeypatch.setenv("NO_COLOR", "")
    assert output.coloured()


def test_hostile_text_is_escaped_everywhere(script: Script, run: Run) -> None:
    hostile = "\x1b]0;owned\x07\n"
    hand = escalation(member(hostile), message=hostile, named=(hostile,))
    listed(script, hand)
    script.answers[protocol.ShowRequest] = protocol.EscalationReply(escalation=hand, warnings=[hostile])
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand, reached_nobody=True)
    script.answers[protocol.WhoRequest] = protocol.failure("unknown-name", hostile, hostile)
    for command in ("list", "show", "start", "who"):
        ran = run(command)
        assert "\x1b" not in ran.out + ran.err
        assert "\x07" not in ran.out + ran.err


def test_columns_line_up_whatever_the_script(run: Run) -> None:
    rows = [table.Row(("日本", "x")), table.Row(("ana", ""))]
    assert table.render(("a", "b"), rows, aligned=True) == ["A     B", "日本  x", "ana   -"]
    assert table.render(("a", "b"), [], aligned=True) == []


def test_an_open_space_puts_its_banner_on_every_output(script: Script, run: Run) -> None:
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[], open_space=True)
    assert "OPEN SPACE" in run("list", "-q").err


def command(home: Path, argv: str) -> list[str]:
    return ["sh", "-c", f'exec "$0" -m escalate_cli {argv}', sys.executable]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ESCALATE_HOME": str(home)}


def many() -> Script:
    return Script({protocol.ListRequest: protocol.ListReply(escalations=[escalation(ANA)] * 2000)})


def test_a_reader_that_leaves_gives_no_traceback(where: paths.Paths, home: Path) -> None:
    with serving(where.socket, many()):
        process = subprocess.Popen(
            command(home, "list"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(60), said) == (0, b"")


def test_a_full_disk_gives_one_line_and_exit_1(where: paths.Paths, home: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with serving(where.socket, many()):
        for argv in ("list", "list --json"):
            ran = subprocess.run(
                command(home, f"{argv} >/dev/full"), stderr=subprocess.PIPE, env=environment(home), check=False
            )
            assert ran.returncode == 1
            assert ran.stderr.count(b"\n") == 1
            assert b"No space left" in ran.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_closed_streams_give_no_traceback(closed: str, where: paths.Paths, home: Path) -> None:
    if "full" in closed and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    script = Script({protocol.ListRequest: protocol.ListReply(escalations=[])})
    with serving(where.socket, script):
        ran = subprocess.run(command(home, f"list {closed}"), capture_output=True, env=environment(home), check=False)
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr


def test_an_encoding_without_the_letters_escapes_them(where: paths.Paths, home: Path) -> None:
    script = Script({protocol.ListRequest: protocol.ListReply(escalations=[escalation(ANA, message="日本")])})
    with serving(where.socket, script):
        ran = subprocess.run(
            command(home, "list"),
            capture_output=True,
            env={**environment(home), "PYTHONIOENCODING": "ascii"},
            check=False,
        )
    assert ran.returncode == 0
    assert b"\\u65e5\\u672c" in ran.stdout


@pytest.fixture
def an_hour_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process lives an hour east of Greenwich."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change a process's time zone")
    monkeypatch.setenv("TZ", "EAST-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("an_hour_east")
def test_times_are_this_machines_own_with_the_date_unless_todays() -> None:
    now = datetime.now(UTC)
    assert words.when(now.isoformat()) in now.astimezone().strftime("%H:%M:%S / %Y-%m-%d %H:%M")  # or it is midnight
    assert words.when("2020-01-31T12:00:00.123Z") == "2020-01-31 13:00"
    assert words.when("9999-12-31T23:59:59.999Z") == "9999-12-31T23:59:59.999Z"


def test_a_prompt_in_an_open_space_says_so_in_its_line_alone(script: Script, run: Run) -> None:
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[escalation(ANA)], open_space=True)
    ran = run("list", "--prompt")
    assert (ran.out, ran.err) == ("OPEN SPACE red ana: caller is threatening\n", "")


@pytest.mark.parametrize("argv", [["list"], ["who"], ["status"], ["show"], ["start"], ["group", "list"]])
def test_every_output_in_an_open_space_bears_its_banner(argv: list[str], script: Script, run: Run) -> None:
    nobody = protocol.Hear(others=0, online=0)
    script.answers |= {
        protocol.ListRequest: protocol.ListReply(escalations=[], open_space=True),
        protocol.WhoRequest: protocol.WhoReply(space=None, members=[], other_spaces=0, open_space=True),
        protocol.StatusRequest: protocol.StatusReply(me=None, space=None, hear=nobody, escalations=[], open_space=True),
        protocol.ShowRequest: protocol.EscalationReply(escalation=escalation(), open_space=True),
        protocol.StartRequest: protocol.EscalationReply(escalation=escalation(), open_space=True),
        protocol.GroupRequest: protocol.GroupReply(groups=[], open_space=True),
    }
    for more in ([], ["--json"], ["-q"]):
        assert words.OPEN_SPACE in run(*argv, *more).err
