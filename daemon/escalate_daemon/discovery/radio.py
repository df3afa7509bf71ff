"""One zeroconf on all interfaces: browses for instances, resolves what it sees, publishes our own.

Knows no space and no schedule.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Protocol

from zeroconf import BadTypeInNameException, Error, InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from escalate_daemon.discovery.advert import SERVICE, Own
from escalate_daemon.discovery.instances import Sighting
from escalate_daemon.discovery.listening import CannotListen, listens_to_ipv6
from escalate_daemon.discovery.publisher import Publisher
from escalate_daemon.discovery.question import ask

ASK_MS: Final = 3000  # for an instance's address, then it is dropped until the next browse
ASK_AT_ONCE: Final = 16  # instances; each is a few packets on the whole LAN
ASK_WAITING: Final = 1024  # instances; more wait for the next browse
CLOSE_S: Final = 0.8  # three goodbyes 125 ms apart, and the sockets


class Ears(Protocol):
    """Who is told what the radio hears."""

    def sighted(self, sighting: Sighting) -> None:
        """An instance, resolved."""

    def incomplete(self, name: str) -> bool:
        """An instance whose address is not known: whether to ask for it."""

    def gone(self, name: str) -> None:
        """An instance is no longer advertised."""


class Radio:
    """Made by `open_radio`. `aclose` says goodbye and ends all its tasks."""

    def __init__(self, zeroconf: AsyncZeroconf, ears: Ears, own: Own | None) -> None:
        self._zeroconf = zeroconf
        self._ears = ears
        self._browser: AsyncServiceBrowser | None = None
        self._to_ask: dict[str, None] = {}
        self._publisher = Publisher(zeroconf, own) if own is not None else None
        self._publishing: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()

    async def browse(self, *, afresh: bool) -> None:
        """Ask the network who is there. `afresh`: forgetting what is cached, so that all present answer."""
        zeroconf = self._zeroconf.zeroconf
        if self._browser is not None:
            await self._browser.async_cancel()
        if afresh:
            zeroconf.cache.async_remove_records(zeroconf.cache.async_entries_with_name(SERVICE))
        # A browser asks at 0, 1, 5 and 14 s and then never again; only a new one asks anew.
        self._browser = AsyncServiceBrowser(zeroconf, SERVICE, handlers=[self._changed])

    def ask(self) -> None:
        """Ask once more who is there, at the cost of one packet and few answers."""
        ask(self._zeroconf.zeroconf)

    def publish(self, addresses: tuple[str, ...], port: int) -> None:
        """Advertise us at these IP addresses from now on; the work is done behind (1.6 s the first time)."""
        if self._publisher is None:
            return
        self._publisher.want(addresses, port)
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._publisher.run(), name="zeroconf publisher")

    async def update_interfaces(self) -> None:
        """Use the interfaces that are there now; does nothing where they are the same."""
        with suppress(OSError, Error):  # best effort, tried again with the next look at the addresses
            await self._zeroconf.async_update_interfaces()

    async def aclose(self) -> None:
        """Say goodbye and close, within a second."""
        tasks = [*self._asking, *([self._publishing] if self._publishing else [])]
        for task in tasks:
            task.cancel()
        if self._browser is not None:
            await self._browser.async_cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError, OSError, Error):
            await asyncio.wait_for(self._zeroconf.async_close(), CLOSE_S)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """The browser's callback; it names its arguments."""
        if self._publisher is not None and name.lower() in self._publisher.names:
            return
        if state_change is ServiceStateChange.Removed:
            self._ears.gone(name)
            return
        try:
            info = AsyncServiceInfo(service_type, name)
        except BadTypeInNameException:
            return
        if info.load_from_cache(zeroconf) and info.port:
            self._ears.sighted(_sighting(info))
        elif self._ears.incomplete(name):
            self._ask(name)

    def _ask(self, name: str) -> None:
        if len(self._to_ask) >= ASK_WAITING:
            return
        self._to_ask[name] = None
        if len(self._asking) < ASK_AT_ONCE:
            task = asyncio.create_task(self._ask_all(), name="zeroconf resolver")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask_all(self) -> None:
        while self._to_ask:
            name = next(iter(self._to_ask))
            del self._to_ask[name]
            info = AsyncServiceInfo(SERVICE, name)
            with suppress(Error):
                if await info.async_request(self._zeroconf.zeroconf, ASK_MS):
                    self._ears.sighted(_sighting(info))


async def open_radio(ears: Ears, own: Own | None) -> Radio:
    """Open multicast DNS on every interface; publishes nothing where `own` is None. Raises CannotListen."""
    # zeroconf warns of single packets and interfaces all the time: nothing a person can act on.
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
    version = IPVersion.All if listens_to_ipv6() else IPVersion.V4Only
    try:
        zeroconf = AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=version)
    except (OSError, RuntimeError) as error:  # RuntimeError: the last interface went just now
        raise CannotListen(f"multicast DNS cannot be opened, so nobody is found by it: {error}") from error
    try:
        await zeroconf.zeroconf.async_wait_for_start()
    except Error as error:
        await zeroconf.async_close()
        raise CannotListen("multicast DNS does not start: the network changed meanwhile") from error
    return Radio(zeroconf, ears, own)


def _sighting(info: AsyncServiceInfo) -> Sighting:
    return Sighting(info.name, info.text, tuple(info.parsed_scoped_addresses()), info.port)
