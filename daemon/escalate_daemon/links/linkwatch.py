"""A connection that is a link: its frames go to the node."""

from collections.abc import Callable

from escalate_daemon.core.ids import LinkId
from escalate_daemon.links.connection import Connection, Loss


class LinkWatch:
    """Watches one link."""

    def __init__(self, link: LinkId, received: Callable[[LinkId, bytes], None], down: Callable[[LinkId], None]) -> None:
        self._link = link
        self._received = received
        self._down = down

    def made(self, connection: Connection) -> None:
        """Was before it was a link."""

    def secured(self, connection: Connection) -> None:
        """Was before it was a link."""

    def frame(self, connection: Connection, data: bytes) -> None:
        """A frame for the node."""
        self._received(self._link, data)

    def lost(self, connection: Connection, loss: Loss) -> None:
        """It is down."""
        self._down(self._link)
