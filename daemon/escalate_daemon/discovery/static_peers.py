"""Reports where the peers named in the config are, and looks their host names up again and again."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from escalate_daemon.discovery.addresses import ADDRESSES_MAX, host_port
from escalate_daemon.discovery.static import StaticPeer

LOOKUP_S: Final = 5.0  # a name server slower than this is asked again next time
AGAIN_S: Final = 60.0  # between two rounds: names may get other addresses

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


class StaticPeers:
    """Reports each peer as IP address and port, at the start and every minute."""

    def __init__(self, peers: Iterable[StaticPeer], found: Callable[[str], None], lookup: Lookup | None = None) -> None:
        self._peers = tuple(peers)
        self._found = found
        self._lookup = lookup or Lookups().addresses
        self._now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; reports nothing before it returns."""
        if self._task is None and self._peers:
            self._task = asyncio.create_task(self._run(), name="static peers")

    def wake(self) -> None:
        """Report and look up now: the network may have come back."""
        self._now.set()

    async def aclose(self) -> None:
        """Stop; a lookup that hangs is left to its own thread."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            self._now.clear()
            await asyncio.gather(*(self._report(peer) for peer in self._peers))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), AGAIN_S)

    async def _report(self, peer: StaticPeer) -> None:
        hosts: Sequence[str] = (peer.host,) if peer.literal else await self._lookup(peer.host, peer.port)
        for host in hosts[:ADDRESSES_MAX]:
            self._found(host_port(host, peer.port))


class Lookups:
    """getaddrinfo with a time limit, in threads of its own: a dead name server must not delay our exit."""

    def __init__(self) -> None:
        self._hanging: set[str] = set()  # one thread a host name at most, however long it hangs

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The host's IP addresses; none where it has none, or none in time."""
        if host in self._hanging:
            return ()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        self._hanging.add(host)

        def settle(addresses: Sequence[str]) -> None:
            self._hanging.discard(host)
            if not answer.done():
                answer.set_result(addresses)

        def ask() -> None:
            addresses = _getaddrinfo(host, port)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, addresses)

        threading.Thread(target=ask, name=f"lookup {host}", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, LOOKUP_S)
        except TimeoutError:
            return ()


def _getaddrinfo(host: str, port: int) -> Sequence[str]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(_scoped(sockaddr) for _, _, _, _, sockaddr in answers))


def _scoped(sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    """The address, with its interface where it is link-local IPv6."""
    host = str(sockaddr[0])
    return f"{host}%{sockaddr[3]}" if len(sockaddr) == 4 and sockaddr[3] else host
