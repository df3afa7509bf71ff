"""A session: what fails on the way up leaves nothing running, and whoever runs one is there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from escalate_daemon.core.commands import Command, LeaveSpace, Start
from escalate_daemon.core.effects import Show
from escalate_daemon.core.node import Node
from escalate_daemon.discovery.static_peers import StaticPeers
from escalate_daemon.discovery.zeroconf_discovery import Discovery
from escalate_daemon.hub import Hub
from escalate_daemon.keeping import Keeping
from escalate_daemon.session import Person, Session, Setting
from escalate_daemon.store import Store
from escalate_daemon.trust.membership import Membership, create_space
from escalate_daemon.wording import Words


class Desk:
    """Shows nothing."""

    def __init__(self) -> None:
        self.tell: Callable[[Command], object] | None = None

    def perform(self, show: Show) -> None:
        pass

    def announce(self, words: Words) -> None:
        pass

    def report_to(self, tell: Callable[[Command], object] | None) -> None:
        self.tell = tell

    def clear(self) -> None:
        pass


class Place:
    """What sessions of one membership find again."""

    def __init__(self, folder: Path) -> None:
        self.membership: Membership = create_space("Floor", "ana")
        self.store = Store.in_memory()
        self.desk = Desk()
        self.warned: dict[str, str | None] = {}
        self._invites = folder / "invites"

    def session(self) -> Session:
        keeping = Keeping(self.store, lambda text: self.warned.__setitem__("store", text))
        return Session(
            self.membership,
            Setting(Person("ana", "desk4"), 0, (), self._invites),
            store=self.store,
            keeping=keeping,
            screen=self.desk,
            hub=Hub(),
            warn=self.warned.__setitem__,
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr(Discovery, "start", nothing)  # no test of this machine's network
    return Place(tmp_path)


def nothing_runs(place: Place, session: Session) -> None:
    assert place.desk.tell is None
    assert session._links.connection_count == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_an_open_that_fails_leaves_nothing_running(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def scene() -> None:
        session = place.session()
        monkeypatch.setattr(StaticPeers, "start", broken)
        with pytest.raises(ZeroDivisionError):
            await session.open()
        nothing_runs(place, session)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", session.port)

    asyncio.run(scene())


def test_an_open_that_is_cancelled_leaves_nothing_running(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        here = asyncio.Event()

        async def hanging(*_: object) -> None:
            here.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(StaticPeers, "start", hanging)
        session = place.session()
        opening = asyncio.create_task(session.open())
        await here.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        nothing_runs(place, session)

    asyncio.run(scene())


def test_who_was_killed_between_coming_back_and_saying_so_is_available_at_the_next_start(place: Place) -> None:
    async def scene() -> None:
        session = place.session()
        await session.open()
        session.shell.command(LeaveSpace())
        await session.close()
        session = place.session()
        await session.open()
        assert session.me().presence == "available"
        await session.close()

    asyncio.run(scene())


def test_a_hand_of_one_who_was_killed_while_leaving_ends_when_it_comes_back(place: Place) -> None:
    async def scene() -> None:
        session = place.session()
        await session.open()
        hand = session.shell.command(Start("help"))
        await session.close()
        session = place.session()
        await session.open(after_leaving=True)
        assert hand is not None
        assert session.me().presence == "available"
        assert [view.state.value for view in session.escalations() if view.id == hand] == ["ended"]
        await session.close()

    asyncio.run(scene())


def test_what_the_screen_reports_never_raises_into_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(node: Node, command: Command, now: int) -> None:
        raise OverflowError("can't serialize ints")

    async def scene() -> None:
        session = place.session()
        await session.open()
        assert place.desk.tell is not None
        with monkeypatch.context() as patch:
            patch.setattr(Node, "command", broken)
            place.desk.tell(Start("anything"))
        assert "its log" in (place.warned["fault"] or "")
        await session.close()

    asyncio.run(scene())
