"""The member that is asked to dial back: opens one connection to whoever asks, and to nobody else.

The question comes through a door beside the links' own (its own server name, the space's own authority), so only
members can ask. Dialled is the address from which the question comes, at the port of the asker's own profile. One
try at a time for each asker, few in all.
"""

import asyncio
import contextlib
import errno
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final

from escalate_daemon import clock
from escalate_daemon.core.ids import member_id
from escalate_daemon.core.views import MemberView
from escalate_daemon.doctor.dialwords import (
    AGAIN_S,
    WORDS_BYTES,
    DialBackError,
    Told,
    Verdict,
    decode_ask,
    encode,
)
from escalate_daemon.links.address import AddressError, parse_address

DIAL_S: Final = 3.5  # three SYNs (0, 1, 3 s); the door itself shuts after 5 s
DIALS_AT_ONCE: Final = 4  # for all askers together


class DialBackDoor:
    """Answers at SNI. `members`: all that are known now; whoever is none of them is told nothing."""

    request_bytes: Final = WORDS_BYTES

    def __init__(self, context: ssl.SSLContext, members: Callable[[], Sequence[MemberView]]) -> None:
        self.context = context
        self._members = members
        self._lately: dict[bytes, float] = {}  # asker -> when, on the monotonic clock
        self._dialling = 0

    async def answer(self, request: bytes, peer_key: bytes, host: str) -> bytes | None:
        """See links.events.Door."""
        try:
            decode_ask(request)
        except DialBackError:
            return None
        asker = member_id(peer_key)
        view = next((each for each in self._members() if each.id == asker and not each.me), None)
        if view is None:
            return None
        verdict = await self._dial(asker, host, _port_of(view))
        return encode(Told(verdict, int(clock.wall() * 1000)))

    async def _dial(self, asker: bytes, host: str, port: int | None) -> Verdict:
        now = time.monotonic()
        self._lately = {each: at for each, at in self._lately.items() if now - at < AGAIN_S}
        if asker in self._lately or self._dialling >= DIALS_AT_ONCE:
            return "busy"
        if port is None:
            return "unknown"
        self._lately[asker] = now
        self._dialling += 1
        try:
            return await try_dial(host, port)
        finally:
            self._dialling -= 1


async def try_dial(host: str, port: int, limit_s: float = DIAL_S) -> Verdict:
    """Open a TCP connection there and close it at once: what came of it."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "timed-out"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return "timed-out" if error.errno == errno.ETIMEDOUT else "unreachable"
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return "reachable"


def _port_of(view: MemberView) -> int | None:
    """Where the member says that it listens: all its addresses bear the one port."""
    for address in view.addresses:
        with contextlib.suppress(AddressError):
            return parse_address(address).port
    return None
