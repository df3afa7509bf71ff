"""Daemons' links without daemons: memberships, recorded link events, and waiting for what they tell."""

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from escalate_daemon.core.admission import Roster
from escalate_daemon.core.ids import DialId, LinkId, MemberId, member_id
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.wire import PROTOCOL, Hello, WireError
from escalate_daemon.links.events import Door, LinkTls
from escalate_daemon.links.lan import LanLinks
from escalate_daemon.trust.admission import introduce
from escalate_daemon.trust.contexts import MEMBER_SNI, member_context_pair
from escalate_daemon.trust.identity import Identity, verify
from escalate_daemon.trust.membership import Membership, create_space

PATIENCE_S = 60.0  # for what must come; a busy machine takes long, and nothing waits this long otherwise


def joined(creator: Membership, name: str) -> Membership:
    """Another member of the creator's space."""
    identity = Identity.generate()
    intro = introduce(creator.identity, creator.space, identity.key, name)
    return dataclasses.replace(creator, identity=identity, chain=(*creator.chain, intro), name=name)


def tls_of(membership: Membership) -> LinkTls:
    """The membership's contexts."""
    pair = member_context_pair(membership.identity, membership.secret, membership.epoch)
    return LinkTls(pair.server, pair.client, MEMBER_SNI, membership.identity.key)


@dataclass(frozen=True, slots=True)
class Up:
    link: LinkId
    peer: PeerHello
    dial: DialId | None


@dataclass(frozen=True, slots=True)
class Down:
    link: LinkId


@dataclass(frozen=True, slots=True)
class Got:
    link: LinkId
    data: bytes


@dataclass(frozen=True, slots=True)
class Overflowed:
    link: LinkId


@dataclass(frozen=True, slots=True)
class Failed:
    dial: DialId
    reason: str
    myself: bool
    stranger: bool


Event = Up | Down | Got | Overflowed | Failed


@dataclass
class Recorder:
    """Link events as a list, in order."""

    membership: Membership
    told: list[Event] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    protocol: int = PROTOCOL

    def hello(self, *, probe: bool) -> Hello:
        return Hello(self.protocol, self.membership.space, b"bootboot", self.membership.chain, probe=probe)

    def judge_hello(self, hello: Hello, key: bytes) -> MemberId:
        if hello.protocol != PROTOCOL or hello.space != self.membership.space:
            raise WireError("another protocol or space")
        roster = Roster(hello.space, open_space=self.membership.open_space, verifier=verify)
        roster.admit_chain(hello.chain)
        if hello.chain[-1].key != key:
            raise WireError("another key")
        return member_id(key)

    def link_up(self, link: LinkId, peer: PeerHello, dial: DialId | None) -> None:
        self._tell(Up(link, peer, dial))

    def link_down(self, link: LinkId) -> None:
        self._tell(Down(link))

    def receive(self, link: LinkId, data: bytes) -> None:
        self._tell(Got(link, data))

    def overflowed(self, link: LinkId) -> None:
        self._tell(Overflowed(link))

    def dial_failed(self, dial: DialId, reason: str, *, myself: bool, stranger: bool) -> None:
        self._tell(Failed(dial, reason, myself, stranger))

    def _tell(self, event: Event) -> None:
        self.told.append(event)
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until `holds`, looking after each event."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    def ups(self) -> list[Up]:
        return [event for event in self.told if isinstance(event, Up)]

    def downs(self) -> list[LinkId]:
        return [event.link for event in self.told if isinstance(event, Down)]

    def got(self) -> list[bytes]:
        return [event.data for event in self.told if isinstance(event, Got)]

    def failures(self) -> list[Failed]:
        return [event for event in self.told if isinstance(event, Failed)]

    def overflows(self) -> int:
        return sum(isinstance(event, Overflowed) for event in self.told)


@dataclass
class Linked:
    """One daemon's links, listening on loopback."""

    links: LanLinks
    events: Recorder
    address: str

    async def dial(self, other: "Linked | str", number: int = 1, *, probe: bool = False) -> Up | Failed:
        """Dials, and gives the outcome."""
        address = other if isinstance(other, str) else other.address
        self.links.dial(DialId(number), address, probe=probe)

        def outcomes() -> list[Up | Failed]:
            return [e for e in self.events.told if isinstance(e, Up | Failed) and e.dial == number]

        await self.events.until(lambda: bool(outcomes()))
        return outcomes()[0]

    async def until_gone(self, left: int = 0) -> None:
        """Waits until at most so many connections are left; there is no event for strangers' ends."""
        async with asyncio.timeout(PATIENCE_S):
            for _ in itertools.count():
                if self.links.connection_count <= left:
                    return
                await asyncio.sleep(0.01)


def no_doors(sni: str) -> Door | None:
    """Nobody is invited."""
    return None


@contextlib.asynccontextmanager
async def linked(
    membership: Membership | None = None, doors: Callable[[str], Door | None] = no_doors, port: int = 0
) -> AsyncIterator[Linked]:
    """Links of a member (by default of a space of its own), closed at the end."""
    membership = membership or create_space("Floor", "Ana")
    events = Recorder(membership)
    links = LanLinks(events, tls_of(membership), doors, port)
    try:
        listening = await links.start()
        yield Linked(links, events, f"127.0.0.1:{listening}")
    finally:
        await links.aclose()


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[Linked, Linked, Up, Up]]:
    """Two members of one space with one link, dialled by the first; and how each was told of it."""
    ana = create_space("Floor", "Ana")
    async with linked(ana) as one, linked(joined(ana, "Ben")) as two:
        up = await one.dial(two)
        assert isinstance(up, Up)
        await two.events.until(lambda: bool(two.events.ups()))
        yield one, two, up, two.events.ups()[0]
