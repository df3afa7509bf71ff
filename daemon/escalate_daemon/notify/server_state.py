"""What is known of the notification server that owns the name now. Dies with that ownership. No I/O."""

from dataclasses import dataclass, field

from escalate_daemon.notify.base import Server
from escalate_daemon.notify.dbus_session import Pending


@dataclass(slots=True)
class Up:
    """A pop-up that stands on this server, for all we know."""

    tag: str
    touched: bool = False


@dataclass(slots=True)
class ServerState:
    """`owner`: its unique name; None while nobody owns the name. `owed`: Notify calls without an answer, by tag.

    `waited_for`: calls whose callers are still waiting.
    """

    owner: str | None = None
    capabilities: frozenset[str] | None = None
    words: tuple[str, str, str] | None = None  # name, vendor, version
    hung_until: float | None = None  # loop time
    refused: str = ""  # why it took the last pop-up for none
    up: dict[int, Up] = field(default_factory=dict)
    owed: dict[str, Pending] = field(default_factory=dict)
    waited_for: set[Pending] = field(default_factory=set)

    def seen_as(self, *, answers: bool) -> Server | None:
        """For whoever asks what is there; None before it ever told its name."""
        if self.words is None:
            return None
        name, vendor, version = self.words
        return Server(name, vendor, version, tuple(sorted(self.capabilities or ())), answers)
