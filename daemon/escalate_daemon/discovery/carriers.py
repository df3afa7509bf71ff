"""Which interfaces are up and have their carrier (Linux): an address stays where the cable or the wireless has gone.

Elsewhere the system takes the addresses away, which is seen as any other change of addresses.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from typing import Final

from escalate_daemon.discovery.addresses import Snapshot

_GET_FLAGS: Final = 0x8913  # SIOCGIFFLAGS (linux/sockios.h)
_UP_AND_RUNNING: Final = 0x1 | 0x40  # IFF_UP, IFF_RUNNING (linux/if.h)
_GAP_S: Final = 1.0  # between two looks, however often the system tells: a loose plug must not make us ask all day


def runs(interface: str) -> bool:
    """Whether an interface is up and has its carrier; True where this system does not tell."""
    if sys.platform != "linux":
        return True
    import fcntl  # not on Windows

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            answer = fcntl.ioctl(asking, _GET_FLAGS, struct.pack("16s16x", interface.encode()[:15]))
    except OSError:
        return False  # gone, most likely; else some links are asked for nothing
    (flags,) = struct.unpack_from("H", answer, 16)
    return (int(flags) & _UP_AND_RUNNING) == _UP_AND_RUNNING


class Carriers:
    """Calls `changed` where an interface that has an address, and had one, lost its carrier or has it again."""

    def __init__(
        self, changed: Callable[[], None], addresses: Callable[[], Snapshot], reads: Callable[[str], bool] = runs
    ) -> None:
        self._changed = changed
        self._addresses = addresses
        self._reads = reads
        self._known: dict[str, bool] = {}
        self._looked_at = 0.0  # on the loop's clock
        self._soon: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Compare with the last look."""
        self.close()
        self._looked_at = asyncio.get_running_loop().time()
        before, names = self._known, sorted({each.interface for each in self._addresses()})
        self._known = {name: self._reads(name) for name in names}
        if any(before.get(name, running) != running for name, running in self._known.items()):
            self._changed()

    def look_soon(self) -> None:
        """The system says that something changed: look now, or a second after the last look."""
        if self._soon is None:
            loop = asyncio.get_running_loop()
            self._soon = loop.call_at(max(loop.time(), self._looked_at + _GAP_S), self.look)

    def close(self) -> None:
        """Whatever look is due is not wanted any more."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
