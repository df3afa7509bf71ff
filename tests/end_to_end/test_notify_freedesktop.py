"""The freedesktop back end against a real notification server on a private bus."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon.notify import freedesktop
from escalate_daemon.notify.base import Colour, NotifyFailed, icon_path
from escalate_daemon.notify.freedesktop import FreedesktopNotifier
from support.desktop import POPUP, QUIET, Desktop, running_desktop, short_folder, soon, up
from support.need import need_import
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


def test_the_named_get_it_critical_and_for_ever_the_others_normally(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.show(POPUP, None)
        await notifier.show(QUIET, None)

    desktop.run(scenario)
    red, yellow = desktop.popups.notified()
    assert (red.hints.urgency, red.expire, red.colour) == (2, 0, "red")
    assert (yellow.hints.urgency, yellow.expire, yellow.colour) == (1, -1, "yellow")
    assert red.hints.suppress_sound
    assert red.hints.image_path == icon_path(Colour.RED).as_uri()
    assert red.app_name == "escalate"
    assert red.title == "Ana needs help"


def test_markup_of_peers_is_escaped_and_no_title_looks_like_an_option(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        await notifier.show(replace(POPUP, title="--help <b>", body="<b>a</b> & b"), None)

    desktop.run(scenario)
    (shown,) = desktop.popups.notified()
    assert shown.body == "&lt;b&gt;a&lt;/b&gt; &amp; b"
    assert shown.title == " --help <b>"


def test_a_server_without_markup_and_actions_gets_plain_words_and_no_buttons(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, PrivateBus(folder) as bus:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        with Popups(bus.address, folder, "--no-actions") as popups:
            Desktop(folder).run(lambda notifier: up(notifier, replace(POPUP, body="<b>")))
            (shown,) = popups.notified()
    assert shown.body == "<b>"
    assert shown.actions == []


def test_an_update_changes_it_in_place_and_a_close_takes_it_away(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        handle = await up(notifier)
        changed = await notifier.update(handle, replace(POPUP, title="Sam is coming"))
        assert changed.handle == handle
        assert [each.title for each in desktop.popups.up()] == ["Sam is coming"]
        await notifier.close(handle)

    desktop.run(scenario)
    assert desktop.popups.up() == []
    first, second = desktop.popups.notified()
    assert second.replaces_id == first.id


def test_what_was_closed_and_comes_again_is_a_new_popup_that_can_be_changed(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        old = await up(notifier)
        await notifier.close(old)
        again = await up(notifier, POPUP, old)
        await notifier.update(again, replace(POPUP, title="Sam is coming"))

    desktop.run(scenario)
    assert [each.title for each in desktop.popups.up()] == ["Sam is coming"]


def test_a_popup_is_taken_over_after_our_own_restart(desktop: Desktop) -> None:
    handles: list[str] = []

    async def before(notifier: FreedesktopNotifier) -> None:
        handles.append(await up(notifier))

    async def after(notifier: FreedesktopNotifier) -> None:
        assert await up(notifier, replace(POPUP, title="again"), handles[0]) == handles[0]
        await notifier.close(handles[0])

    desktop.run(before)
    desktop.run(after)
    assert desktop.popups.up() == []
    assert len({each.id for each in desktop.popups.notified()}) == 1


def test_a_handle_of_another_server_run_closes_and_replaces_nothing(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        old = await up(notifier)
        await asyncio.to_thread(desktop.popups.stop)
        await asyncio.to_thread(desktop.popups.start)
        theirs = await up(notifier, replace(POPUP, title="someone else's"))
        assert theirs != old
        await notifier.close(old)
        await up(notifier, replace(POPUP, title="mine again"), old)

    desktop.run(scenario)
    assert desktop.popups.of("close") == []
    assert [each.title for each in desktop.popups.up()] == ["someone else's", "mine again"]


def test_a_handle_of_another_bus_run_closes_nothing(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        old = await up(notifier)
        await asyncio.to_thread(desktop.popups.stop)
        await asyncio.to_thread(desktop.bus.stop)
        with pytest.raises(NotifyFailed):
            await notifier.show(POPUP, None)
        await asyncio.to_thread(desktop.bus.start)
        await asyncio.to_thread(desktop.popups.start)
        new = await up(notifier)
        # The same unique name and id may well have been given out again: only the bus's own run tells them apart.
        assert new != old
        await notifier.close(old)

    desktop.run(scenario)
    assert desktop.popups.of("close") == []
    assert len(desktop.popups.up()) == 1


def test_an_update_after_the_server_was_restarted_brings_it_back(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        handle = await up(notifier)
        await asyncio.to_thread(desktop.popups.stop)
        await asyncio.to_thread(desktop.popups.start)
        changed = await notifier.update(handle, replace(POPUP, title="still up"))
        assert changed.handle != handle

    desktop.run(scenario)
    assert [each.title for each in desktop.popups.up()] == ["still up"]


def test_a_dismissal_is_seen_once_and_an_update_does_not_bring_it_back(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        handle = await up(notifier)
        (shown,) = desktop.popups.up()
        await asyncio.to_thread(desktop.popups.click, shown.id)
        await asyncio.to_thread(desktop.popups.dismiss, shown.id)
        await soon(lambda: desktop.touched, "it is seen")
        other = await up(notifier, replace(POPUP, tag="other"))
        await notifier.update(handle, POPUP)
        await notifier.close(other)

    desktop.run(scenario)
    assert desktop.touched == ["hand"]
    assert len(desktop.popups.notified()) == 2


def test_what_expires_or_is_closed_by_us_is_not_seen(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        expired, closed, seen = [await up(notifier, replace(POPUP, tag=tag)) for tag in "ecs"]
        ids = [each.id for each in desktop.popups.up()]
        await asyncio.to_thread(desktop.popups.tell, f"close {ids[0]} 1")
        await notifier.close(closed)
        await asyncio.to_thread(desktop.popups.dismiss, ids[2])
        await soon(lambda: desktop.touched, "the third is seen")
        assert expired != seen

    desktop.run(scenario)
    assert desktop.touched == ["s"]


def test_a_hung_server_is_given_up_on_and_then_delays_nothing(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freedesktop, "CALL_LIMIT_S", 0.5)
    monkeypatch.setattr(freedesktop, "HUNG_FOR_S", 600.0)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        handle = await up(notifier)
        await asyncio.to_thread(desktop.popups.tell, "hang")
        with pytest.raises(NotifyFailed, match="did not answer"):
            await notifier.show(replace(POPUP, tag="late"), None)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(20):
            with pytest.raises(NotifyFailed, match="does not answer"):
                await notifier.show(POPUP, None)
        await notifier.close(handle)
        assert loop.time() - began < 5  # twenty limits would be ten
        await asyncio.to_thread(desktop.popups.tell, "answer")
        await soon(lambda: desktop.late, "what it shows late is told")
        assert desktop.late[0].handle is not None
        await soon(lambda: desktop.popups.of("close"), "the close that waited in its queue is done")
        await notifier.close(desktop.late[0].handle)
        await up(notifier)

    desktop.run(scenario)
    assert len(desktop.popups.up()) == 1


def test_a_frozen_server_process_is_given_up_on_too(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freedesktop, "CALL_LIMIT_S", 0.5)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        os.kill(desktop.popups.pid, signal.SIGSTOP)
        probe = await notifier.probe()
        assert not probe.usable
        assert "did not answer" in probe.found
        assert probe.mend

    desktop.run(scenario)


def test_a_frozen_bus_is_given_up_on(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("escalate_daemon.notify.dbus_session.CONNECT_LIMIT_S", 0.5)

    async def scenario(notifier: FreedesktopNotifier) -> None:
        os.kill(desktop.bus.pid, signal.SIGSTOP)
        with pytest.raises(NotifyFailed, match="does not answer"):
            await notifier.show(POPUP, None)

    desktop.run(scenario)


def test_a_bus_without_a_server_says_what_to_start_and_uses_one_that_comes_later(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        await asyncio.to_thread(desktop.popups.stop)
        with pytest.raises(NotifyFailed, match="start a notification server"):
            await notifier.show(POPUP, None)
        await asyncio.to_thread(desktop.popups.start)
        await notifier.show(POPUP, None)

    desktop.run(scenario)
    assert len(desktop.popups.up()) == 1


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "nonsense", "autolaunch:", "unix:path=/dev/null"])
def test_a_bad_bus_address_is_a_clear_failure(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need_import("dbus_fast")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

    async def scenario() -> None:
        notifier = FreedesktopNotifier()
        with pytest.raises(NotifyFailed) as caught:
            await notifier.show(POPUP, None)
        assert "DBUS_SESSION_BUS_ADDRESS" in str(caught.value)

    asyncio.run(scenario())


def test_the_probe_names_the_server(desktop: Desktop) -> None:
    async def scenario(notifier: FreedesktopNotifier) -> None:
        probe = await notifier.probe()
        assert (probe.usable, probe.hears) == (True, "popup")
        assert probe.found == "recorder 1 on the session bus"

    desktop.run(scenario)
