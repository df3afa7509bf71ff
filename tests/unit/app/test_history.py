"""The history: what happened is written soon, gathered where it comes in hundreds, and told as it is now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

from escalate_daemon import clock, history
from escalate_daemon.core import tuning
from escalate_daemon.core.facts import EscalationEnded, EscalationLost, EscalationRaised, EscalationUpdated
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.views import EndReason, EscalationState, EscalationView, Reach, ReceiptView
from escalate_daemon.history import History
from escalate_daemon.hub import Hub
from escalate_daemon.ipc.protocol import Escalation
from escalate_daemon.store import Row, Store, StoreError
from support.hands import ANA, RED, hand
from support.waiting import soon

NEVER = 10**9
ENDED = replace(RED, state=EscalationState.ENDED, ended_ago=0, end_reason=EndReason.OWNER, note="done")
SHOWN = replace(RED, reach=Reach(named=1, shown=1), receipts=(ReceiptView(ANA, 900, 800, None, None, None),))


class Counting:
    """A store whose writes are counted, and that can refuse them."""

    def __init__(self) -> None:
        self.real = Store.in_memory()
        self.writes = 0
        self.refuses = False
        self.put = self.real.put_history
        self.real.put_history = self._put  # type: ignore[method-assign]

    def _put(self, rows: Iterable[Row]) -> None:
        if self.refuses:
            raise StoreError("the disk is full; free some space")
        self.writes += 1
        self.put(rows)


class Scene:
    """A daemon's history, and what its session knows."""

    def __init__(self, store: Counting | None = None) -> None:
        self.store = store or Counting()
        self.hub = Hub()
        self.known: list[EscalationView] = []
        self.history = History(self.store.real, self.hub, lambda: self.known)

    def raised(self, view: EscalationView) -> None:
        self.known = [*(each for each in self.known if each.id != view.id), view]
        self.hub.publish([EscalationRaised(view)])

    def updated(self, view: EscalationView) -> None:
        self.known = [*(each for each in self.known if each.id != view.id), view]
        self.hub.publish([EscalationUpdated(view)])

    async def written(self, times: int) -> None:
        await soon(lambda: self.store.writes >= times, f"{times} writes")
        assert self.store.writes == times

    async def past(self, since_s: float | None = None) -> list[Escalation]:
        return await self.history.past(since_s)


Act = Callable[[Scene], Awaitable[None]]


def play(act: Act, store: Counting | None = None) -> Scene:
    """One life of the daemon's history."""

    async def life() -> Scene:
        scene = Scene(store)
        running = asyncio.create_task(scene.history.run())
        await asyncio.sleep(0)
        await act(scene)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return scene

    return asyncio.run(life())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SOON", 0)
    monkeypatch.setattr(history, "GATHER", NEVER)
    monkeypatch.setattr(history, "GATHER_CROWD", NEVER)


def test_raised_shown_and_ended_are_written_at_once_and_the_rest_is_gathered() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(RED)
        await scene.written(1)
        scene.updated(SHOWN)
        await scene.written(2)
        for age in range(50):
            scene.updated(replace(SHOWN, age=age))
            await asyncio.sleep(0)
        assert scene.store.writes == 2
        scene.known = [ENDED]
        scene.hub.publish([EscalationEnded(replace(ENDED, receipts=SHOWN.receipts))])
        await scene.written(3)

    scene = play(act)
    assert scene.store.writes == 3
    (row,) = asyncio.run(scene.past())
    assert (row.state, row.end_reason, row.note, row.reach.shown) == ("ended", "owner", "done", 1)


def test_what_waits_is_written_when_the_daemon_stops() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(SHOWN)
        await scene.written(1)
        two = (*SHOWN.receipts, ReceiptView(replace(ANA, id=MemberId(b"b" * 16)), 1, 1, None, None, None))
        scene.updated(replace(SHOWN, receipts=two))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert scene.store.writes == 1

    scene = play(act)
    assert scene.store.writes == 2
    scene.known = []
    (row,) = asyncio.run(scene.past())
    assert row.reach.shown == 2


def test_an_end_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SOON", NEVER)

    async def act(scene: Scene) -> None:
        scene.raised(RED)
        await asyncio.sleep(0)
        scene.hub.publish([EscalationEnded(ENDED)])
        await scene.written(1)

    play(act)


def test_an_end_stays_when_the_daemon_starts_anew_and_hears_of_the_hand_again() -> None:
    async def first(scene: Scene) -> None:
        scene.raised(SHOWN)
        scene.known = [ENDED]
        scene.hub.publish([EscalationEnded(ENDED)])
        await soon(lambda: scene.store.writes > 0, "written")

    async def second(scene: Scene) -> None:
        scene.raised(RED)
        scene.known = []
        await soon(lambda: scene.store.writes > before, "written")
        (row,) = await scene.past()
        assert (row.state, row.note) == ("ended", "done")

    store = play(first).store
    before = store.writes
    play(second, store)


