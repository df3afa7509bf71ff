"""Programs of the person's own: whatever one does, the daemon goes on and nothing of it stays."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from escalate_daemon.notify.program import OUTPUT_KEPT, Outcome, Told, environment, run_program
from support.waiting import soon, until

TOLD = Told(b'{"v": 1}', {"ID": "a1"})
LONG_S = 60.0
SHORT_S = 0.5


def script(folder: Path, text: str, name: str = "program") -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-c", code


def ran(argv: tuple[str, ...], told: Told = TOLD, limit_s: float = LONG_S, **environ: str) -> Outcome:
    return asyncio.run(run_program(argv, told, limit_s, os.environ | environ))


def alive(pid: int) -> bool:
    """Whether it runs: a zombie that nobody reaps does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pid_in(file: Path) -> int:
    until(lambda: file.exists() and file.read_text().endswith("\n"), f"a pid stands in {file}")
    return int(file.read_text())


def gone(pid: int) -> None:
    until(lambda: not alive(pid), f"{pid} is gone")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- What it gets ----------------------------------------------------------------------------------
def test_it_gets_the_event_on_stdin_and_in_its_environment(tmp_path: Path) -> None:
    told = Told(json.dumps({"message": "$(reboot) `x`"}).encode(), {"ID": "a1", "MESSAGE": "$(reboot) `x`"})
    done = ran((script(tmp_path, '#!/bin/sh\ncat; echo; echo "$ESCALATE_EVENT_MESSAGE|$#"\n'),), told)
    assert done == Outcome(0, '{"message": "$(reboot) `x`"}\n$(reboot) `x`|0\n', "")


def test_it_can_open_its_stdin_by_name() -> None:
    assert ran(("cat", "/dev/stdin")).output == '{"v": 1}'


def test_its_words_are_handed_over_as_they_are() -> None:
    assert (
        ran((*python("import sys; print(sys.argv[1:])"), "$HOME", "a b", "", "*")).output
        == "['$HOME', 'a b', '', '*']\n"
    )


def test_what_steers_escalate_itself_is_not_in_its_environment() -> None:
    given = {"ESCALATE_MESSAGE": "x", "ESCALATE_NAME": "x", "ESCALATE_NOTIFIER": "x", "ESCALATE_EVENT_OLD": "x"}
    got = environment(given | {"ESCALATE_HOME": "/h", "PATH": "/p"}, {"ID": "a1"})
    assert got == {"ESCALATE_HOME": "/h", "PATH": "/p", "ESCALATE_EVENT_ID": "a1"}


def test_a_value_that_no_variable_can_hold_is_made_to_fit(tmp_path: Path) -> None:
    told = Told(b"", {"A": "a\0b", "B": "half \ud800", "C": "\u20ac" * 5000, "D": "a=b\nc"})
    got = environment({}, told.fields)
    assert got["ESCALATE_EVENT_A"] == "ab"
    assert got["ESCALATE_EVENT_B"] == "half ?"
    assert got["ESCALATE_EVENT_C"] == "\u20ac" * 1365
    assert ran(("printenv", "ESCALATE_EVENT_D"), told).output == "a=b\nc\n"


def test_it_starts_in_the_person_s_home_and_in_a_session_of_its_own(tmp_path: Path) -> None:
    done = ran(python("import os; print(os.getcwd(), os.getsid(0) == os.getpid())"), HOME=str(tmp_path))
    assert done.output == f"{tmp_path} True\n"
    assert ran(("pwd",), HOME=str(tmp_path / "none")).output == "/\n"


def test_a_program_below_the_home_may_be_written_with_a_tilde(tmp_path: Path) -> None:
    script(tmp_path, "#!/bin/sh\necho ran\n", "mine")
    assert ran(("~/mine",), HOME=str(tmp_path)).output == "ran\n"


