import asyncio
import os
from pathlib import Path

import pytest

from escalate_daemon.notify.choose import NAMES, UnknownNotifier, choose
from escalate_daemon.notify.dbus_session import session_bus_address
from support.need import need_tools
from support.private_bus import PrivateBus


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_an_unknown_name_is_told_all_the_names() -> None:
    with pytest.raises(UnknownNotifier) as caught:
        asyncio.run(choose("growl"))
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize("name", ["terminal:", "log:x", ":", "freedesktop:1"])
def test_a_name_with_a_stray_colon_is_unknown(name: str) -> None:
    with pytest.raises(UnknownNotifier):
        asyncio.run(choose(name))


def test_a_forced_one_is_alone_in_the_chain() -> None:
    choice = asyncio.run(choose("terminal:-"))
    assert [notifier.name for notifier in choice.chain] == ["terminal:-"]
    assert choice.found.taken == "terminal:-"
    assert choice.found.hears == "terminal"


@pytest.mark.usefixtures("no_bus")
def test_without_a_bus_each_candidate_says_why_and_what_mends_it() -> None:
    choice = asyncio.run(choose(None, "linux"))
    first = choice.found.candidates[0]
    assert first.name == "freedesktop"
    assert "no session bus" in first.probe.found
    assert "DBUS_SESSION_BUS_ADDRESS" in first.probe.mend
    assert [each.name for each in choice.found.candidates][-2:] == ["terminal", "log"]
    assert all(each.probe.mend for each in choice.found.candidates if not each.probe.usable)


def test_a_log_is_never_taken() -> None:
    found = asyncio.run(choose("log")).found
    assert (found.taken, found.hears) == ("", "none")


@pytest.mark.parametrize(("platform", "order"), [("win32", ["plyer", "log"]), ("darwin", ["plyer", "terminal", "log"])])
def test_other_systems_begin_with_what_they_have(platform: str, order: list[str]) -> None:
    chain = asyncio.run(choose(None, platform)).chain
    assert [notifier.name for notifier in chain if notifier.name != "desktop-notifier"] == order


def test_the_bus_is_looked_for_where_the_session_puts_it(tmp_path: Path) -> None:
    need_tools("dbus-daemon")
    folder = tmp_path / "a~b"
    folder.mkdir()
    with PrivateBus(tmp_path):
        (tmp_path / "bus").rename(folder / "bus")
        found = session_bus_address({"XDG_RUNTIME_DIR": str(folder)}, os.getuid())
        assert found == f"unix:path={tmp_path}/a%7Eb/bus"
    told = session_bus_address({"DBUS_SESSION_BUS_ADDRESS": "x:y=z", "XDG_RUNTIME_DIR": str(folder)}, 0)
    assert told == "x:y=z"
    assert session_bus_address({"XDG_RUNTIME_DIR": str(tmp_path / "none")}, 4_000_000_000) is None
