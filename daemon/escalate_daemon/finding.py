"""Looking around before there is a session: who is near, and whose door an invite opens."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from escalate_daemon.discovery.zeroconf_discovery import Discovery
from escalate_daemon.links.address import parse_address
from escalate_daemon.trust.errors import NoAnswer
from escalate_daemon.trust.joining import Joiner, join_by_code
from escalate_daemon.trust.membership import Membership

log = logging.getLogger(__name__)

SEARCH_S: Final = 8.0  # registering takes 1.6 s, so an inviter that has just started is found, under loss too
_PAUSE_S: Final = 0.2  # between two looks at who was found: zeroconf does not call for strangers


class _Nobody:
    """Told of discovery's events, and only logs trouble: this is a look, not a session."""

    def found(self, address: str) -> None:
        """Never: no space, no tag."""

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        """Nobody is told where this machine is."""

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
    await finder.start(0)
    try:
        while loop.time() < ends:
            fresh = [each for each in (*peers, *finder.instances()) if each not in tried]
            tried.update(fresh)
            membership = await _knock(fresh, joiner)
            if membership is not None:
                return membership
            await asyncio.sleep(_PAUSE_S)
        membership = await _knock([*peers, *finder.instances()], joiner)  # a packet may have been lost the first time
    finally:
        await finder.aclose()
    if membership is None:
        raise NoAnswer(f"nobody found on this network knows this invite ({len(tried)} asked)")
    return membership


async def _knock(addresses: list[str], joiner: Joiner) -> Membership | None:
    if not addresses:
        return None
    parsed = [parse_address(each) for each in addresses]
    try:
        return await join_by_code([(each.host, each.port) for each in parsed], joiner)
    except NoAnswer:
        return None