def test_it_holds_none_of_the_daemon_s_files(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        done = ran(python("import os; print(sorted(os.listdir('/proc/self/fd'))[:5])"))
    assert done.output == "['0', '1', '2', '3']\n"  # 3 is the listing's own


# --- What it does ----------------------------------------------------------------------------------
def test_one_that_fails_is_told_with_its_code_and_what_it_said() -> None:
    done = ran(python("import sys; print('out', flush=True); sys.exit('no lamp')"))
    assert (done.exit, done.output.split("\n")) == (1, ["out", "no lamp", ""])
    assert done.fault.endswith("exited with 1")


def test_one_that_dies_by_a_signal_is_told_so() -> None:
    assert ran(python("import os; os.kill(os.getpid(), 9)")).fault.endswith("was ended by SIGKILL")


def test_one_that_hangs_is_ended_at_its_limit() -> None:
    done = ran(python("import signal; signal.pause()"), limit_s=SHORT_S)
    assert (done.exit, done.output) == (None, "")
    assert "had not ended after 0.5 s" in done.fault


def test_one_that_will_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    child, grandchild = tmp_path / "child", tmp_path / "grandchild"
    inner = f"trap '' TERM; sh -c 'echo $PPID' > {grandchild}; sleep 900"
    stubborn = f"trap '' TERM; echo $$ > {child}; ({inner}) & wait; sleep 900"
    assert "had not ended" in ran(("sh", "-c", stubborn), limit_s=SHORT_S).fault
    gone(pid_in(child))
    gone(pid_in(grandchild))


def test_term_comes_first_so_that_it_can_tidy_up(tmp_path: Path) -> None:
    tidy = f"trap 'echo off > {tmp_path}/lamp; exit' TERM; echo up; while :; do sleep 0.05; done"
    ran(("sh", "-c", tidy), limit_s=SHORT_S * 4)
    assert (tmp_path / "lamp").read_text() == "off\n"


def test_one_that_leaves_a_child_on_its_output_is_waited_for_and_then_the_child_is_ended(tmp_path: Path) -> None:
    done = ran(("sh", "-c", f"echo left; sleep 900 & echo $! > {tmp_path}/pid"), limit_s=SHORT_S)
    assert (done.exit, done.output) == (None, "left\n")
    gone(pid_in(tmp_path / "pid"))


def test_one_that_lets_a_child_go_is_done_and_the_child_lives(tmp_path: Path) -> None:
    done = ran(("sh", "-c", f"setsid sleep 900 >/dev/null 2>&1 & echo $! > {tmp_path}/pid"))
    pid = pid_in(tmp_path / "pid")
    try:
        assert done == Outcome(0, "", "")
        assert alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_one_that_floods_is_drained_and_the_beginning_is_kept() -> None:
    done = ran(python(f"import sys; sys.stdout.write('ab' * {OUTPUT_KEPT * 20})"))
    assert (done.exit, done.output) == (0, "ab" * (OUTPUT_KEPT // 2))


def test_one_that_floods_for_ever_is_ended_and_costs_the_loop_little() -> None:
    async def scenario() -> tuple[Outcome, float]:
        used = os.times()
        done = await run_program(("yes",), TOLD, 2.0)
        now = os.times()
        return done, now.user + now.system - used.user - used.system

    done, cpu_s = asyncio.run(scenario())
    assert "had not ended" in done.fault
    assert cpu_s < 1.0


def test_one_that_reads_nothing_of_a_long_event_holds_nobody_up() -> None:
    assert ran(("true",), Told(b"x" * 10_000_000)).fault == ""


def test_one_that_says_what_is_no_text_is_read_all_the_same() -> None:
    assert ran(python("import os; os.write(1, b'\\xff\\x00ok')")).output == "\ufffd\0ok"


# --- What cannot be started ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: "no-such-program-here", "not on PATH"),
        (lambda folder: str(folder / "none"), "no such file"),
        (lambda _: "~/none-of-it", "no such file"),
        (lambda folder: script(folder, "#!/no/such/shell\n"), "#!"),
        (lambda folder: script(folder, "echo no first line\n"), "first line"),
        (str, "chmod"),
        (lambda _: "nul\0", "null"),
    ],
)
def test_what_cannot_be_started_is_told_with_its_mend(tmp_path: Path, make: Callable[[Path], str], says: str) -> None:
    done = ran((make(tmp_path),))
    assert (done.exit, done.output) == (None, "")
    assert says in done.fault


def test_a_file_that_may_not_be_executed_says_what_to_type(tmp_path: Path) -> None:
    path = Path(script(tmp_path, "#!/bin/sh\n"))
    path.chmod(0o644)
    assert f"chmod +x {path}" in ran((str(path),)).fault


# --- How it is let go ------------------------------------------------------------------------------
def in_loop(scenario: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await scenario()

    asyncio.run(run())


def test_a_cancelled_run_ends_its_program_and_leaves_no_file_open(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    async def scenario() -> None:
        open_before = open_files()
        task = asyncio.create_task(
            run_program(("sh", "-c", f"echo $$ > {pid}; sleep 900; true"), Told(b"x" * 500_000), LONG_S)
        )
        await soon(lambda: pid.exists() and pid.read_text() != "", "it runs")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alive(int(pid.read_text()))
        assert open_files() == open_before

    in_loop(scenario)


@pytest.mark.parametrize("turns", range(6))
def test_one_cancelled_while_it_starts_is_ended_with_its_children(tmp_path: Path, turns: int) -> None:
    pid = tmp_path / "pid"

    async def scenario() -> None:
        task = asyncio.create_task(run_program(("sh", "-c", f"sleep 900 & echo $! > {pid}; wait"), TOLD, LONG_S))
        for _ in range(turns):
            await asyncio.sleep(0)
        if turns > 1:  # it is there, though asyncio may not have said so yet
            pid_in(pid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_loop(scenario)
    if pid.exists() and pid.read_text().endswith("\n"):
        gone(pid_in(pid))


def test_the_loop_goes_on_while_it_runs() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(run_program(("cat",), TOLD, LONG_S))
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert task.result().output == '{"v": 1}'
        assert turns > 1

    in_loop(scenario)


def test_fds_are_all_closed_after_many_runs() -> None:
    async def scenario() -> None:
        open_before = open_files()
        for _ in range(5):
            await asyncio.gather(*(run_program((name,), TOLD, LONG_S) for name in ("true", "cat", "no-such-program")))
        assert open_files() == open_before

    in_loop(scenario)
