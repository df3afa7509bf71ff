"""Hooks: few at once, few waiting, and nothing of them outlives the daemon."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from escalate_daemon.notify import hooks
from escalate_daemon.notify.hooks import AT_ONCE, WAITING_MAX, HookEvent, Hooks
from support.waiting import soon


def event(number: int = 0, name: str = "on_ring") -> HookEvent:
    return HookEvent(name, b'{"v":1}', {"ID": str(number)})


def shell(code: str) -> dict[str, tuple[str, ...]]:
    return {"on_ring": ("sh", "-c", code)}


def run(made: Callable[[], Hooks], scenario: Callable[[Hooks], Awaitable[None]]) -> None:
    async def go() -> None:
        tested = made()
        task = asyncio.create_task(tested.run())
        try:
            await scenario(tested)
        finally:
            task.cancel()
            await asyncio.wait({task})

    asyncio.run(go())


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_an_event_runs_its_program_and_one_without_runs_none(tmp_path: Path) -> None:
    async def scenario(tested: Hooks) -> None:
        tested.fire(event(1, "on_lost"))
        tested.fire(event(2))
        await soon(lambda: lines(tmp_path / "ran") == ["2"], "it ran")

    run(lambda: Hooks(shell(f"echo $ESCALATE_EVENT_ID >> {tmp_path}/ran") | {"on_lost": ()}), scenario)


def test_without_programs_there_are_no_hooks() -> None:
    assert not Hooks({"on_ring": ()})
    assert Hooks(shell("true"))


def test_four_run_at_once_and_the_fifth_waits(tmp_path: Path) -> None:
    async def scenario(tested: Hooks) -> None:
        for number in range(AT_ONCE + 1):
            tested.fire(event(number))
        begun = tmp_path / "begun"
        await soon(lambda: len(lines(begun)) == AT_ONCE, "four run")
        (tmp_path / "go0").touch()
        await soon(lambda: lines(begun)[AT_ONCE:] == ["4"], "the fifth runs once one is done")

    code = f"cd {tmp_path}; echo $ESCALATE_EVENT_ID >> begun; until [ -e go$ESCALATE_EVENT_ID ]; do sleep 0.02; done"
    run(lambda: Hooks(shell(code)), scenario)


def test_of_too_many_that_wait_the_oldest_are_dropped_and_that_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(tested: Hooks) -> None:
        for number in range(WAITING_MAX + 3):
            tested.fire(event(number))
        await soon(lambda: len(lines(tmp_path / "ran")) == WAITING_MAX, "all that are left ran")
        assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(3, WAITING_MAX + 3))

    run(lambda: Hooks(shell(f"echo $ESCALATE_EVENT_ID >> {tmp_path}/ran")), scenario)
    assert "3 events were dropped" in caplog.text


def test_one_that_hangs_is_ended_at_its_limit_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(tested: Hooks) -> None:
        tested.fire(event())
        await soon(lambda: "had not ended" in caplog.text, "it was ended")

    run(lambda: Hooks(shell("sleep 900"), limit_s=0.2), scenario)
    assert hooks.LIMIT_S == 10


def test_what_one_says_is_logged_in_one_short_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(tested: Hooks) -> None:
        tested.fire(event())
        await soon(lambda: "hook on_ring" in caplog.text, "it was told")

    run(lambda: Hooks(shell("printf 'a\\033[31m\\nb'; yes | head -c 100000; exit 3")), scenario)
    [said] = [record.getMessage() for record in caplog.records if record.name == hooks.__name__]
    assert said.startswith("hook on_ring: sh exited with 3; it said: a\ufffd[31m b")
    assert len(said) < 1100


def test_a_missing_program_is_logged_with_its_mend_and_the_next_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(tested: Hooks) -> None:
        tested.fire(event(1, "on_lost"))
        tested.fire(event(2))
        await soon(lambda: lines(tmp_path / "ran") == ["2"], "the next ran")
        await soon(lambda: "not on PATH" in caplog.text, "it was told")

    run(lambda: Hooks(shell(f"echo $ESCALATE_EVENT_ID >> {tmp_path}/ran") | {"on_lost": ("no-such-hook",)}), scenario)


def test_what_runs_when_the_daemon_ends_is_ended_with_its_children(tmp_path: Path) -> None:
    async def scenario(tested: Hooks) -> None:
        tested.fire(event())
        await soon(lambda: len(lines(tmp_path / "pids")) == 2, "it runs")

    run(lambda: Hooks(shell(f"cd {tmp_path}; sleep 900 & echo $$ $! > pids; wait")), scenario)
    for pid in lines(tmp_path / "pids"):
        assert not running(pid)


def running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
