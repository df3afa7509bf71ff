"""Looking around before there is a session: who is near, and whose door an invite opens."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from escalate_daemon.discovery.static_peers import Lookups
from escalate_daemon.discovery.zeroconf_discovery import Discovery
from escalate_daemon.links.address import Address, is_literal, parse_address
from escalate_daemon.session import USUAL_PORT
from escalate_daemon.trust.errors import NoAnswer
from escalate_daemon.trust.joining import Joiner, fetch_membership, join_by_code
from escalate_daemon.trust.membership import Membership

log = logging.getLogger(__name__)

SEARCH_S: Final = 8.0  # registering takes 1.6 s, so an inviter that has just started is found, under loss too
_TRIES: Final = 2  # at one door: strangers may crowd out one knock
_PAUSE_S: Final = 0.2  # between two looks at who was found: zeroconf does not call for strangers


class _Nobody:
    """Told of discovery's events, and only logs trouble: this is a look, not a session."""

    def found(self, address: str, together: tuple[str, ...] = ()) -> None:
        """Never: no space, no tag."""

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        """Nobody is told where this machine is."""

    def addresses_gone(self, addresses: frozenset[str]) -> None:
        """No link depends on them."""

    def interfaces_changed(self) -> None:
        """No link depends on them."""

    def trouble(self, text: str) -> None:
        """Multicast does not work."""
        log.warning("%s", text)


async def look_around(seconds: float) -> int:
    """How many daemons are near, of whatever space."""
    return await Discovery(None, _Nobody()).look(seconds)


async def knock_around(joiner: Joiner, peers: Sequence[str]) -> Membership:
    """The membership, from whichever daemon near, or at `peers`, knows the invite; NoAnswer, or what its door said."""
    finder = Discovery(None, _Nobody())
    loop = asyncio.get_running_loop()
    ends = loop.time() + SEARCH_S
    tried: set[str] = set()
    knocks: set[asyncio.Task[Membership | None]] = set()  # side by side: whose address is dead holds up nobody
    await finder.start(0)
    try:
        while loop.time() < ends:
            fresh = [each for each in (*peers, *finder.instances()) if each not in tried]
            tried.update(fresh)
            if fresh:
                knocks.add(asyncio.create_task(_knock(fresh, joiner)))
            membership = await _first_of(knocks)
            if membership is not None:
                return membership
        membership = await _knock([*peers, *finder.instances()], joiner)  # a packet may have been lost the first time
    finally:
        for knock in knocks:
            knock.cancel()
        await asyncio.gather(*knocks, return_exceptions=True)
        await finder.aclose()
    if membership is None:
        raise NoAnswer(f"nobody found on this network knows this invite ({len(tried)} asked)")
    return membership


async def knock_at(door: Address, joiner: Joiner) -> tuple[Membership, str]:
    """The membership, and the IP address and port that gave it; NoAnswer, or what the door said."""
    places = await _looked_up([door])
    silent = NoAnswer(f"no machine on this network is called {door.host}")
    for place in places * _TRIES:
        try:
            return await fetch_membership(place.host, place.port, joiner), str(place)
        except NoAnswer as error:
            silent = error
    raise silent


async def _first_of(knocks: set[asyncio.Task[Membership | None]]) -> Membership | None:
    """What one of these brought within _PAUSE_S; those that ended are taken out."""
    if not knocks:
        await asyncio.sleep(_PAUSE_S)
        return None
    ended, _ = await asyncio.wait(knocks, timeout=_PAUSE_S, return_when=asyncio.FIRST_COMPLETED)
    knocks -= ended
    return next((each.result() for each in ended if each.result() is not None), None)


async def _knock(addresses: Sequence[str], joiner: Joiner) -> Membership | None:
    if not addresses:
        return None
    places = await _looked_up([parse_address(each, USUAL_PORT) for each in addresses])
    try:
        return await join_by_code([(each.host, each.port) for each in places], joiner)
    except NoAnswer:
        return None


async def _looked_up(doors: Sequence[Address]) -> list[Address]:
    """The doors with host names looked up, in threads that hold up nobody's end."""
    lookups = Lookups()

    async def look(door: Address) -> list[Address]:
        if is_literal(door.host):
            return [door]
        return [Address(host, door.port) for host in await lookups.addresses(door.host, door.port)]

    return [place for places in await asyncio.gather(*map(look, doors)) for place in places]
