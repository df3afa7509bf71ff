"""Gone by the desktop's word: a real bus, on which screen savers and logind come, speak, and go."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from escalate_daemon.notify import lockwatch
from escalate_daemon.notify.lock_sources import Logind, ScreenSavers
from escalate_daemon.notify.lockwatch import LockWatch
from support.desktop import short_folder
from support.lock_desktop import LOGIND, MUTTER, SAVER, LockDesktop
from support.private_bus import PrivateBus
from support.waiting import soon


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    with short_folder() as folder, PrivateBus(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockwatch, "IDLE_EVERY_S", 0.05)
    monkeypatch.setattr(lockwatch, "BACK_EVERY_S", 0.05)


class Told:
    def __init__(self) -> None:
        self.words: list[str] = []

    def went_away(self, reason: str) -> None:
        self.words.append(reason)

    def came_back(self) -> None:
        self.words.append("back")

    async def hears(self, *words: str) -> None:
        await soon(lambda: self.words == list(words), f"it is told {words}; it was {self.words}")


Act = Callable[[LockDesktop, Told], Awaitable[None]]


def watching(
    bus: PrivateBus,
    act: Act,
    *,
    names: tuple[str, ...] = (SAVER, LOGIND),
    on_lock: bool = True,
    idle_s: int = 0,
    desktop: LockDesktop | None = None,
) -> None:
    """`act` beside a watch; both buses are the one."""

    async def scenario() -> None:
        made, told = desktop or LockDesktop(), Told()
        await made.come(bus.address, *names)
        sources = ScreenSavers(lambda: [bus.address]), Logind(lambda: [bus.address])
        watch = LockWatch(told, on_lock=on_lock, idle_s=idle_s, savers=sources[0], logind=sources[1])
        running = asyncio.create_task(watch.run())
        try:
            await act(made, told)
            assert not running.done()
        finally:
            running.cancel()
            await asyncio.wait([running])
            made.go()

    asyncio.run(scenario())


def test_a_screen_saver_that_locks_and_unlocks_is_told(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        desktop.saver_says(True)
        await told.hears("back", "locked")
        desktop.saver_says(True)
        desktop.saver_says(False)
        await told.hears("back", "locked", "back")

    watching(bus, act)


def test_a_screen_that_is_locked_already_is_told_at_once(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("locked")

    watching(bus, act, desktop=LockDesktop(active=True))
    watching(bus, act, names=(LOGIND,), desktop=LockDesktop(locked=True))


def test_logind_s_hint_of_the_person_s_own_session_is_told(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        desktop.hint_says(True, "_33")  # another person's
        desktop.hint_says(True)
        await told.hears("back", "locked")
        desktop.hint_says(False)
        await told.hears("back", "locked", "back")

    watching(bus, act, names=(LOGIND,))


def test_logind_s_call_to_lock_counts_until_anybody_knows_better(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        knows: list[Callable[[], None]] = [
            lambda: desktop.logind_says("Unlock"),
            lambda: desktop.hint_says(False),
            lambda: desktop.saver_says(False),
        ]
        for known in knows:
            told.words.clear()
            desktop.logind_says("Lock")
            await told.hears("locked")
            known()
            await told.hears("locked", "back")

    watching(bus, act)


def test_a_session_that_began_later_is_known(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        desktop.sessions["c9"] = os.getuid()
        desktop.logind_says("Lock", "c9")
        await told.hears("back", "locked")

    watching(bus, act)


def test_who_is_not_logind_is_not_believed(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        liar = LockDesktop()
        await liar.come(bus.address)
        liar.logind_says("Lock")
        liar.hint_says(True)
        desktop.logind_says("Unlock")
        desktop.saver_says(True)
        await told.hears("back", "locked")
        desktop.saver_says(False)
        await told.hears("back", "locked", "back")
        liar.go()

    watching(bus, act)


def test_a_screen_saver_that_goes_while_it_is_on_locks_nobody_for_ever(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("locked")
        await desktop.leave(SAVER)
        await told.hears("locked", "back")

    watching(bus, act, desktop=LockDesktop(active=True))


def test_a_bus_that_goes_and_comes_is_found_again(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        await asyncio.to_thread(bus.stop)
        desktop.go()
        await asyncio.to_thread(bus.start)
        desktop.active = True
        await desktop.come(bus.address, SAVER)
        await told.hears("back", "locked")

    watching(bus, act)


def test_without_any_bus_nobody_is_told_anything_but_that_they_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockwatch, "SETTLE_S", 0.05)

    async def scenario() -> None:
        told = Told()
        savers, logind = ScreenSavers(list), Logind(lambda: ["unix:path=/nonexistent/bus"])
        running = asyncio.create_task(LockWatch(told, on_lock=True, idle_s=5, savers=savers, logind=logind).run())
        await told.hears("back")
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(scenario())


def test_switched_off_it_looks_at_nothing() -> None:
    asyncio.run(LockWatch(Told(), on_lock=False, idle_s=0).run())


# --- Idle ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("names", "set_idle"),
    [
        ((SAVER,), lambda desktop: setattr(desktop, "idle", 700)),
        ((SAVER, "org.kde.screensaver"), lambda desktop: setattr(desktop, "idle", 700_000)),
        ((SAVER, MUTTER), lambda desktop: setattr(desktop, "idle_ms", 700_000)),
        ((LOGIND,), lambda desktop: setattr(desktop, "idle_since_us", int((time.monotonic() - 700) * 1e6))),
    ],
)
def test_who_touches_nothing_for_long_is_told_and_is_back_with_a_touch(
    bus: PrivateBus, names: tuple[str, ...], set_idle: Callable[[LockDesktop], None]
) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        set_idle(desktop)
        await told.hears("back", "idle")
        desktop.idle = desktop.idle_ms = 0
        desktop.idle_since_us = None
        await told.hears("back", "idle", "back")

    watching(bus, act, names=names, idle_s=600, desktop=LockDesktop(idle=599, idle_ms=599_000))


def test_a_locked_screen_does_not_count_where_only_idleness_is_wanted(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")
        desktop.saver_says(True)
        desktop.idle = 700
        await told.hears("back", "idle")

    watching(bus, act, on_lock=False, idle_s=600)


def test_an_ssh_session_does_not_keep_its_person_here(bus: PrivateBus) -> None:
    async def act(desktop: LockDesktop, told: Told) -> None:
        await told.hears("back")

    watching(bus, act, names=(LOGIND,), idle_s=600, desktop=LockDesktop(kind="tty", idle_since_us=1))
