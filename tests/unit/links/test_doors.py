"""Invites' doors as the links serve them: one request, one answer, and few visitors at a time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from escalate_daemon.links import limits
from escalate_daemon.trust.contexts import door_context_pair, sni_for_invite
from escalate_daemon.trust.identity import Identity
from support.linked import Linked, linked

SECRET = b"d" * 16


@dataclass
class EchoDoor:
    context: ssl.SSLContext
    request_bytes: int = 100
    asked_by: list[bytes] = field(default_factory=list)
    silent: bool = False
    hang: asyncio.Event | None = None

    async def answer(self, request: bytes, peer_key: bytes, host: str) -> bytes | None:
        self.asked_by.append(peer_key)
        if self.hang is not None:
            await self.hang.wait()
        return None if self.silent else b"echo " + request


def door_of(door: EchoDoor) -> Callable[[str], EchoDoor | None]:
    return lambda name: door if name == sni_for_invite(SECRET) else None


def echo_door() -> EchoDoor:
    return EchoDoor(door_context_pair(Identity.generate(), SECRET).server)


@asynccontextmanager
async def visitor(
    there: Linked, identity: Identity
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    context = door_context_pair(identity, SECRET).client
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", there.links.port, ssl=context, server_hostname=sni_for_invite(SECRET)
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """All until the door shuts."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def test_visitor_is_answered_once_and_the_door_shuts() -> None:
    async def scenario() -> None:
        door, me = echo_door(), Identity.generate()
        async with linked(doors=door_of(door)) as there, visitor(there, me) as (reader, writer):
            writer.write(framed(b"hello"))
            assert await heard(reader) == framed(b"echo hello")
            assert door.asked_by == [me.key]
            assert there.events.told == []

    asyncio.run(scenario())


@pytest.mark.parametrize("said", [framed(b"x" * 101), b"\xff" * 8])
def test_request_over_the_doors_size_is_not_read(said: bytes) -> None:
    async def scenario() -> None:
        door = echo_door()
        async with linked(doors=door_of(door)) as there, visitor(there, Identity.generate()) as (reader, writer):
            writer.write(said)
            assert await heard(reader) == b""
            assert door.asked_by == []

    asyncio.run(scenario())


def test_door_that_has_no_answer_shuts_without_a_word() -> None:
    async def scenario() -> None:
        door = echo_door()
        door.silent = True
        async with linked(doors=door_of(door)) as there, visitor(there, Identity.generate()) as (reader, writer):
            writer.write(framed(b"hello"))
            assert await heard(reader) == b""

    asyncio.run(scenario())


def test_visitor_without_a_request_is_shown_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_S", 0.3)

    async def scenario() -> None:
        async with linked(doors=door_of(echo_door())) as there:
            async with visitor(there, Identity.generate()) as (reader, _):
                assert await heard(reader) == b""
            await there.until_gone()

    asyncio.run(scenario())


def test_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOOR_ANSWER_S", 0.1)

    async def scenario() -> None:
        door = echo_door()
        door.hang = asyncio.Event()
        async with linked(doors=door_of(door)) as there, visitor(there, Identity.generate()) as (reader, writer):
            writer.write(framed(b"hello"))
            assert await heard(reader) == b""

    asyncio.run(scenario())


def test_closing_waits_for_no_answer() -> None:
    async def scenario() -> None:
        door = echo_door()
        door.hang = asyncio.Event()
        async with linked(doors=door_of(door)) as there, visitor(there, Identity.generate()) as (reader, writer):
            writer.write(framed(b"hello"))
            await there.links.aclose()
            assert await heard(reader) == b""
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_a_newcomer_at_crowded_doors_displaces_one_and_is_answered() -> None:
    """Whoever keeps all the places and says nothing keeps nobody out."""

    async def scenario() -> None:
        door = echo_door()
        door.hang = asyncio.Event()

        async def visit(there: Linked) -> bytes:
            async with visitor(there, Identity.generate()) as (reader, writer):
                writer.write(framed(b"hello"))
                return await heard(reader)

        async with linked(doors=door_of(door)) as there:
            crowd = [asyncio.create_task(visit(there)) for _ in range(limits.DOOR_VISITS_MAX)]
            while len(door.asked_by) < limits.DOOR_VISITS_MAX:
                await asyncio.wait(crowd, timeout=0.01)
            newcomer = asyncio.create_task(visit(there))
            while len(door.asked_by) <= limits.DOOR_VISITS_MAX:
                await asyncio.wait([newcomer], timeout=0.01)
            door.hang.set()
            answers = await asyncio.gather(newcomer, *crowd)
            assert answers[0] == framed(b"echo hello")
            assert sorted(answers[1:]) == [b"", *[framed(b"echo hello")] * (limits.DOOR_VISITS_MAX - 1)]

    asyncio.run(scenario())
