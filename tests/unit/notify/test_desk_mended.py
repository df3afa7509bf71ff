"""A notifier that goes and comes: what it held is lost, then shown again, and never rung twice."""

import asyncio
from dataclasses import replace

import pytest

from escalate_daemon.core.effects import Urgency
from escalate_daemon.notify import desk
from escalate_daemon.notify.base import Shown
from escalate_daemon.notify.condition import Tried
from escalate_daemon.notify.render import popup_for
from support.fake_desk import Fake, World, run
from support.hands import RED, close, hand, show, update


def test_what_stood_on_a_server_that_was_replaced_is_lost_and_what_it_keeps_is_not() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        world.desk.post(show(hand(0xB2), Urgency.QUIET))
        await world.reported("shown a1 fake|1 popup", "shown b2 fake|2 popup")
        world.fake.loses("1")
        world.fake.back()

    world = run(scenario)
    assert world.told.reports[2:] == ["lost a1", "mended"]
    assert world.told.turns == 1


def test_a_server_that_is_away_for_longer_than_its_restart_takes_has_lost_all_it_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "GRACE_S", 0.01)

    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 fake|1 popup")
        world.fake.loses("1")
        world.fake.gone()
        world.fake.gone()
        await world.reported("lost a1")

    assert run(scenario).told.reports.count("lost a1") == 1


def test_what_stands_in_a_worse_place_is_lost_when_the_better_one_is_back_and_then_stands_there_too() -> None:
    async def scenario(world: World) -> None:
        world.fakes[0].broken = "hung"
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 terminal|1 terminal")
        world.fakes[0].broken = ""
        world.fakes[0].back()
        await world.reported("lost a1", "mended")
        world.desk.post(show(RED, Urgency.QUIET, "terminal|1"))
        await world.reported("shown a1 fake|1 popup")
        world.desk.post(close())
        await world.until(lambda: "close 1" in world.fakes[0].did and "close 1" in world.fakes[1].did)

    run(scenario, Fake(), Fake("terminal", "terminal"))


def test_a_notifier_that_comes_back_while_it_is_passed_over_is_tried_again() -> None:
    async def scenario(world: World) -> None:
        first, second = world.fakes
        first.broken = "gone"
        gate = second.holds[RED.id] = asyncio.Event()
        world.desk.post(show(RED, Urgency.QUIET))
        await asyncio.sleep(0)
        first.back()
        gate.set()
        await world.reported("shown a1 terminal|1 terminal", "lost a1")

    reports = run(scenario, Fake(), Fake("terminal", "terminal")).told.reports
    assert reports == ["mended", "shown a1 terminal|1 terminal", "lost a1", "mended"]


def test_words_that_a_broken_server_did_not_take_reach_it_when_it_is_mended() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 fake|1 popup")
        world.fake.broken = "hung"
        world.desk.post(update(replace(RED, message="Sam is coming")))
        world.desk.post(show(hand(0xB2), Urgency.QUIET))
        await world.reported("not shown b2: fake: hung")
        world.fake.broken = ""
        world.fake.back()
        await world.until(lambda: "update 1 Ana needs help: Sam is coming" in world.fake.did)

    assert "lost a1" not in run(scenario).told.reports


def test_what_came_late_with_old_words_gets_the_new_ones() -> None:
    async def scenario(world: World) -> None:
        world.fake.broken = "hung"
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("not shown a1: fake: hung")
        world.fake.broken = ""
        world.desk.post(update(replace(RED, message="Sam is coming"), Urgency.QUIET))
        assert world.fake.listener is not None
        world.fake.listener.came_late(popup_for(RED, Urgency.QUIET, rings=False), Shown("5", "popup"))
        await world.until(lambda: "update 5 Ana needs help: Sam is coming" in world.fake.did)

    run(scenario)


def test_a_popup_that_is_shown_again_while_its_ring_plays_rings_once() -> None:
    async def scenario(world: World) -> None:
        world.fake.broken = "gone"
        world.speaker.hold = asyncio.Event()
        world.desk.post(show())
        await world.reported("not shown a1: fake: gone")
        world.fake.broken = ""
        world.desk.post(show())
        await world.reported("shown a1 fake|1 popup")
        world.speaker.hold.set()
        await world.reported("sounded a1")

    assert run(scenario).speaker.rung == 1


def test_a_ring_that_fails_or_works_again_turns_what_can_be_heard() -> None:
    async def scenario(world: World) -> None:
        for broken, turns in (("", 0), ("no server", 1), ("no server", 1), ("", 2), ("", 2)):
            world.speaker.broken = broken
            world.desk.post(show())
            await world.until(lambda: world.told.reports and not world.told.reports[-1].startswith("shown"))
            assert world.told.turns == turns
            world.told.reports.clear()

    run(scenario)


def test_trying_it_out_tells_how_it_was_shown_and_heard_and_what_failed() -> None:
    async def scenario(world: World) -> None:
        assert await world.desk.try_out("a test", "") == Tried("popup", "", "paplay", "")
        for fake in world.fakes:
            fake.broken = "gone"
        world.speaker.broken = "no server"
        assert await world.desk.try_out("a test", "") == Tried(
            "", "fake: gone; terminal: gone", "", "no server; mend it"
        )

    assert not run(scenario, Fake(), Fake("terminal", "terminal")).told.reports
