"""The daemon's own watch: warns while it stands, tells by pop-up what has come, and sees the wall clock jump."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon import clock, paths
from escalate_daemon.config import Config
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.doctor import hearing
from escalate_daemon.doctor.watch import Watch
from escalate_daemon.notify.base import Probe
from escalate_daemon.notify.choose import Candidate
from escalate_daemon.notify.condition import Condition
from escalate_daemon.screen import Screen
from escalate_daemon.session import Person
from escalate_daemon.store import Store
from escalate_daemon.surroundings import Surroundings
from escalate_daemon.wording import Words
from support.waiting import soon

DUNST = Candidate("freedesktop", Probe(usable=True, hears="popup", found="dunst"))
WHOLE = Condition(
    notifier="freedesktop",
    why="the best there is here",
    hears="sound",
    candidates=(DUNST,),
    bus="unix:path=/b",
    server=None,
    player=Probe(usable=True, hears="sound", found="paplay"),
    last_sound=None,
)
MUTE = replace(WHOLE, hears="popup", player=Probe(usable=False, hears="none", found="no player", mend="install one"))
BLIND = replace(
    WHOLE, notifier="", hears="none", candidates=(replace(DUNST, probe=replace(MUTE.player, found="hung")),)
)


class Desk(Screen):
    """A desk that is as the test says."""

    def __init__(self) -> None:
        super().__init__(None, lambda topic, text: None, sound=True)
        self.announced: list[Words] = []

    def tell_changes(self, told: Callable[[Condition], None]) -> None:
        self.tell = told

    async def look(self) -> Condition:
        return WHOLE

    def announce(self, words: Words) -> None:
        self.announced.append(words)

    def becomes(self, condition: Condition) -> None:
        self.condition = condition
        self.tell(condition)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for topic in hearing.TOPICS:
        monkeypatch.setitem(hearing.STANDS_S, topic, 0.05)


def watched(folder: Path, act: Callable[[Desk, Daemon, Watch], Awaitable[None]]) -> None:
    """`act` while the watch runs."""

    async def scenario() -> None:
        desk = Desk()
        desk.condition = WHOLE
        where = paths.find({"ESCALATE_HOME": str(folder)})
        around = Surroundings(where, Config(), Person("Ana", "ws-1"), Store.in_memory(), None)
        daemon = Daemon(around, desk, Warnings())
        watch = Watch(daemon)
        running = asyncio.create_task(watch.run())
        try:
            await soon(lambda: hasattr(desk, "tell"), "the watch listens to the desk")
            await act(desk, daemon, watch)
        finally:
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(scenario())


def test_sound_that_went_is_told_by_one_pop_up_and_warned_of_until_it_is_back(tmp_path: Path) -> None:
    async def act(desk: Desk, daemon: Daemon, watch: Watch) -> None:
        desk.becomes(MUTE)
        await soon(lambda: bool(daemon.warnings()), "it is warned of")
        assert daemon.warnings() == ["a red makes no sound on this machine: no player; install one"]
        assert desk.announced == [Words("A red makes no sound on this machine", "no player\ninstall one")]
        desk.becomes(WHOLE)
        await soon(lambda: not daemon.warnings(), "the warning is taken back")
        desk.becomes(MUTE)
        await soon(lambda: bool(daemon.warnings()), "it is warned of again")
        assert len(desk.announced) == 1

    watched(tmp_path, act)


def test_notifier_that_went_is_told_with_its_cause(tmp_path: Path) -> None:
    async def act(desk: Desk, daemon: Daemon, watch: Watch) -> None:
        desk.becomes(BLIND)
        await soon(lambda: bool(desk.announced), "it is told")
        assert desk.announced == [Words("No red can be shown on this machine", "hung\ninstall one")]

    watched(tmp_path, act)


def test_jump_of_the_wall_clock_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock.wall

    async def act(desk: Desk, daemon: Daemon, watch: Watch) -> None:
        before = watch.jump
        assert before is None
        monkeypatch.setattr(clock, "wall", lambda: real() + 86_400)
        jump = watch.jump
        assert jump is not None
        by, since = jump
        assert by == pytest.approx(86_400, abs=5)
        assert 0 <= since < 60

    watched(tmp_path, act)
