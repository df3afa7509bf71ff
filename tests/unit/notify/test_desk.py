import asyncio
from dataclasses import replace

import pytest

from escalate_daemon.core.effects import ShowKind, Urgency
from escalate_daemon.notify.base import Press, Shown
from escalate_daemon.notify.desk import ANNOUNCEMENTS_MAX
from escalate_daemon.notify.desk_hand import merged
from escalate_daemon.notify.render import popup_for
from support.fake_desk import Fake, World, run
from support.hands import RED, YELLOW, close, hand, show, update


def test_a_ring_is_shown_and_sounded_and_each_is_reported_for_itself() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show())
        await world.reported("shown a1 fake|1 popup", "sounded a1")

    assert run(scenario).fake.did[0] == "show a1 critical over None"


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.QUIET])
def test_nothing_but_a_ring_sounds(urgency: Urgency) -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, urgency))
        await world.reported("shown a1 fake|1 popup")

    world = run(scenario)
    assert world.speaker.rung == 0
    assert len(world.told.reports) == 1


def test_a_failed_sound_does_not_unsay_the_popup() -> None:
    async def scenario(world: World) -> None:
        world.speaker.broken = "no server"
        world.desk.post(show())
        await world.reported("shown a1 fake|1 popup", "not sounded a1: no server; mend it")

    run(scenario)


def test_sound_waits_for_no_popup_and_no_popup_for_sound() -> None:
    async def scenario(world: World) -> None:
        world.fake.holds[RED.id] = asyncio.Event()
        world.desk.post(show())
        await world.reported("sounded a1")
        other = hand(0xB2)
        world.speaker.hold = asyncio.Event()
        world.desk.post(show(other))
        await world.reported("shown b2 fake|1 popup")

    run(scenario)


def test_when_the_first_notifier_fails_the_next_one_shows_it() -> None:
    async def scenario(world: World) -> None:
        world.fake.broken = "no bus"
        world.desk.post(show(YELLOW, Urgency.QUIET))
        await world.reported("shown a1 terminal|1 terminal")

    assert not any(
        words.startswith("not") for words in run(scenario, Fake(), Fake("terminal", "terminal")).told.reports
    )


def test_not_shown_is_said_only_when_all_failed_and_names_each_reason() -> None:
    async def scenario(world: World) -> None:
        for fake in world.fakes:
            fake.broken = f"{fake.name} is broken"
        world.desk.post(show(YELLOW, Urgency.QUIET))
        await world.reported("not shown a1: a: a is broken; b: b is broken")

    run(scenario, Fake("a"), Fake("b"))


def test_a_hand_that_hangs_does_not_delay_another() -> None:
    async def scenario(world: World) -> None:
        world.fake.holds[RED.id] = asyncio.Event()
        world.desk.post(show())
        for number in range(2, 40):
            world.desk.post(show(hand(number)))
        await world.until(lambda: sum(words.startswith("shown") for words in world.told.reports) == 38)

    run(scenario)


def test_an_end_that_overtakes_its_popup_leaves_nothing_up() -> None:
    async def scenario(world: World) -> None:
        gate = world.fake.holds[RED.id] = asyncio.Event()
        world.desk.post(show())
        await world.reported("sounded a1")
        world.desk.post(close())
        gate.set()
        await world.until(lambda: "close 1" in world.fake.did)

    assert run(scenario).fake.did == ["show a1 critical over None", "close 1", "aclose"]


def test_an_end_before_anything_began_shows_and_says_nothing() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        world.desk.post(close())
        world.desk.post(show(hand(0xB2), Urgency.QUIET))
        await world.reported("shown b2 fake|1 popup")

    world = run(scenario)
    assert len(world.told.reports) == 1


def test_an_end_silences_the_ring() -> None:
    async def scenario(world: World) -> None:
        world.speaker.hold = asyncio.Event()
        world.desk.post(show())
        await world.until(lambda: world.speaker.ringing)
        world.desk.post(close())
        await world.until(lambda: world.speaker.silenced)

    assert run(scenario).speaker.rung == 0


def test_a_claim_silences_the_ring_and_leaves_the_popup_up() -> None:
    async def scenario(world: World) -> None:
        world.speaker.hold = asyncio.Event()
        world.desk.post(show())
        await world.until(lambda: world.speaker.ringing)
        await world.reported("shown a1 fake|1 popup")
        world.desk.post(replace(update(RED, Urgency.QUIET), hush=True))
        await world.until(lambda: world.speaker.silenced)
        await world.until(lambda: len(world.fake.did) == 2)

    world = run(scenario)
    assert world.fake.did[1].startswith("update 1")
    assert (world.speaker.rung, [words for words in world.told.reports if "sounded" in words]) == (0, [])


def test_a_claim_before_the_popup_is_up_leaves_it_to_come_without_a_ring() -> None:
    wanted = merged(show(), replace(update(RED, Urgency.QUIET), hush=True))
    assert (wanted.kind, wanted.urgency) == (ShowKind.SHOW, Urgency.QUIET)


def test_a_hand_that_ended_while_one_notifier_failed_is_not_tried_on_the_next() -> None:
    async def scenario(world: World) -> None:
        first = world.fakes[0]
        gate = first.holds[RED.id] = asyncio.Event()
        first.broken = "hung"
        world.desk.post(show(RED, Urgency.URGENT))
        await asyncio.sleep(0)
        world.desk.post(close())
        gate.set()
        world.desk.post(show(hand(0xB2), Urgency.QUIET))
        await world.reported("shown b2 terminal|1 terminal")

    world = run(scenario, Fake(), Fake("terminal", "terminal"))
    assert world.fakes[1].did == ["show b2 normal over None", "aclose"]


