"""Away by itself: what the desktop says becomes the presence, and is taken back only where nobody said otherwise."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon import config, paths
from escalate_daemon.config import Config
from escalate_daemon.core.commands import Command, SetPresence
from escalate_daemon.core.facts import MemberChanged
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.views import MemberView
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.hub import Hub
from escalate_daemon.presence import PresenceWatch
from escalate_daemon.screen import Screen
from escalate_daemon.session import Person
from escalate_daemon.store import Store
from escalate_daemon.surroundings import Surroundings
from support.hands import ANA
from support.one_person import OnePerson
from support.waiting import soon


class Seat:
    """A session of one who is somewhere; its shell as well."""

    def __init__(self, hub: Hub, presence: str) -> None:
        self.presence = presence
        self.shell = self
        self._hub = hub

    def me(self) -> MemberView:
        return replace(ANA, me=True, presence=self.presence)

    def report(self, command: Command) -> None:
        assert isinstance(command, SetPresence)
        self.presence = command.presence
        self._hub.publish([MemberChanged(self.me())])


class House:
    """A daemon without its session, and the watch of its presence; the desktop is the test."""

    def __init__(self, folder: Path, store: Store, presence: str) -> None:
        settings = Config(presence=config.Presence(away_on_lock=True))
        where = paths.find({"ESCALATE_HOME": str(folder)})
        around = Surroundings(where, settings, Person("Ana", "ws-1"), store, None)
        self.daemon = Daemon(around, Screen(None, lambda topic, text: None, sound=False), Warnings())
        self.seat = Seat(self.daemon.hub, presence)
        self.daemon.session = self.seat  # type: ignore[assignment]  # of a session it needs but these
        self.watch = PresenceWatch(self.daemon)

    async def said(self, presence: str) -> None:
        """The person says so, and it is heard."""
        self.seat.report(SetPresence(presence))
        other = replace(ANA, id=MemberId(b"b" * 16))
        self.daemon.hub.publish([MemberChanged(other)])
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def store() -> Store:
    return Store.in_memory()


def living(folder: Path, store: Store, act: Callable[[House], Awaitable[None]], presence: str = "available") -> None:
    async def scenario() -> None:
        house = House(folder, store, presence)
        running = asyncio.create_task(house.watch.run())
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await act(house)
        finally:
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(scenario())


@pytest.mark.parametrize("before", ["available", "busy"])
def test_who_goes_is_away_and_back_is_what_they_were(tmp_path: Path, store: Store, before: str) -> None:
    async def act(house: House) -> None:
        house.watch.went_away("locked")
        assert house.seat.presence == "away"
        house.watch.came_back()
        assert house.seat.presence == before

    living(tmp_path, store, act, before)


@pytest.mark.parametrize("before", ["room", "away", "left"])
def test_who_said_where_they_are_is_left_there(tmp_path: Path, store: Store, before: str) -> None:
    async def act(house: House) -> None:
        house.watch.went_away("locked")
        assert house.seat.presence == before
        house.watch.came_back()
        assert house.seat.presence == before

    living(tmp_path, store, act, before)


@pytest.mark.parametrize("said", [("available",), ("room",), ("busy", "away")])
def test_what_was_said_meanwhile_has_the_last_word(tmp_path: Path, store: Store, said: tuple[str, ...]) -> None:
    async def act(house: House) -> None:
        house.watch.went_away("locked")
        for presence in said:
            await house.said(presence)
        house.watch.came_back()
        assert house.seat.presence == said[-1]

    living(tmp_path, store, act)


def test_a_daemon_that_restarts_meanwhile_remembers(tmp_path: Path, store: Store) -> None:
    async def before(house: House) -> None:
        house.watch.went_away("locked")

    async def after(house: House) -> None:
        house.watch.went_away("locked")
        house.watch.came_back()
        assert house.seat.presence == "busy"

    living(tmp_path, store, before, "busy")
    living(tmp_path, store, after, "away")


def test_another_member_s_memory_is_not_mine(tmp_path: Path, store: Store) -> None:
    store.put_blob("presence-before", b"ff busy")

    async def act(house: House) -> None:
        house.watch.came_back()
        assert house.seat.presence == "away"

    living(tmp_path, store, act, "away")


def test_without_a_session_nothing_is_said(tmp_path: Path, store: Store) -> None:
    async def act(house: House) -> None:
        house.daemon.session = None
        house.watch.went_away("idle")
        house.watch.came_back()
        assert house.seat.presence == "available"

    living(tmp_path, store, act)


def test_switched_off_it_ends_at_once(tmp_path: Path, store: Store) -> None:
    async def scenario() -> None:
        where = paths.find({"ESCALATE_HOME": str(tmp_path)})
        around = Surroundings(where, Config(), Person("Ana", "ws-1"), store, None)
        await PresenceWatch(Daemon(around, Screen(None, lambda topic, text: None, sound=False), Warnings())).run()

    asyncio.run(scenario())


def test_the_desktop_is_watched_once_the_daemon_has_begun(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[str] = []

    async def run(self: object) -> None:
        watched.append("begun")

    monkeypatch.setattr("escalate_daemon.notify.lockwatch.LockWatch.run", run)

    async def act(house: House) -> None:
        assert not watched
        house.daemon.session = None
        await house.daemon.begin()
        await soon(lambda: watched == ["begun"], "it is watched")

    living(tmp_path, store, act)


def test_locked_screen_is_not_away_unless_the_settings_say_so(tmp_path: Path) -> None:
    """By default nothing is watched, and the watch has nothing to wait for."""

    async def scenario() -> None:
        watching = asyncio.create_task(PresenceWatch(OnePerson(tmp_path).daemon).run())
        try:
            await soon(watching.done, "there is nothing to watch")
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    asyncio.run(scenario())
