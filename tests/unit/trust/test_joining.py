"""Joining at real doors: TLS over loopback."""

import asyncio
import contextlib
import socket

import pytest

from escalate_daemon.links.address import parse_address
from escalate_daemon.trust import joining
from escalate_daemon.trust.book import LIFETIME_MS
from escalate_daemon.trust.door import Joined, OpenGrant
from escalate_daemon.trust.errors import InviteExpired, InviteUsed, NoAnswer, SpaceFull
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.joining import Joiner, fetch_membership, join_by_code
from escalate_daemon.trust.membership import create_space
from support.inviting import ONE_USE, REUSABLE, Inviter, inviter
from support.linked import Linked, Up, joined, linked


def joiner(secret: bytes = ONE_USE) -> Joiner:
    return Joiner(secret, Identity.generate(), "Ben", "ws-12")


def listening(ana: Inviter) -> contextlib.AbstractAsyncContextManager[Linked]:
    return linked(ana.membership, ana.doors.door)


def at(one: Linked) -> tuple[str, int]:
    return parse_address(one.address)


def told(ana: Inviter) -> list[Joined]:
    return [one for one in ana.house.happened if isinstance(one, Joined)]


def test_joiner_becomes_a_member_whom_the_inviter_links_with() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with listening(ana) as there:
            mine = await fetch_membership(*at(there), joiner())
            assert mine.space == ana.membership.space
            assert mine.introducer_key == ana.membership.identity.key
            async with linked(mine) as here:
                assert isinstance(await here.dial(there), Up)

    asyncio.run(scenario())


def test_used_and_expired_invites_say_so() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with listening(ana) as there:
            me = joiner()
            first = await fetch_membership(*at(there), me)
            assert await fetch_membership(*at(there), me) == first
            with pytest.raises(InviteUsed):
                await fetch_membership(*at(there), joiner())
            ana.book.issue(b"2" * 16, ana.house.moment())
            ana.house.now = LIFETIME_MS
            with pytest.raises(InviteExpired):
                await fetch_membership(*at(there), joiner(b"2" * 16))

    asyncio.run(scenario())


def test_full_space_says_so() -> None:
    async def scenario() -> None:
        ana = inviter()
        ana.house.is_full = True
        async with listening(ana) as there:
            with pytest.raises(SpaceFull):
                await fetch_membership(*at(there), joiner())

    asyncio.run(scenario())


def test_wrong_code_gets_no_answer() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with listening(ana) as there:
            with pytest.raises(NoAnswer):
                await fetch_membership(*at(there), joiner(b"wrong code 12345"))
            assert there.events.told == []
        assert ana.house.happened == []

    asyncio.run(scenario())


def test_use_that_cannot_be_kept_gives_no_answer() -> None:
    async def scenario() -> None:
        ana = inviter()
        ana.house.disk_full = True
        async with listening(ana) as there:
            with pytest.raises(NoAnswer):
                await fetch_membership(*at(there), joiner())

    asyncio.run(scenario())


def test_nobody_listening_gives_no_answer() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(NoAnswer):
            await fetch_membership("127.0.0.1", port, joiner())
        with pytest.raises(NoAnswer, match="0 asked"):
            await join_by_code([], joiner())

    asyncio.run(scenario())


def test_silent_door_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_CONNECT_S", 0.05)

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer):
            await fetch_membership("127.0.0.1", silent.getsockname()[1], joiner())

    asyncio.run(scenario())


def test_inviter_is_found_among_strangers() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with contextlib.AsyncExitStack() as stack:
            strangers = [await stack.enter_async_context(linked()) for _ in range(10)]
            there = await stack.enter_async_context(listening(ana))
            mine = await join_by_code([*map(at, strangers), at(there)], joiner())
            assert mine.space == ana.membership.space
            assert all(one.events.told == [] for one in strangers)

    asyncio.run(scenario())


def test_word_of_a_door_is_the_reason_when_none_opens() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with listening(ana) as there, linked() as stranger:
            await fetch_membership(*at(there), joiner())
            with pytest.raises(InviteUsed):
                await join_by_code([at(stranger), at(there), ("127.0.0.1", 1)], joiner())

    asyncio.run(scenario())


def test_reusable_invite_served_by_many_introduces_once() -> None:
    async def scenario() -> None:
        creator = create_space("Floor 3", "Ana")
        servers = [inviter(joined(creator, f"m{number}")) for number in range(5)]
        for server in servers:
            server.house.granted = [OpenGrant("g1", REUSABLE, over=False)]
        async with contextlib.AsyncExitStack() as stack:
            doors = [await stack.enter_async_context(listening(server)) for server in servers]
            mine = await join_by_code(map(at, doors), joiner(REUSABLE))
        assert mine.space == creator.space
        assert sum(len(told(server)) for server in servers) == 1

    asyncio.run(scenario())


def test_visitor_at_a_door_never_becomes_a_link() -> None:
    async def scenario() -> None:
        ana = inviter()
        async with listening(ana) as there:
            await fetch_membership(*at(there), joiner())
            assert there.events.told == []
            assert there.links.link_count == 0

    asyncio.run(scenario())