def test_an_update_changes_what_is_up_and_never_rings() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show())
        await world.reported("shown a1 fake|1 popup", "sounded a1")
        world.desk.post(update(replace(RED, message="Sam is coming")))
        await world.until(lambda: len(world.fake.did) == 2)

    world = run(scenario)
    assert world.fake.did[1] == "update 1 Ana needs help: Sam is coming"
    assert world.speaker.rung == 1


def test_an_update_of_what_was_never_up_shows_nothing() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(update(RED))
        world.desk.post(show(hand(0xB2), Urgency.QUIET))
        await world.reported("shown b2 fake|1 popup")

    assert run(scenario).fake.did == ["show b2 normal over None", "aclose"]


def test_an_update_while_the_popup_is_pending_keeps_the_ring() -> None:
    wanted = merged(show(), update(replace(RED, message="new words"), Urgency.QUIET))
    assert wanted.view is not None
    assert (wanted.kind, wanted.urgency, wanted.view.message) == (ShowKind.SHOW, Urgency.RING, "new words")


def test_the_newest_wish_wins() -> None:
    assert merged(show(), close()).kind is ShowKind.CLOSE
    assert merged(close(), show()).kind is ShowKind.SHOW
    assert merged(close(), update(RED)).kind is ShowKind.CLOSE
    assert merged(update(RED), show()).urgency is Urgency.RING


def test_the_popup_of_an_earlier_run_is_taken_over() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET, "fake|7"))
        world.desk.post(close(hand(0xB2), "fake|9"))
        await world.reported("shown a1 fake|7 popup")
        await world.until(lambda: "close 9" in world.fake.did)

    assert "show a1 normal over 7" in run(scenario).fake.did


def test_a_handle_of_another_notifier_is_not_given_to_this_one() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET, "freedesktop|7"))
        await world.reported("shown a1 fake|1 popup")

    assert run(scenario).fake.did[0] == "show a1 normal over None"


def test_a_touched_popup_is_seen() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 fake|1 popup")
        assert world.fake.listener is not None
        world.fake.listener.touched(RED.id)
        world.fake.listener.touched("said-1")

    assert run(scenario).told.reports[1:] == ["seen a1"]


def test_a_pressed_button_is_told_of_hands_on_the_desk_only() -> None:
    async def scenario(world: World) -> None:
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 fake|1 popup")
        assert world.fake.listener is not None
        world.fake.listener.pressed(RED.id, Press.APPROACH)
        world.fake.listener.pressed(hand(0xB2).id, Press.END)
        world.fake.listener.pressed("said-1", Press.CHAT)

    assert run(scenario).told.reports[1:] == ["pressed approach a1"]


def test_a_server_that_wakes_late_counts_as_shown_where_the_hand_is_still_up() -> None:
    async def scenario(world: World) -> None:
        first = world.fakes[0]
        first.broken = "hung"
        world.desk.post(show(RED, Urgency.QUIET))
        await world.reported("shown a1 terminal|1 terminal")
        assert first.listener is not None
        first.listener.came_late(popup_for(RED, Urgency.QUIET, rings=False), Shown("5", "popup"))
        await world.reported("shown a1 fake|5 popup")
        world.desk.post(close())
        await world.until(lambda: "close 5" in first.did)

    run(scenario, Fake(), Fake("terminal", "terminal"))


def test_a_server_that_wakes_after_the_end_gets_its_popup_closed() -> None:
    async def scenario(world: World) -> None:
        assert world.fake.listener is not None
        world.fake.listener.came_late(popup_for(RED, Urgency.QUIET, rings=False), Shown("5", "popup"))
        await world.until(lambda: "close 5" in world.fake.did)

    assert not run(scenario).told.reports


def test_our_own_words_are_shown_once_and_never_reported() -> None:
    async def scenario(world: World) -> None:
        world.desk.announce("Sam joined", "with your invite")
        await world.until(lambda: world.fake.did)

    assert not run(scenario).told.reports


def test_our_own_words_cannot_pile_up_behind_a_hung_server() -> None:
    async def scenario(world: World) -> None:
        gate = asyncio.Event()
        world.fake.holds = {f"said-{number}": gate for number in range(1, 100)}
        for _ in range(50):
            world.desk.announce("x", "")
        await asyncio.sleep(0)
        gate.set()
        await world.until(lambda: len(world.fake.did) == ANNOUNCEMENTS_MAX)

    assert len(run(scenario).fake.did) == ANNOUNCEMENTS_MAX + 1


def test_what_was_posted_before_the_desk_ran_is_done_then() -> None:
    async def main() -> list[str]:
        world = World()
        world.desk.post(show())
        task = asyncio.create_task(world.desk.run())
        await world.reported("shown a1 fake|1 popup")
        task.cancel()
        await asyncio.wait({task})
        return world.fake.did

    assert asyncio.run(main()) == ["show a1 critical over None"]


def test_it_hears_what_can_reach_its_person_now() -> None:
    async def scenario(world: World) -> None:
        assert (await world.desk.look()).hears == "sound"
        world.speaker.broken = "x"
        assert (await world.desk.look()).hears == "popup"
        world.fakes[0].broken = "x"
        assert (await world.desk.look()).hears == "terminal"
        world.fakes[1].broken = "x"
        assert (await world.desk.look()).hears == "none"

    run(scenario, Fake(), Fake("terminal", "terminal"))
