"""Approach and chat: what fails at once is told, what runs is left running, and a peer's words stay out of commands."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon import acting, config
from escalate_daemon.acting import TERMINALS, Actions, macos_window, own_command, window, windows_window
from escalate_daemon.config import Config
from escalate_daemon.core.ids import HandId
from support.hands import RED
from support.waiting import soon


def run(
    act: Callable[[Actions], Awaitable[None]],
    *,
    approach: tuple[str, ...] = (),
    chat: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
) -> None:
    async def scenario() -> None:
        settings = Config(approach=config.Approach(approach), chat=config.Chat(chat))
        environ = {name: value for name, value in os.environ.items() if "DISPLAY" not in name} | dict(more or {})
        actions = Actions(settings, environ, lambda: "OPEN" in environ)
        try:
            await act(actions)
        finally:
            await actions.aclose()

    asyncio.run(scenario())


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "EARLY_S", 30.0)


# --- Approach --------------------------------------------------------------------------------------
def test_approach_runs_the_person_s_program_with_the_event(tmp_path: Path) -> None:
    async def act(actions: Actions) -> None:
        assert await actions.approach(RED) is None
        assert (tmp_path / "got").read_text().startswith('row B, desk 4 {"v":1,"event":"approach","escalation":{"id":')

    run(act, approach=("sh", "-c", f'{{ printf "%s " "$ESCALATE_EVENT_LOCATION"; cat; }} > {tmp_path}/got'))


def test_approach_without_a_program_does_nothing() -> None:
    async def act(actions: Actions) -> None:
        assert await actions.approach(RED) is None

    run(act)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("no-such-viewer",), "approach.run: no-such-viewer cannot be started: it is not on PATH: name its whole path"),
        (("sh", "-c", "echo no route >&2; exit 3"), "approach.run: sh exited with 3: no route"),
    ],
)
def test_approach_that_fails_at_once_is_told(argv: tuple[str, ...], says: str) -> None:
    async def act(actions: Actions) -> None:
        assert await actions.approach(RED) == says

    run(act, approach=argv)


def test_approach_that_goes_on_is_left_running_and_a_later_failure_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acting, "EARLY_S", 0.05)

    async def act(actions: Actions) -> None:
        assert await actions.approach(RED) is None
        (tmp_path / "go").touch()
        await soon(lambda: "approach.run: sh exited with 3" in caplog.text, "it is logged")

    run(act, approach=("sh", "-c", f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 3"))


def test_a_fifth_approach_at_once_is_refused_and_all_end_with_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "EARLY_S", 0.05)

    async def act(actions: Actions) -> None:
        for _ in range(acting.AT_ONCE):
            assert await actions.approach(RED) is None
        refused = await actions.approach(RED)
        assert refused is not None
        assert "4 programs run already" in refused

    run(act, approach=("sleep", "900"))  # aclose() would wait for them


def test_in_an_open_space_approach_is_not_run_and_says_so(tmp_path: Path) -> None:
    async def act(actions: Actions) -> None:
        refused = await actions.approach(RED)
        assert refused is not None
        assert "open space" in refused

    run(act, approach=("touch", str(tmp_path / "ran")), more={"OPEN": "1"})
    assert not (tmp_path / "ran").exists()


# --- Chat ------------------------------------------------------------------------------------------
def test_chat_opens_the_person_s_program(tmp_path: Path) -> None:
    async def act(actions: Actions) -> None:
        assert await actions.open_chat(RED) is None
        assert (tmp_path / "got").read_text() == f"chat {RED.id}\n"

    run(act, chat=("sh", "-c", f'echo "$ESCALATE_EVENT_EVENT $ESCALATE_EVENT_ID" > {tmp_path}/got'))


def test_chat_that_cannot_be_opened_names_what_to_type() -> None:
    async def act(actions: Actions) -> None:
        failed = await actions.open_chat(RED)
        assert failed == f"chat.open: false exited with 1; type: escalate chat {RED.id}"

    run(act, chat=("false",))


def test_chat_without_a_screen_names_what_to_type() -> None:
    async def act(actions: Actions) -> None:
        assert await actions.open_chat(RED) == f"type: escalate chat {RED.id}"

    run(act)


def terminal(folder: Path, name: str, does: str) -> dict[str, str]:
    """A PATH on which that is the only terminal."""
    folder.mkdir(exist_ok=True)
    for tool in ("sh", "touch"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)
    return {"PATH": str(folder), "DISPLAY": ":7"}


def test_chat_opens_a_terminal_where_there_is_a_screen(tmp_path: Path) -> None:
    async def act(actions: Actions) -> None:
        assert await actions.open_chat(RED) is None
        got = (tmp_path / "got").read_text().split("\n")
        assert got[:3] == ["-x", "sh", "-c"]
        assert got[-4:] == [*own_command("linux")[-1:], "chat", RED.id, ""]

    environ = terminal(tmp_path / "bin", "xfce4-terminal", f'printf "%s\\n" "$@" > {tmp_path}/got')
    run(act, more=environ)


def test_chat_whose_terminal_fails_names_what_to_type(tmp_path: Path) -> None:
    async def act(actions: Actions) -> None:
        failed = await actions.open_chat(RED)
        assert failed is not None
        assert "no terminal could be opened (chat.open: foot exited with 1: no compositor)" in failed
        assert failed.endswith(f"type: escalate chat {RED.id}")

    run(act, more=terminal(tmp_path / "bin", "foot", "echo no compositor; exit 1"))


@pytest.mark.parametrize(("name", "options"), TERMINALS.items())
def test_each_terminal_gets_the_command_in_its_own_form(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    argv = window("linux", RED.id, terminal(tmp_path / "bin", name, "exit"))
    assert argv is not None
    assert argv[: len(options) + 3] == (name, *options, "sh", "-c")
    assert argv[-2:] == ("chat", RED.id)


def test_the_terminal_shows_the_thread_and_its_last_words_until_they_are_read(tmp_path: Path) -> None:
    argv = window("linux", RED.id, terminal(tmp_path / "bin", "kitty", "exit"))
    assert argv is not None
    shown = ("sh", "-c", argv[argv.index("-c") + 1], "sh", "echo", "the thread")
    done = subprocess.run(shown, input="\n", capture_output=True, text=True, check=True)
    assert done.stdout == "the thread\nEnter closes this window "


def test_without_screen_or_terminal_there_is_no_window(tmp_path: Path) -> None:
    assert window("linux", RED.id, {"PATH": os.environ["PATH"]}) is None
    assert window("linux", RED.id, {"PATH": str(tmp_path), "WAYLAND_DISPLAY": "wayland-0"}) is None


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_an_id_that_is_none_gets_into_no_command(platform: str) -> None:
    for hand in ("-e", "a b", "a;b", "", "a\n", '"', "a&calc"):
        assert window(platform, hand, os.environ | {"DISPLAY": ":7"}) is None

    async def act(actions: Actions) -> None:
        assert await actions.open_chat(replace(RED, id=HandId("a;b"))) == "type: escalate list"

    run(act)


def test_macos_hands_the_command_over_as_an_argument_of_the_script() -> None:
    argv = macos_window(("/it's/escalate", "chat", "a1"))
    assert argv[0] == "osascript"
    assert argv[-1] == "'/it'\"'\"'s/escalate' chat a1"
    assert not any("a1" in word for word in argv[:-1])


def test_windows_opens_a_console_that_stays() -> None:
    assert windows_window(("escalate", "chat", "a1"))[-5:] == ("cmd", "/k", "escalate", "chat", "a1")


def test_own_command_is_the_one_beside_this_python_else_this_python() -> None:
    beside = Path(sys.executable).with_name("escalate")
    assert own_command("linux") == ((str(beside),) if beside.exists() else (sys.executable, "-P", "-m", "escalate_cli"))
    assert own_command("win32") == (sys.executable, "-P", "-m", "escalate_cli")
