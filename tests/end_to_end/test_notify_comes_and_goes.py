"""The freedesktop back end, while its server and its bus come, go, hang and are replaced."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon.notify import freedesktop
from escalate_daemon.notify.base import NotifyFailed
from escalate_daemon.notify.freedesktop import FreedesktopNotifier
from support.desktop import POPUP, Desktop, running_desktop, short_folder, soon, up
from support.popups import Popups
from support.private_bus import PrivateBus

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


@pytest.fixture
def desktop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    with running_desktop(folder) as made:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.bus.address)
        yield made


def test_it_tells_when_the_server_goes_hangs_thaws_and_is_replaced(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(freedesktop, "CALL_LIMIT_S", 0.5)
    popups = desktop.popups

    async def turned(*turns: str) -> None:
        await soon(lambda: desktop.turns == list(turns), f"told: {turns}")
        desktop.turns.clear()

    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.probe()
        await turned("back")
        await asyncio.to_thread(popups.kill)
        await turned("gone")
        await asyncio.to_thread(popups.start)
        await turned("back")
        os.kill(popups.pid, signal.SIGSTOP)
        probe = await notifier.probe()
        assert probe.server is None, "of the new one nothing is known"
        await turned("gone")
        os.kill(popups.pid, signal.SIGCONT)
        await turned("back")
        probe = await notifier.probe()
        assert probe.server is not None
        assert (probe.server.name, probe.server.answers, probe.bus) == ("recorder", True, desktop.bus.address)
        assert "actions" in probe.server.capabilities
        os.kill(popups.pid, signal.SIGSTOP)
        handle = "x"
        with pytest.raises(NotifyFailed):
            await notifier.show(POPUP, None)
        await turned("gone")
        hung = (await notifier.probe()).server
        assert hung is not None
        assert not hung.answers
        with Popups(desktop.bus.address, tmp_path, "--take", "--no-actions") as taker:
            await turned("back")
            handle = await up(notifier)
            assert notifier.keeps(handle)
            assert len(taker.up()) == 1
        await turned("gone")
        assert not notifier.keeps(handle)

    desktop.run(scenario)


def test_a_hung_server_is_asked_once_for_one_popup(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freedesktop, "CALL_LIMIT_S", 0.2)
    monkeypatch.setattr(freedesktop, "HUNG_FOR_S", 0.0)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.probe()
        await asyncio.to_thread(desktop.popups.tell, "hang")
        for words in ("first", "second", "third"):
            with pytest.raises(NotifyFailed):
                await notifier.show(replace(POPUP, title=words), None)
        await asyncio.to_thread(desktop.popups.tell, "answer")
        await soon(lambda: desktop.late, "it comes late")
        await notifier.show(replace(POPUP, title="fourth"), desktop.late[0].handle)

    desktop.run(scenario)
    assert [each.title for each in desktop.popups.notified()] == ["first", "fourth"]
    assert len(desktop.popups.up()) == 1


def test_a_server_that_dies_while_it_is_asked_is_not_waited_for(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.probe()
        os.kill(desktop.popups.pid, signal.SIGSTOP)
        asking = asyncio.create_task(notifier.show(POPUP, None))
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        await asyncio.to_thread(desktop.popups.kill)
        with pytest.raises(NotifyFailed, match="no notification server"):
            await asking
        assert asyncio.get_running_loop().time() - began < freedesktop.CALL_LIMIT_S

    desktop.run(scenario)


def test_a_server_that_the_bus_can_start_is_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = PrivateBus(folder, services=folder / "services")
    popups = Popups(bus.address, folder)
    bus.offer("org.freedesktop.Notifications", popups.argv)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    desktop = Desktop(folder)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        first = await up(notifier)
        told = len(desktop.turns)
        os.kill(await asyncio.to_thread(bus.pid_of, "org.freedesktop.Notifications"), signal.SIGKILL)
        await soon(lambda: len(desktop.turns) > told, "its end is told")
        assert not notifier.keeps(first)
        assert await up(notifier) != first

    with bus:
        desktop.run(scenario)
        os.kill(bus.pid_of("org.freedesktop.Notifications"), signal.SIGKILL)
    assert len(popups.of("ready")) == 2


def test_a_server_that_dies_again_and_again_is_left_alone_for_a_while(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freedesktop, "REFUSED_FOR_S", 0.2)
    monkeypatch.setattr(freedesktop, "_RESTARTS_WITHIN_S", 600.0)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.probe()
        for _ in range(6):
            await asyncio.to_thread(desktop.popups.kill)
            await asyncio.to_thread(desktop.popups.start)
        await soon(
            lambda: desktop.turns[-2:] == ["gone", "back"] and desktop.turns.count("gone") == 7, "it is told late"
        )

    desktop.run(scenario)
    assert desktop.turns.count("back") == 7


def test_an_answer_that_is_none_is_a_refusal(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.probe()
        await asyncio.to_thread(desktop.popups.tell, "babble")
        with pytest.raises(NotifyFailed, match="refuses"):
            await notifier.show(POPUP, None)
        probe = await notifier.probe()
        assert not probe.usable
        assert "refuses" in probe.found

    desktop.run(scenario)


@pytest.mark.parametrize("written", ["bus", "session-bus"])
def test_after_a_new_login_the_bus_is_found_where_that_put_it(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/old,guid=00")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(desktop.bus.folder if written == "bus" else tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if written == "session-bus":
        noted = tmp_path / ".dbus/session-bus/abc-0"
        noted.parent.mkdir(parents=True)
        noted.write_text(f"# written by dbus-launch\nDBUS_SESSION_BUS_ADDRESS='{desktop.bus.address}'\n", "utf-8")
    desktop.run(up)
    assert len(desktop.popups.up()) == 1


def test_of_two_buses_the_one_with_a_server_is_taken(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with PrivateBus(tmp_path) as empty:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", empty.address)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(desktop.bus.folder))
        desktop.run(up)
    assert len(desktop.popups.up()) == 1
