"""What links ask of the app, and what they tell it: from the event loop, never from within a call."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from escalate_daemon.core.ids import DialId, LinkId, MemberId
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.wire import Hello


class LinkEvents(Protocol):
    """The app's side. After `link_up`: `receive`, `overflowed`, until `link_down` or the node's own close."""

    def hello(self, *, probe: bool) -> Hello:
        """My hello, made anew for each connection."""

    def judge_hello(self, hello: Hello, key: bytes) -> MemberId:
        """Who the holder of `key` is; WireError where the hello does not admit it."""

    def link_up(self, link: LinkId, peer: PeerHello, dial: DialId | None) -> None:
        """Both hellos came. `dial` is the dial that it answers, None on an accepted link."""

    def link_down(self, link: LinkId) -> None:
        """It broke, or its peer closed it, or nothing drained."""

    def receive(self, link: LinkId, data: bytes) -> None:
        """One frame."""

    def overflowed(self, link: LinkId) -> None:
        """The queue went over its limit and unsent frames were forgotten: compare."""

    def dial_failed(self, dial: DialId, reason: str, *, myself: bool, stranger: bool) -> None:
        """No link came of it. `myself`: this very daemon answered; `stranger`: somebody not of this space."""


class Door(Protocol):
    """A door beside the links' own: TLS of its choice, one request and one answer, then it shuts."""

    @property
    def context(self) -> ssl.SSLContext:
        """Its server context."""

    @property
    def request_bytes(self) -> int:
        """The longest request it reads."""

    async def answer(self, request: bytes, peer_key: bytes, host: str) -> bytes | None:
        """The answer to the holder of `peer_key` at the IP address `host`, None for none; it is given a few seconds."""


Doors = Callable[[str], Door | None]


@dataclass(frozen=True, slots=True)
class LinkTls:
    """Whose links these are: the member contexts, the server name members ask for, my public key."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    sni: str
    key: bytes
