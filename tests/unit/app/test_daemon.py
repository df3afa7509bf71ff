"""The daemon between its sessions: what was decided is kept before it is done, and what cannot be is said."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon import daemon as module
from escalate_daemon import paths, standing
from escalate_daemon.config import Config
from escalate_daemon.core import tuning
from escalate_daemon.core.views import MemberView
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.recents import Recents
from escalate_daemon.requests.answer import Answers
from escalate_daemon.screen import Screen
from escalate_daemon.session import Person, Setting
from escalate_daemon.store import Row, Store
from escalate_daemon.surroundings import Surroundings
from escalate_daemon.trust import keep
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.membership import Membership, create_space, open_space
from support.hands import ANA


class Quiet:
    """Discovery without trouble."""

    problem: str | None = None


class Fake:
    """A session that opens nothing. What all of them did stands in `did`."""

    did: list[str]
    cannot_be = False
    seen_at_goodbye: Callable[[], bool]

    def __init__(self, membership: Membership, setting: Setting, **_: object) -> None:
        if Fake.cannot_be:
            raise TrustError("there is no place for a small file", "Make room.")
        self.membership = membership
        self.discovery = Quiet()
        self.links = 0
        self.port = 4711

    async def open(self, *, after_leaving: bool) -> None:
        Fake.did.append("open after leaving" if after_leaving else "open")

    async def close(self) -> None:
        Fake.did.append("close")

    def say_goodbye(self, *, for_good: bool = False) -> None:
        Fake.did.append("goodbye, left is kept" if Fake.seen_at_goodbye() else "goodbye")

    def me(self) -> MemberView:
        return ANA

    def members(self) -> list[MemberView]:
        return [ANA]


class House:
    """One daemon's folder."""

    def __init__(self, folder: Path) -> None:
        self.where = paths.find({"ESCALATE_HOME": str(folder)})
        self.warnings = Warnings()
        self.standing_file = self.where.state_dir / "standing"

    def member_of(self, membership: Membership) -> None:
        keep.save(membership, self.where.membership_file)

    def run(self, act: Callable[[Daemon], Awaitable[None]]) -> None:
        """One life of the daemon."""

        async def live() -> None:
            around = Surroundings(self.where, Config(), Person("ana", "desk4"), Store.in_memory(), None)
            daemon = Daemon(around, Screen(None, self.warnings.set, sound=False), self.warnings)
            await daemon.begin()
            await act(daemon)

        asyncio.run(live())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path)
    monkeypatch.setattr(module, "Session", Fake)
    monkeypatch.setattr(Fake, "did", [], raising=False)
    monkeypatch.setattr(
        Fake, "seen_at_goodbye", staticmethod(lambda: standing.load(made.standing_file).left), raising=False
    )
    return made


def test_who_is_killed_while_saying_goodbye_has_left(house: House) -> None:
    house.member_of(create_space("Floor", "ana"))

    async def leave(daemon: Daemon) -> None:
        await daemon.leave()

    house.run(leave)
    assert Fake.did == ["open", "goodbye, left is kept", "close"]


def test_who_left_is_back_only_by_up(house: House) -> None:
    house.member_of(create_space("Floor", "ana"))

    async def leave(daemon: Daemon) -> None:
        await daemon.leave()

    async def back(daemon: Daemon) -> None:
        assert daemon.session is None
        await Answers(daemon).handle(protocol.UpRequest())

    house.run(leave)
    house.run(back)
    assert Fake.did[-1] == "open after leaving"
    assert not standing.load(house.standing_file).left


def test_a_session_that_cannot_be_is_said_by_every_command_and_tried_again_by_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.member_of(create_space("Floor", "ana"))
    monkeypatch.setattr(Fake, "cannot_be", True)

    async def life(daemon: Daemon) -> None:
        assert "no place" in daemon.warnings()[0]
        for request in (protocol.StartRequest(), protocol.UpRequest()):
            with pytest.raises(RequestFailed) as refused:
                await Answers(daemon).handle(request)
            assert refused.value.failure.code == "failed"
            assert refused.value.failure.hint == "Make room."
        monkeypatch.setattr(Fake, "cannot_be", False)
        await Answers(daemon).handle(protocol.UpRequest())
        assert daemon.session is not None
        assert daemon.warnings() == []

    house.run(life)


@pytest.mark.parametrize("is_open", [True, False])
def test_every_reply_of_a_member_of_an_open_space_says_so(house: House, is_open: bool) -> None:
    house.member_of(open_space("demo", "ana") if is_open else create_space("Floor", "ana"))

    async def life(daemon: Daemon) -> None:
        for request in (protocol.DaemonStatusRequest(), protocol.UpRequest()):
            assert (await Answers(daemon).handle(request)).open_space is is_open

    house.run(life)


def test_who_may_introduce_nobody_is_refused_an_invite_that_would_never_open(house: House) -> None:
    house.member_of(create_space("Floor", "ana"))

    async def life(daemon: Daemon) -> None:
        assert daemon.session is not None
        mine = daemon.session.membership
        daemon.session.membership = replace(mine, chain=mine.chain * tuning.CHAIN_MAX)
        with pytest.raises(RequestFailed, match="15 invites") as refused:
            await Answers(daemon).handle(protocol.InviteRequest())
        assert refused.value.failure.exit == 8

    house.run(life)


def test_recent_messages_and_history_outlive_the_membership(house: House) -> None:
    house.member_of(create_space("Floor", "ana"))

    async def change(daemon: Daemon) -> None:
        store = daemon.around.store
        Recents(store, print).remember("caller is threatening")
        store.put_history([Row("a", 1, b"v")])
        await daemon.forget()
        await daemon.enter(create_space("Other", "ana"), "")
        assert Recents(store, print).all() == ("caller is threatening",)
        assert store.history(0) == [Row("a", 1, b"v")]

    house.run(change)
