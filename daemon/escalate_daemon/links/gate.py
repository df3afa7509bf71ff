"""How many accepted connections may be unfinished, or at a door: a newcomer displaces one; no crowd shuts us."""

import ipaddress
import random
from typing import Generic, TypeVar

from escalate_daemon.links.limits import UNFINISHED_MAX, UNFINISHED_PER_ADDRESS

Entrant = TypeVar("Entrant")


class Gate(Generic[Entrant]):
    """Those inside, each with its address: `most` in all, and a few of one address."""

    def __init__(self, rng: random.Random, most: int = UNFINISHED_MAX) -> None:
        self._rng = rng
        self._most = most
        self._inside: dict[Entrant, str] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def enter(self, entrant: Entrant, host: str) -> Entrant | None:
        """Lets the newcomer in, and gives the one it displaces: of its own address, if that has its share."""
        displaced: Entrant | None = None
        same = [other for other, address in self._inside.items() if address == host]
        if len(same) >= UNFINISHED_PER_ADDRESS and not _is_loopback(host):
            displaced = self._rng.choice(same)
        elif len(self._inside) >= self._most:
            displaced = self._rng.choice(list(self._inside))
        if displaced is not None:
            del self._inside[displaced]
        self._inside[entrant] = host
        return displaced

    def leave(self, entrant: Entrant) -> None:
        """It finished or went; nothing happens where it was displaced before."""
        self._inside.pop(entrant, None)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
