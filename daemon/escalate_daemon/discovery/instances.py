"""The instances seen on the network: which are of our space, which of others, where they can be dialled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from escalate_daemon.discovery.addresses import dialable
from escalate_daemon.discovery.advert import is_ours

INSTANCES_MAX: Final = 1024  # remembered; one LAN has fewer, and anyone can make up more
SWEEPS_KEPT: Final = 3  # browses that an instance may miss before it is forgotten: mDNS loses packets


@dataclass(frozen=True, slots=True)
class Sighting:
    """One instance as it was resolved. `hosts` are IP addresses as text, scoped where known."""

    name: str
    text: bytes
    hosts: tuple[str, ...]
    port: int | None


@dataclass(frozen=True, slots=True)
class _Instance:
    ours: bool
    addresses: tuple[str, ...]
    sweep: int  # the browse that last saw it


class InstanceTable:
    """What was seen, bounded. Calls `found` with each address in our space and all of that instance: once a sweep, and
    when new.
    """

    def __init__(self, tag_key: bytes | None, found: Callable[[str, tuple[str, ...]], None]) -> None:
        self.loopback = False  # whether peers on 127.0.0.1 are believed: only where this machine has nothing else
        self._tag_key = tag_key
        self._found = found
        self._seen: dict[str, _Instance] = {}
        self._sweep = 0
        self._afresh = True

    def begin_sweep(self, *, afresh: bool) -> None:
        """A new browse begins; `afresh`: with nothing taken from the cache, so that who answers is there."""
        self._sweep += 1
        self._afresh = afresh
        oldest = self._sweep - SWEEPS_KEPT
        self._seen = {name: each for name, each in self._seen.items() if each.sweep >= oldest}

    def sighted(self, sighting: Sighting) -> None:
        """Take in a resolved instance."""
        addresses = dialable(sighting.hosts, sighting.port, loopback=self.loopback)
        if addresses:
            self._keep(sighting.name, addresses, ours=is_ours(sighting.text, self._tag_key))

    def incomplete(self, name: str) -> bool:
        """An instance is advertised, but where is not known (any more): whether it is worth asking.

        Who is known from before is not asked again, or a large LAN would ask for everybody all the time.
        """
        known = self._seen.get(name.lower())
        if known is None or self._afresh:
            return True
        self._keep(name, known.addresses, ours=known.ours)
        return False

    def gone(self, name: str) -> None:
        """An instance said goodbye, or its advert ran out."""
        self._seen.pop(name.lower(), None)

    def other_spaces(self) -> int:
        """How many instances that are not of our space are advertised."""
        return sum(not each.ours for each in self._seen.values())

    def __len__(self) -> int:
        return len(self._seen)

    def near(self) -> int:
        """How many instances of our space have answered since the last browse began."""
        return sum(each.ours and each.sweep == self._sweep for each in self._seen.values())

    def addresses(self) -> list[str]:
        """The addresses of every instance seen, of whatever space."""
        return list(dict.fromkeys(address for each in self._seen.values() for address in each.addresses))

    def _keep(self, name: str, addresses: tuple[str, ...], *, ours: bool) -> None:
        before = self._seen.pop(name.lower(), None)
        if before is None and len(self._seen) >= INSTANCES_MAX:
            self._make_room()
        self._seen[name.lower()] = _Instance(ours, addresses, self._sweep)
        known = before.addresses if before is not None and before.ours and before.sweep == self._sweep else ()
        if ours:
            for address in addresses:
                if address not in known:
                    self._found(address, addresses)

    def _make_room(self) -> None:
        """Forget the stranger seen longest ago, else whoever was."""
        strangers = (name for name, each in self._seen.items() if not each.ours)
        del self._seen[next(strangers, next(iter(self._seen)))]
