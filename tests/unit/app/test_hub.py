"""The hub: every watcher gets every fact in order, and nobody slow costs the others anything."""

import asyncio
from dataclasses import replace

from escalate_daemon.core import tuning
from escalate_daemon.core.facts import EscalationLost, EscalationUpdated, Fact, FirstComparisonDone, MemberChanged
from escalate_daemon.core.ids import MemberId
from escalate_daemon.hub import BEHIND, Hub
from support.hands import ANA
from support.hands import RED as HAND


def changed(number: int, *, online: bool = True) -> MemberChanged:
    return MemberChanged(replace(ANA, id=MemberId(number.to_bytes(16, "big")), online=online))


def test_every_watcher_gets_every_fact_in_order() -> None:
    async def scene() -> None:
        hub = Hub()
        facts: list[Fact] = [FirstComparisonDone(with_peer=True), changed(1), changed(2)]
        with hub.subscribe() as one, hub.subscribe() as two:
            hub.publish(facts)
            assert [await one.next() for _ in facts] == facts
            assert [await two.next() for _ in facts] == facts

    asyncio.run(scene())


def test_a_watcher_too_far_behind_is_cut_off_and_the_others_are_not() -> None:
    async def scene() -> None:
        hub = Hub()
        with hub.subscribe() as slow, hub.subscribe() as quick:
            for number in range(BEHIND + 5):
                hub.publish([changed(number)])
                assert await quick.next() == changed(number)
            seen = 0
            while await slow.next() is not None:
                seen += 1
            assert seen == BEHIND
            assert await slow.next() is None

    asyncio.run(scene())


def test_a_burst_about_a_whole_space_cuts_nobody_off_and_each_is_told_its_newest() -> None:
    async def scene() -> None:
        hub = Hub()
        with hub.subscribe() as watcher:
            for online in (True, False, True, False, False, True, True):
                hub.publish(changed(number, online=online) for number in range(tuning.MEMBERS_MAX))
            told = [await watcher.next() for _ in range(tuning.MEMBERS_MAX)]
            assert told == [changed(number) for number in range(tuning.MEMBERS_MAX)]

    asyncio.run(scene())


def test_what_is_told_last_is_what_happened_last() -> None:
    async def scene() -> None:
        hub = Hub()
        with hub.subscribe() as watcher:
            facts: list[Fact] = [EscalationUpdated(HAND), EscalationLost(HAND), EscalationUpdated(HAND)]
            hub.publish(facts)
            assert [await watcher.next(), await watcher.next()] == facts[1:]

    asyncio.run(scene())


def test_until_waits_on_through_any_burst() -> None:
    async def scene() -> None:
        hub = Hub()
        truth: list[bool] = []
        waiting = asyncio.create_task(hub.until(lambda: bool(truth), 60))
        await asyncio.sleep(0)
        hub.publish(changed(number) for number in range(BEHIND * 2))
        await asyncio.sleep(0)
        assert not waiting.done()
        truth.append(True)
        hub.publish([changed(1)])
        assert await waiting

    asyncio.run(scene())


def test_closing_ends_streams_after_what_is_queued() -> None:
    async def scene() -> None:
        hub = Hub()
        fact = FirstComparisonDone(with_peer=True)
        with hub.subscribe() as watcher:
            hub.publish([fact])
            hub.close()
            hub.publish([fact])
            assert await watcher.next() == fact
            assert await watcher.next() is None

    asyncio.run(scene())


def test_until_looks_again_after_every_fact() -> None:
    async def scene() -> None:
        hub = Hub()
        truth: list[bool] = []
        waiting = asyncio.create_task(hub.until(lambda: bool(truth), 60))
        await asyncio.sleep(0)
        truth.append(True)
        hub.publish([FirstComparisonDone(with_peer=True)])
        assert await waiting

    asyncio.run(scene())


def test_until_gives_up_in_time_and_when_the_session_changes() -> None:
    async def scene() -> None:
        hub = Hub()
        assert not await hub.until(lambda: False, 0)
        assert await hub.until(lambda: True, 0)
        waiting = asyncio.create_task(hub.until(lambda: False, 60))
        await asyncio.sleep(0)
        hub.close()
        assert not await waiting

    asyncio.run(scene())
