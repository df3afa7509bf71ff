"""Links over the LAN: TLS over TCP, accepted and dialled. Carries frames; decides nothing about members."""

import asyncio
import itertools
import logging
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.links import limits
from escalate_daemon.links.address import AddressError, is_literal, parse_address
from escalate_daemon.links.connection import Connection, Crowd, Loss
from escalate_daemon.links.events import Doors, LinkEvents, LinkTls
from escalate_daemon.links.greeting import Dialled, Greeting, Outcomes, Parting
from escalate_daemon.links.linkwatch import LinkWatch
from escalate_daemon.links.listen import listen
from escalate_daemon.links.reception import Reception
from escalate_daemon.links.tcp import connect

_log: Final = logging.getLogger(__name__)
_ACCEPT_STEPS: Final = 4  # turns of the loop until a connection that asyncio has accepted is made
_DIAL_S: Final = tuning.DIAL_TIMEOUT / tuning.SECOND


class LanLinks:
    """Every link of one daemon. `start` first; after `aclose` began no event comes any more.

    Events come from the event loop, never from within a call of these methods.
    """

    def __init__(self, events: LinkEvents, tls: LinkTls, doors: Doors, port: int = 0) -> None:
        """`port` 0: any free one."""
        self._events = events
        self._tls = tls
        self._wanted_port = port
        self._port = 0
        self._servers: list[asyncio.Server] = []
        self._links: dict[LinkId, Connection] = {}
        self._ids = itertools.count(1)
        self._reception = Reception(tls, doors)
        self._outcomes = Outcomes(self._greeted, self._parted)
        self._crowd = Crowd()
        self._dials: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> int:
        """Listens, and gives the port, another if `port_was_taken`; OSError where none can be had."""
        try:
            sockets = listen(self._wanted_port)
        except OSError:
            if not self._wanted_port:
                raise
            sockets = listen(0)
        self._port = sockets[0].getsockname()[1]
        self._reception.open()
        loop = asyncio.get_running_loop()
        for sock in sockets:
            server = await loop.create_server(self._accepted, sock=sock, backlog=limits.BACKLOG)
            self._servers.append(server)
        return self._port

    @property
    def port(self) -> int:
        """Where it listens; 0 before `start`."""
        return self._port

    @property
    def port_was_taken(self) -> bool:
        """The fixed port could not be had, and another is listened on."""
        return bool(self._wanted_port) and self._port not in (0, self._wanted_port)

    @property
    def link_count(self) -> int:
        """Links that are up."""
        return len(self._links)

    @property
    def hosts(self) -> frozenset[str]:
        """The IP addresses at the other ends of the links that are up."""
        return frozenset(connection.host for connection in self._links.values())

    @property
    def connection_count(self) -> int:
        """Connections whose TCP is open, links or not."""
        return len(self._crowd)

    def dial(self, dial: DialId, address: str, *, probe: bool) -> None:
        """Opens a link to IP:PORT; answered by `link_up` or `dial_failed`, once, within DIAL_TIMEOUT."""
        if not self._closed:
            task = asyncio.create_task(self._dial(Dialled(dial, address, probe)))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)

    def send(self, link: LinkId, data: bytes, *, urgent: bool) -> None:
        """Queues a frame; nothing happens on a link that is gone."""
        connection = self._links.get(link)
        if connection is not None and connection.send(data, urgent=urgent):
            asyncio.get_running_loop().call_soon(self._overflowed, link)

    def close(self, link: LinkId, reason: str) -> None:
        """Closes a link once its queue is sent, within CLOSE_S. No event of it follows."""
        connection = self._links.pop(link, None)
        if connection is not None:
            _log.debug("link %d to %s closed: %s", link, connection.host, reason)
            connection.close()

    def drop_from(self, hosts: frozenset[str]) -> None:
        """This machine has these IP addresses no more: the links from them are down, and told so."""
        for connection in list(self._links.values()):
            if connection.own_host in hosts:
                connection.abort(Loss("its own address is gone"))

    async def aclose(self) -> None:
        """Sends what is queued and closes everything, within about CLOSE_S."""
        self._closed = True
        for server in self._servers:
            server.close()
        dials = list(self._dials)
        for task in dials:
            task.cancel()
        await asyncio.gather(*dials, return_exceptions=True)
        await self._reception.close()
        self._links.clear()
        for _ in range(_ACCEPT_STEPS):
            await asyncio.sleep(0)
        await self._crowd.close()

    # --- Greetings ---------------------------------------------------------------------------------
    def _accepted(self) -> Connection:
        greeting = Greeting(
            self._events,
            self._tls.key,
            self._outcomes,
            wait_s=limits.UNFINISHED_S,
            reception=self._reception,
        )
        return Connection(self._tls.server, None, greeting, self._crowd)

    async def _dial(self, dialled: Dialled) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _DIAL_S
        greeting: Greeting | None = None

        def connected() -> Connection:
            nonlocal greeting
            wait_s = ends - loop.time()
            greeting = Greeting(self._events, self._tls.key, self._outcomes, wait_s=wait_s, dialled=dialled)
            return Connection(self._tls.client, self._tls.sni, greeting, self._crowd)

        try:
            address = parse_address(dialled.address)
            if not is_literal(address.host):  # a peer's profile must not make us ask name servers
                raise AddressError(f"{address.host} is no IP address")
            async with asyncio.timeout_at(ends):
                await loop.create_connection(connected, sock=await connect(address))
        except (OSError, AddressError, UnicodeError) as error:
            if greeting is None:  # else it tells the outcome itself
                self._parted(dialled, Parting(str(error) or "no answer"))

    def _greeted(self, connection: Connection, peer: PeerHello, dialled: Dialled | None) -> None:
        if self._closed:
            connection.close()
            return
        link = LinkId(next(self._ids))
        self._links[link] = connection
        connection.watcher = LinkWatch(link, self._received, self._down)
        self._events.link_up(link, peer, None if dialled is None else dialled.dial)

    def _parted(self, dialled: Dialled | None, parting: Parting) -> None:
        if dialled is not None and not self._closed:
            self._events.dial_failed(dialled.dial, parting.reason, myself=parting.myself, stranger=parting.stranger)

    # --- Links -------------------------------------------------------------------------------------
    def _received(self, link: LinkId, data: bytes) -> None:
        if link in self._links:
            self._events.receive(link, data)

    def _down(self, link: LinkId) -> None:
        if self._links.pop(link, None) is not None:
            self._events.link_down(link)

    def _overflowed(self, link: LinkId) -> None:
        if link in self._links:
            self._events.overflowed(link)
