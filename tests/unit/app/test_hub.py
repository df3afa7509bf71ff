"""The hub: every watcher gets every fact in order, and nobody slow costs the others anything."""

import asyncio

from escalate_daemon.core.facts import Fact, FirstComparisonDone
from escalate_daemon.hub import BEHIND, Hub


def test_every_watcher_gets_every_fact_in_order() -> None:
    async def scene() -> None:
        hub = Hub()
        facts: list[Fact] = [FirstComparisonDone(with_peer=True), FirstComparisonDone(with_peer=False)]
        with hub.subscribe() as one, hub.subscribe() as two:
            hub.publish(facts)
            assert [await one.next(), await one.next()] == facts
            assert [await two.next(), await two.next()] == facts

    asyncio.run(scene())


def test_a_watcher_too_far_behind_is_cut_off_and_the_others_are_not() -> None:
    async def scene() -> None:
        hub = Hub()
        fact = FirstComparisonDone(with_peer=True)
        with hub.subscribe() as slow, hub.subscribe() as quick:
            for _ in range(BEHIND + 5):
                hub.publish([fact])
                assert await quick.next() == fact
            seen = 0
            while await slow.next() is not None:
                seen += 1
            assert seen == BEHIND
            assert await slow.next() is None

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
