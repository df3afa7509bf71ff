"""The screen: nothing is lost before the desk stands, and nothing stays when a session is over for good."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from escalate_daemon.core.commands import Command, ReportLost, ReportMended, ReportNotSounded, ReportShown, SetProfile
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView, Reach
from escalate_daemon.notify.terminal import Stream
from escalate_daemon.screen import Screen
from escalate_daemon.wording import Words
from support.waiting import until

ANA = MemberView(
    id=MemberId(bytes(16)),
    name="ana",
    host="",
    label="ana",
    presence="available",
    room="",
    groups=(),
    location="",
    phone="",
    url="",
    me=False,
    online=True,
    hears="popup",
    version="",
    new_key=False,
)


def showing(message: str) -> Show:
    view = EscalationView(
        id=HandId("00112233445566aa"),
        owner=ANA,
        level="red",
        message=message,
        named=(),
        state=EscalationState.ACTIVE,
        age=0,
        max_age=1,
        lost_for=None,
        ended_ago=None,
        end_reason=None,
        note="",
        reach=Reach(),
        receipts=(),
        named_me=True,
        mine=False,
    )
    return Show(ShowKind.SHOW, view.id, Urgency.RING, view)


class Scene:
    """A screen that writes its lines into a file, with sound switched off."""

    def __init__(self, file: Path, forced: str | None = None) -> None:
        self.file = file
        self.warned: dict[str, str | None] = {}
        self.reports: list[Command] = []
        self.screen = Screen(forced or f"terminal:{file}", self.warned.__setitem__, sound=False)
        self._news = asyncio.Event()
        self.screen.report_to(self._tell)

    def _tell(self, command: Command) -> None:
        self.reports.append(command)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                self._news.clear()
                await self._news.wait()

    def said(self, kind: type[Command]) -> bool:
        return any(isinstance(each, kind) for each in self.reports)

    def play(self, act: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            working = asyncio.create_task(self.screen.run())
            try:
                await act()
            finally:
                working.cancel()
                await asyncio.wait([working])

        asyncio.run(run())


def test_what_comes_before_the_desk_stands_is_shown_and_reported(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines")
    scene.screen.perform(showing("caller is threatening"))
    scene.screen.announce(Words("Ben has joined", "by your invite"))

    async def act() -> None:
        await scene.until(lambda: scene.said(ReportShown) and scene.said(ReportNotSounded))

    scene.play(act)
    assert "caller is threatening" in scene.file.read_text(encoding="utf-8")


def test_what_can_be_heard_is_told_to_the_session(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines")

    async def act() -> None:
        await scene.until(lambda: SetProfile(hears="terminal") in scene.reports)

    scene.play(act)
    assert (scene.screen.notifier, scene.screen.player) == (f"terminal:{tmp_path / 'lines'}", None)


def test_clearing_takes_every_popup_down(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines")

    async def act() -> None:
        scene.screen.perform(showing("help"))
        await scene.until(lambda: scene.said(ReportShown))
        scene.screen.clear()
        over = "over: ana needs help: help"
        await asyncio.to_thread(until, lambda: over in scene.file.read_text(encoding="utf-8"), "it is taken down")

    scene.play(act)


def test_an_unknown_notifier_is_warned_of_and_the_best_is_used(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines", forced="semaphore")

    async def act() -> None:
        await scene.until(lambda: scene.screen.notifier is not None)

    scene.play(act)
    assert "semaphore" in (scene.warned["notifier"] or "")


def test_its_condition_tells_what_shows_why_and_what_was_heard(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines")
    assert scene.screen.condition is None

    async def act() -> None:
        found = await scene.screen.look()
        assert found is scene.screen.condition
        assert (found.notifier, found.hears, found.why) == (
            scene.screen.notifier,
            "terminal",
            "named by ESCALATE_NOTIFIER",
        )
        assert (found.server, found.bus, found.last_sound, found.player.usable) == (None, "", None, False)
        tried = await scene.screen.try_out(Words("a test", "of this desk"))
        assert (tried.shown, tried.sounded) == ("terminal", "")
        assert "switched off" in tried.not_sounded

    scene.play(act)
    assert "a test" in scene.file.read_text(encoding="utf-8")


def test_a_change_of_what_can_be_heard_is_told_to_the_session_and_the_listener_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("escalate_daemon.screen.LOOK_PAUSE_S", 0.0)
    scene = Scene(tmp_path / "lines")
    conditions: list[str] = []
    scene.screen.tell_changes(lambda found: conditions.append(found.hears))

    async def act() -> None:
        await scene.until(lambda: SetProfile(hears="terminal") in scene.reports)
        assert conditions == [], "the first is no change"
        monkeypatch.setattr(Stream, "found", lambda self: "")
        for _ in range(3):
            scene.screen.turned()
            await scene.screen.look()
        await scene.until(lambda: SetProfile(hears="none") in scene.reports)

    scene.play(act)
    assert conditions == ["none"]
    said = [each for each in scene.reports if isinstance(each, SetProfile)]
    assert said == [SetProfile(hears="terminal"), SetProfile(hears="none")]
    scene.screen.report_to(scene.reports.append)
    assert scene.reports[-1] == SetProfile(hears="none"), "the next session is told at once"


def test_lost_and_mended_reach_the_core(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "lines")
    hand = HandId("00112233445566aa")
    scene.screen.lost(hand)
    scene.screen.mended()
    assert scene.reports[-2:] == [ReportLost(hand), ReportMended()]
