"""The shell: stores first, one timer, sleep noticed, and a raise that no full disk stops."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest

from escalate_daemon import clock
from escalate_daemon.core.commands import AddressFound, EndMine, ReportShown, RevokeGrant, Start
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.effects import Show, ShowKind, Store
from escalate_daemon.core.facts import EscalationRaised
from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.hub import Hub
from escalate_daemon.keeping import Keeping
from escalate_daemon.shell import FAULT_PAUSE, Shell
from escalate_daemon.store import StoreError
from escalate_daemon.trust.admission import introduce
from escalate_daemon.trust.identity import Identity, verify
from escalate_daemon.trust.membership import Membership, create_space


class Time:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


class Body:
    """Everything around one shell, which writes down what it is asked for, in order."""

    def __init__(self, membership: Membership, time: Callable[[], int]) -> None:
        self.done: list[str] = []
        self.asked = asyncio.Event()
        self.disk_full = False
        self.told: list[str | None] = []
        self.shows: list[Show] = []
        self.peer: Body | None = None
        self.reachable = 0
        self.slept = 0
        self.faults = 0
        self.broken_links = False
        mine = membership
        config = NodeConfig(
            mine.space,
            mine.open_space,
            mine.chain,
            mine.identity.encryption_key,
            mine.identity.sign,
            verify,
            random.Random(1),
            mine.name,
        )
        node = Node(config, {}, now=time(), unix_s=1_700_000_000)
        self.shell = Shell(node, Keeping(self, self.told.append), Hub(), time)
        self.shell.attach(self, self, self)

    def _note(self, what: str) -> None:
        self.done.append(what)
        self.asked.set()

    # the disk
    def commit(self, items: Sequence[Store], *, firm: bool) -> None:
        if self.disk_full:
            raise StoreError("no space left on device")
        self._note("keep")

    def secure(self) -> None:
        self._note("secure")

    # the links: a wire to the peer's shell
    def dial(self, dial: DialId, address: str, *, probe: bool) -> None:
        self._note(f"dial {address}")
        asyncio.get_running_loop().call_soon(self._dialled, dial, address)

    def _dialled(self, dial: DialId, address: str) -> None:
        if self.peer is None:
            self.shell.dial_failed(dial, "nobody there", myself=False, stranger=False)
            return
        theirs, mine = self.peer.shell, self.shell
        theirs.link_up(LinkId(1), PeerHello(mine.node.me, mine.hello(probe=False)), None)
        mine.link_up(LinkId(1), PeerHello(theirs.node.me, theirs.hello(probe=False), address), dial)

    def send(self, link: LinkId, data: bytes, *, urgent: bool) -> None:
        if self.broken_links:
            raise ZeroDivisionError("a fault in the links")
        self._note("send")
        if self.peer is not None:
            asyncio.get_running_loop().call_soon(self.peer.shell.receive, link, data)

    def close(self, link: LinkId, reason: str) -> None:
        self._note("close")

    # the screen
    def perform(self, show: Show) -> None:
        self.shows.append(show)
        self._note("show")

    # the watcher
    def reachable_changed(self, count: int) -> None:
        self.reachable = count

    def woke(self) -> None:
        self.slept += 1

    def faulted(self) -> None:
        self.faults += 1
        self.asked.set()


def two_members() -> tuple[Membership, Membership]:
    ana, ben = create_space("Floor", "ana"), Identity.generate()
    chain = (*ana.chain, introduce(ana.identity, ana.space, ben.key, "ben"))
    return ana, Membership(ana.space, "Floor", ana.secret, 0, False, chain, ben, "ben")


async def until(true: Callable[[], bool], *bodies: Body) -> None:
    """Until it holds; looked at again after each thing that the bodies are asked for."""
    async with asyncio.timeout(30):
        while not true():
            for body in bodies:
                body.asked.clear()
            waiting = [asyncio.create_task(body.asked.wait()) for body in bodies]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()


async def linked(time: Callable[[], int]) -> tuple[Body, Body]:
    """Two shells that have compared over a wire."""
    first, second = two_members()
    ana, ben = Body(first, time), Body(second, time)
    ana.peer, ben.peer = ben, ana
    ben.shell.judge_hello(ana.shell.hello(probe=False), first.identity.key)
    ana.shell.judge_hello(ben.shell.hello(probe=False), second.identity.key)
    ana.shell.start()
    ben.shell.start()
    ana.shell.command(AddressFound("10.0.0.2:1"))
    await until(lambda: ana.shell.node.compared and ben.shell.node.compared, ana, ben)
    return ana, ben


def test_a_step_is_kept_before_anything_of_it_is_sent_or_shown() -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        ana.done.clear()
        ben.done.clear()
        ana.shell.command(Start("help", ("ben",)))
        await until(lambda: bool(ben.shows), ben)
        assert ana.done[:2] == ["keep", "send"]
        assert "secure" in ana.done, "the disk itself is waited for when the others are told"
        assert ben.done.index("keep") < ben.done.index("show")
        assert ben.shows[0].kind is ShowKind.SHOW
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_a_raise_reaches_others_though_the_disk_takes_nothing() -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        ana.disk_full = ben.disk_full = True
        ana.shell.command(Start("help", ("ben",)))
        await until(lambda: bool(ben.shows), ben)
        assert ana.told == ben.told == ["no space left on device"]
        ana.disk_full = False
        ana.shell.command(EndMine())
        assert ana.told[-1] is None
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_a_report_brings_the_receipt_to_the_owner() -> None:
    async def scene() -> None:
        ana, ben = await linked(clock.now)  # receipts are gathered for a moment: the one timer has to run
        hand = ana.shell.command(Start("help", ("ben",)))
        assert hand is not None
        await until(lambda: bool(ben.shows), ben)
        ben.shell.command(ReportShown(hand, "7", "popup"))
        await until(lambda: ana.shell.escalations()[0].reach.shown == 1, ana, ben)
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_the_number_of_members_in_reach_is_told() -> None:
    async def scene() -> None:
        time = Time()
        ana, ben = await linked(time)

        async def go_on_until_in_reach(count: int) -> None:
            while ana.reachable != count:
                time.now += 100  # what changes about links is gathered before it is told
                ana.shell._tick()
                ben.shell._tick()
                await asyncio.sleep(0)

        async with asyncio.timeout(30):
            await go_on_until_in_reach(1)
            ana.shell.link_down(LinkId(1))
            await go_on_until_in_reach(0)
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_an_input_long_after_the_timer_was_due_means_that_the_machine_slept() -> None:
    async def scene() -> None:
        time = Time()
        first, _ = two_members()
        ana = Body(first, time)
        ana.shell.start()
        time.now += clock.WATCH_EVERY
        ana.shell.network_changed()
        assert ana.slept == 0
        time.now += 3_600_000
        ana.shell.network_changed()
        assert ana.slept == 1
        ana.shell.network_changed()
        assert ana.slept == 1
        ana.shell.stop()

    asyncio.run(scene())


def test_after_stop_nothing_is_sent_and_late_events_change_nothing() -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        ana.shell.stop()
        ana.done.clear()
        ana.shell.link_down(LinkId(1))
        ana.shell.receive(LinkId(1), b"late")
        assert ana.done == []
        assert ana.shell.node.link_count == 1
        ben.shell.stop()

    asyncio.run(scene())


def test_a_fault_behind_a_report_is_logged_and_told_and_costs_the_screen_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        ana.shell.command(Start("help", ("ben",)))
        await until(lambda: bool(ben.shows), ben)
        hand = ben.shows[0].hand
        with monkeypatch.context() as patch:
            patch.setattr(Node, "command", broken)
            ben.shell.report(ReportShown(hand, "7", "popup"))
        assert ben.faults == 1
        assert "ZeroDivisionError: a fault in the core" in caplog.text
        ben.shell.report(ReportShown(hand, "7", "popup"))
        assert ben.faults == 1
        assert ben.shell.escalations()[0].id == hand
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_a_report_that_is_refused_is_only_logged() -> None:
    async def scene() -> None:
        ana = Body(two_members()[0], Time())
        ana.shell.start()
        ana.shell.report(RevokeGrant("none of mine"))
        assert ana.faults == 0
        ana.shell.stop()

    asyncio.run(scene())


def test_an_effect_that_fails_does_not_cost_the_others_theirs() -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        ben.broken_links = True
        with ben.shell._hub.subscribe() as told:
            ben.shell.command(Start("help", ("ana",)))  # kept, sent in vain, told
            assert ben.faults > 0
            assert isinstance(await told.next(), EscalationRaised)
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def test_a_timer_that_fails_is_armed_again_and_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        time = Time()
        ana = Body(two_members()[0], time)
        with monkeypatch.context() as patch:
            patch.setattr(Node, "tick", broken)
            patch.setattr(Node, "next_deadline", lambda node: time.now)  # due at once, for ever
            ana.shell.start()
            await until(lambda: ana.faults > 0, ana)
            assert ana.shell._timer is not None
            assert ana.shell._due <= time.now + FAULT_PAUSE
            ana.shell._tick()
            assert ana.shell._due == time.now + FAULT_PAUSE
        ana.shell.stop()

    asyncio.run(scene())


def test_a_peers_fault_is_no_news_for_watchers() -> None:
    async def scene() -> None:
        ana, ben = await linked(Time())
        with ana.shell._hub.subscribe() as told:
            ana.shell.receive(LinkId(1), b"rubbish")
            ana.shell.command(Start("help"))
            assert isinstance(await told.next(), EscalationRaised)
        ana.shell.stop()
        ben.shell.stop()

    asyncio.run(scene())


def broken(*_: object) -> NoReturn:
    raise ZeroDivisionError("a fault in the core")
