"""How many accepted connections may be unfinished: a newcomer displaces one, so that no crowd shuts us."""

import ipaddress
import random
from typing import Generic, TypeVar

from escalate_daemon.links.limits import UNFINISHED_MAX, UNFINISHED_PER_ADDRESS

Entrant = TypeVar("Entrant")


class Gate(Generic[Entrant]):
    """The unfinished ones, each with its address."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._inside: dict[Entrant, str] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def enter(self, entrant: Entrant, host: str) -> Entrant | None:
        """Lets the newcomer in, and gives the one it displaces: of its own address, if that has its share."""
        displaced: Entrant | None = None
        same = [other for other, address in self._inside.items() if address == host]
        if len(same) >= UNFINISHED_PER_ADDRESS and not _is_loopback(host):
            displaced = self._rng.choice(same)
        elif len(self._inside) >= UNFINISHED_MAX:
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
