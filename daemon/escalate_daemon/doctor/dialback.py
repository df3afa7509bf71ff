"""Asking members to dial this machine: whether others can open a connection to it, by the word of one who tried."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from escalate_daemon import clock
from escalate_daemon.core.views import MemberView
from escalate_daemon.doctor.dialwords import (
    AGAIN_S,
    SNI,
    WORDS_BYTES,
    Ask,
    DialBackError,
    Told,
    decode_told,
    encode,
)
from escalate_daemon.links.address import AddressError, parse_address

PEERS_MAX: Final = 3  # asked at once; one who gets through is enough
ADDRESSES_MAX: Final = 2  # of one peer, tried in turn; the first is a link's own where there is one
CONNECT_S: Final = 3.0  # to a peer
ANSWER_S: Final = 6.0  # it dials for up to 3.5 s first


@dataclass(frozen=True, slots=True)
class Helper:
    """A peer that may be asked: its label and where it listens, the likeliest address first."""

    label: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one helper said. `told` None: it could not be asked, or does not know the question."""

    label: str
    told: Told | None
    ahead_s: float = 0.0  # its wall clock against mine


def helpers_among(members: Sequence[MemberView], linked: frozenset[str]) -> tuple[Helper, ...]:
    """Whom to ask: members online, those first whom a link goes to now, at that link's address."""
    found = []
    for each in members:
        if each.me or not each.online or not each.addresses:
            continue
        near = [address for address in each.addresses if _host(address) in linked]
        far = [address for address in each.addresses if address not in near]
        found.append((not near, Helper(each.label, (*near, *far)[:ADDRESSES_MAX])))
    return tuple(helper for _, helper in sorted(found, key=lambda one: one[0]))[:PEERS_MAX]


async def ask_all(helpers: Sequence[Helper], context: ssl.SSLContext) -> tuple[Answer, ...]:
    """Ask them side by side; within about 20 s, and 2 where all is well."""
    return tuple(await asyncio.gather(*(_ask(helper, context) for helper in helpers)))


async def _ask(helper: Helper, context: ssl.SSLContext) -> Answer:
    """The answer at the first of its addresses that gives one. In turn: side by side, one would make the other busy."""
    for address in helper.addresses:
        told = await _ask_at(address, context)
        if told is not None and told.verdict == "busy":  # somebody here asked it a moment ago
            await asyncio.sleep(AGAIN_S)
            told = await _ask_at(address, context) or told
        if told is not None:
            return Answer(helper.label, told, told.wall_ms / 1000 - clock.wall())
    return Answer(helper.label, None)


async def _ask_at(address: str, context: ssl.SSLContext) -> Told | None:
    try:
        place = parse_address(address)
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(place.host, place.port, ssl=context, server_hostname=SNI)
        try:
            words = encode(Ask())
            writer.write(len(words).to_bytes(4, "big") + words)
            async with asyncio.timeout(ANSWER_S):
                size = int.from_bytes(await reader.readexactly(4), "big")
                return decode_told(await reader.readexactly(size)) if size <= WORDS_BYTES else None
        finally:
            await _hang_up(writer)
    except (OSError, EOFError, AddressError, DialBackError):
        return None


def _host(address: str) -> str:
    try:
        return parse_address(address).host
    except AddressError:
        return ""


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