def test_a_hand_that_was_up_when_the_daemon_died_and_is_heard_of_no_more_is_put_away() -> None:
    async def died(scene: Scene) -> None:
        scene.raised(SHOWN)
        await scene.written(1)

    async def lives(scene: Scene) -> None:
        (row,) = await scene.past()
        assert (row.state, row.ended_at, row.reach.shown) == ("put-away", None, 1)
        scene.raised(RED)
        (row,) = await scene.past()
        assert (row.state, row.reach.shown) == ("active", 1)

    play(lives, play(died).store)


def test_what_is_up_is_told_as_it_is_now_written_or_not() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(RED)
        await scene.written(1)
        scene.known = [replace(RED, state=EscalationState.LOST, age=5_000, message="later words")]
        (row,) = await scene.past()
        assert (row.state, row.age_s, row.message) == ("lost", 5.0, "later words")

    play(act)


def test_an_end_is_told_at_once() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(RED)
        await scene.written(1)
        scene.known = [ENDED]
        scene.hub.publish([EscalationEnded(ENDED)])
        (row,) = await scene.past()
        assert row.state == "ended"

    play(act)


def test_it_goes_on_with_the_next_session_and_keeps_what_was_before() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(hand(1))
        await scene.written(1)
        scene.known = []
        scene.hub.close()
        scene.known = [hand(2)]
        await scene.written(2)
        scene.hub.publish([EscalationLost(hand(3))])
        await scene.written(3)
        states = {row.id[-1]: row.state for row in await scene.past()}
        assert states == {"1": "put-away", "2": "active", "3": "put-away"}

    play(act)


def test_another_owner_s_hand_of_the_same_id_is_another_row() -> None:
    async def act(scene: Scene) -> None:
        scene.raised(ENDED)
        await scene.written(1)
        other = replace(RED, owner=replace(ANA, id=MemberId(b"b" * 16), label="Ben"))
        scene.hub.publish([EscalationRaised(other)])
        await soon(lambda: scene.store.real.history_size()[0] == 2, "both are written")

    play(act)


def test_the_newest_come_first_and_since_leaves_out_what_began_before() -> None:
    async def act(scene: Scene) -> None:
        for number in range(120):
            scene.raised(replace(hand(number), age=number * 1_000))
            await asyncio.sleep(0)
        scene.known = scene.known[-1:]
        rows = await scene.past()
        assert [int(row.id, 16) for row in rows] == list(range(120))
        assert [int(row.id, 16) for row in await scene.past(49.5)] == list(range(50))
        assert await scene.past(0) == []
        assert len(await scene.past(1e300)) == 120

    play(act)


def test_a_disk_that_refuses_is_said_once_and_what_it_missed_is_told_and_written_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history, "AGAIN", 0)
    monkeypatch.setattr(history, "PENDING_MAX", 3)

    async def act(scene: Scene) -> None:
        scene.store.refuses = True
        for number in range(6):
            scene.raised(hand(number))
            await asyncio.sleep(0)
        await soon(lambda: "not kept for now" in caplog.text, "it is said")
        assert len(await scene.past()) == 6
        scene.known = []

        async def held() -> bool:
            return {row.id[-1] for row in await scene.past()} == {"3", "4", "5"}

        await soon(held, "the newest are held")
        scene.store.refuses = False
        await soon(lambda: scene.store.real.history_size()[0] == 3, "what was held is written")

    play(act)
    assert caplog.text.count("not kept for now") == 1


def test_what_is_older_than_90_days_goes_at_the_start_and_too_many_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    now = round(clock.wall() * 1000)
    store = Counting()
    value = b"x"
    store.put([Row("old", now - history.KEPT_FOR - tuning.MINUTE, value)])
    store.put([Row("young", now - history.KEPT_FOR + tuning.HOUR, value)])
    monkeypatch.setattr(history, "ROWS_MAX", 40)

    async def act(scene: Scene) -> None:
        await soon(lambda: scene.store.real.history_row("old") is None, "the old one is forgotten")
        assert scene.store.real.history_row("young") is not None
        for number in range(100):
            scene.raised(hand(number))
            await scene.past()
        await soon(lambda: scene.store.real.history_size()[0] <= 42, "too many are cut")
        assert scene.store.real.history_row("young") is None

    play(act, store)


def test_a_fault_of_the_history_does_not_end_the_daemon(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history, "FAULT_PAUSE_S", 0)
    broken = replace(RED, age="old")  # type: ignore[arg-type]

    async def act(scene: Scene) -> None:
        scene.hub.publish([EscalationRaised(broken)])
        await soon(lambda: "a fault in the history" in caplog.text, "it is logged")
        scene.raised(hand(2))
        await soon(lambda: scene.store.real.history_size()[0] == 1, "the next one is kept")

    play(act)
