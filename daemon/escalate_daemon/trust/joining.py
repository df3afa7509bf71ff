"""The joiner's side: knock at one door, or at every door found, until one opens."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from escalate_daemon.core.ids import SpaceId
from escalate_daemon.trust import doorwords
from escalate_daemon.trust.contexts import door_context_pair, sni_for_invite
from escalate_daemon.trust.doorwords import DoorError, Knock, Sorry, Welcome
from escalate_daemon.trust.errors import InviteExpired, InviteUsed, NoAnswer, SpaceFull, TrustError
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import Membership

AT_A_TIME: Final = 8  # doors tried side by side
_FRESH_S: Final = 0.5  # who is silent for longer keeps nobody waiting: tunnels have addresses that lead nowhere
_CONNECT_S: Final = 5.0  # TCP and TLS: a LAN's worst loss, not a dead host's silence
_ANSWER_S: Final = 8.0  # the inviter syncs its disk first
_HINT: Final = "Ask for a new one: escalate invite"


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who wants in: the invite's secret (`code.read_code`), a new identity, my name and host.

    `folders`: see keyfile.
    """

    secret: bytes = field(repr=False)
    identity: Identity = field(repr=False)
    name: str
    host: str
    folders: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Turn:
    """One knock at a time, and none once a door has opened."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    opened: bool = False


async def fetch_membership(host: str, port: int, joiner: Joiner) -> Membership:
    """The membership, from the door at one address. InviteUsed, InviteExpired, SpaceFull or NoAnswer."""
    context = door_context_pair(joiner.identity, joiner.secret, joiner.folders).client
    return await _visit((host, port), joiner, context, _Turn())


async def join_by_code(addresses: Iterable[tuple[str, int]], joiner: Joiner) -> Membership:
    """The membership, from the first of these doors that opens; else what a door said, else NoAnswer.

    Of many members who serve a reusable invite, one introduces.
    """
    context = door_context_pair(joiner.identity, joiner.secret, joiner.folders).client
    turn, places = _Turn(), asyncio.Semaphore(AT_A_TIME)

    async def visit(address: tuple[str, int]) -> Membership:
        async with _one_of(places):
            return await _visit(address, joiner, context, turn)

    tasks = [asyncio.create_task(visit(address)) for address in dict.fromkeys(addresses)]
    said: TrustError | None = None
    try:
        for done in asyncio.as_completed(tasks):
            try:
                return await done
            except NoAnswer:
                continue
            except TrustError as error:
                said = error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    raise said or NoAnswer(
        f"nobody here knows this invite ({len(tasks)} asked)",
        "Is the inviter's daemon running, on this network? Try: escalate join CODE HOST",
    )


@contextlib.asynccontextmanager
async def _one_of(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """One of the places, given back at the end or after _FRESH_S."""
    await places.acquire()
    loop = asyncio.get_running_loop()
    back = loop.call_later(_FRESH_S, places.release)
    try:
        yield
    finally:
        if loop.time() < back.when():
            back.cancel()
            places.release()


async def _visit(address: tuple[str, int], joiner: Joiner, context: ssl.SSLContext, turn: _Turn) -> Membership:
    host, port = address
    try:
        async with asyncio.timeout(_CONNECT_S):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=sni_for_invite(joiner.secret)
            )
        try:
            async with turn.lock:
                if turn.opened:
                    raise DoorError("another door has opened")
                async with asyncio.timeout(_ANSWER_S):
                    answer = await _knock(reader, writer, joiner)
                membership = _accepted(answer, joiner)
                turn.opened = True
                return membership
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except (OSError, EOFError, DoorError) as error:
        raise NoAnswer(f"{host}:{port} does not know this invite", str(error)) from error


async def _knock(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, joiner: Joiner) -> Welcome | Sorry:
    words = doorwords.encode(Knock(joiner.name, joiner.host))
    writer.write(len(words).to_bytes(4, "big") + words)
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > doorwords.ANSWER_BYTES:
        raise DoorError("too long an answer")
    return doorwords.decode_answer(await reader.readexactly(size))


def _accepted(answer: Welcome | Sorry, joiner: Joiner) -> Membership:
    match answer:
        case Sorry("used"):
            raise InviteUsed("this invite was used already", _HINT)
        case Sorry("expired"):
            raise InviteExpired("this invite has expired", _HINT)
        case Sorry():
            raise SpaceFull("the space is full: nobody more can join")
        case Welcome():
            return Membership(
                SpaceId(answer.space),
                answer.space_name,
                answer.secret,
                answer.epoch,
                open_space=False,
                chain=answer.chain,
                identity=joiner.identity,
                name=joiner.name,
            ).checked()
