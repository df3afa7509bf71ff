"""Who is at the other end of a link, as its hello told and its certificate proved."""

from dataclasses import dataclass

from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.wire import Hello


@dataclass(frozen=True, slots=True)
class PeerHello:
    """A peer whose hello was judged. `address` is the HOST:PORT that was dialled, None on an accepted link."""

    member: MemberId
    hello: Hello
    address: str | None = None
