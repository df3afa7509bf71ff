"""Keeps our own instance advertised where it is wanted: a task of its own, for probing takes 1.6 s."""

import asyncio
from typing import Final

from zeroconf import NonUniqueNameException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from escalate_daemon.discovery.advert import SERVICE, Own, random_names

POINTER_S: Final = 1200  # how long others believe a daemon that was killed; readers raise less to 1,125
RENAME_S: Final = 5.0  # before another name is tried: only someone hostile claims a random one
CLAIMS_MAX: Final = 16  # names taken in one run; after that nobody lets us, and we are found by looking ourselves


class Publisher:
    """Registers once, then updates. `names` are the instance names used so far, lower case."""

    def __init__(self, zeroconf: AsyncZeroconf, own: Own) -> None:
        self.names: set[str] = set()
        self._zeroconf = zeroconf
        self._own = own
        self._wanted: tuple[tuple[str, ...], int] = ((), 0)
        self._changed = asyncio.Event()

    def want(self, addresses: tuple[str, ...], port: int) -> None:
        """Advertise these IP addresses and this TCP port from now on."""
        if addresses and self._wanted != (addresses, port):
            self._wanted = (addresses, port)
            self._changed.set()

    async def run(self) -> None:
        """Work until cancelled; saying goodbye is closing zeroconf."""
        names, registered = self._own.names, False
        while len(self.names) < CLAIMS_MAX:
            self.names.add(names.instance)
            await self._changed.wait()
            self._changed.clear()
            addresses, port = self._wanted
            info = AsyncServiceInfo(
                SERVICE,
                names.instance,
                port=port,
                properties=self._own.text,
                server=names.host,
                parsed_addresses=list(addresses),
                other_ttl=POINTER_S,
            )
            try:
                if registered:
                    announced = await self._zeroconf.async_update_service(info)
                else:
                    announced = await self._zeroconf.async_register_service(info)
            except NonUniqueNameException:
                await asyncio.sleep(RENAME_S)
                names = random_names()
                self._changed.set()
            else:
                registered = True
                await announced
