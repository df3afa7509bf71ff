"""When this machine can no longer hear: the troubles of the moment, and which of them its person is told. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NOTIFIER: Final = "hears-notifier"
SOUND: Final = "hears-sound"
NETWORK: Final = "hears-network"
TOPICS: Final = (NOTIFIER, SOUND, NETWORK)

# Seconds that a trouble has to stand: a server that is being restarted is none, nor is a Wi-Fi that changes cells.
STANDS_S: Final = {NOTIFIER: 10.0, SOUND: 10.0, NETWORK: 60.0}
WELL_S: Final = 60.0  # so long it has to be well in between: what comes and goes is told once


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why a red would pass this person by."""

    topic: str
    title: str
    found: str
    mend: str

    @property
    def text(self) -> str:
        """On one line."""
        return f"{self.title}: {self.found}; {self.mend}" if self.mend else f"{self.title}: {self.found}"


@dataclass(frozen=True, slots=True)
class DeskHears:
    """What the desk can do now. `on_purpose`: the person asked for no pop-ups (the log) or for no sound."""

    shows: bool
    found: str
    mend: str
    silent_on_purpose: bool
    sounds: bool
    sound_found: str
    sound_mend: str
    nothing_on_purpose: bool = False


@dataclass(frozen=True, slots=True)
class NetHears:
    """What the links can do now. `near`: daemons of this space that answered by multicast."""

    others: int
    links: int
    has_address: bool
    port: int
    near: int


def desk_troubles(desk: DeskHears) -> list[Trouble]:
    """Why nothing would be seen, or heard, of a red."""
    if desk.nothing_on_purpose:
        return []
    if not desk.shows:
        return [Trouble(NOTIFIER, "no red can be shown on this machine", desk.found, desk.mend)]
    if not desk.sounds and not desk.silent_on_purpose:
        return [Trouble(SOUND, "a red makes no sound on this machine", desk.sound_found, desk.sound_mend)]
    return []


def net_troubles(net: NetHears) -> list[Trouble]:
    """Why nothing would come. Nobody else being there is no trouble: everybody may have gone home."""
    if not net.others or net.links:
        return []
    title = "no red can reach this machine"
    if not net.has_address:
        return [Trouble(NETWORK, title, "no network interface has an address", "connect the cable or the Wi-Fi")]
    if not net.port:
        return [Trouble(NETWORK, title, "nobody can dial in, and nobody is reached", "escalate doctor")]
    if net.near:
        found = "others of the space are near, but no connection to them comes about, in or out"
        return [Trouble(NETWORK, title, found, "a firewall? escalate doctor says more")]
    return []


@dataclass(frozen=True, slots=True)
class Telling:
    """What to do after one look. `loud`: told by a pop-up too. `over`: topics whose warning is taken back."""

    warn: tuple[Trouble, ...]
    loud: tuple[Trouble, ...]
    over: tuple[str, ...]
    again_s: float | None  # so soon another look is worth it


class Telltale:
    """Remembers what stands and what was told. A trouble there from the start is a warning; one that came is told."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # topic -> first seen
        self._warned: set[str] = set()
        self._told: set[str] = set()  # and not well for long enough since
        self._well_since: dict[str, float] = {}

    def look(self, troubles: Sequence[Trouble], now: float) -> Telling:
        """Take in what is wrong now (s, any clock that only goes forward)."""
        present = {each.topic: each for each in troubles}
        over = [topic for topic in TOPICS if topic not in present and self._is_well(topic, now)]
        warn, loud, again = [], [], []
        for topic, trouble in present.items():
            left = self._since.setdefault(topic, now) + STANDS_S[topic] - now
            if left > 0:
                again.append(left)
            elif topic not in self._warned:
                self._warned.add(topic)
                warn.append(trouble)
                if topic in self._well_since and topic not in self._told:
                    self._told.add(topic)
                    loud.append(trouble)
        for topic in self._warned & present.keys():
            self._well_since.pop(topic, None)
        return Telling(tuple(warn), tuple(loud), tuple(over), min(again, default=None))

    def _is_well(self, topic: str, now: float) -> bool:
        """Note that it is well; whether a warning of it is to be taken back."""
        self._since.pop(topic, None)
        if now - self._well_since.setdefault(topic, now) >= WELL_S:
            self._told.discard(topic)
        if topic not in self._warned:
            return False
        self._warned.remove(topic)
        return True
