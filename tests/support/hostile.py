"""A member that says what no honest daemon says: truly admitted, over real links, in slots signed by its own key."""

import asyncio
import contextlib
import itertools
import secrets
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from escalate_daemon.core import slots, wire
from escalate_daemon.core.ids import DialId, HandId, LinkId, MemberId, hand_id, member_id
from escalate_daemon.core.replica import BUCKETS
from escalate_daemon.core.slots import Body, Hand, Profile, State
from escalate_daemon.core.wire import AnyFrame, Have, Ping, Pong, Record, SlotsFrame, Want
from escalate_daemon.links.lan import LanLinks
from escalate_daemon.trust import keep
from escalate_daemon.trust.membership import Membership
from support.linked import PATIENCE_S, Recorder, joined, no_doors, tls_of

# What a hostile peer writes wherever text goes: none of it may come through as it is.
ESCAPES: Final = "\x1b]0;t\x07\x1b[2J\x9b31m"
BIDI: Final = "\u202e\u2066\u200f"
MARKS: Final = "a" + "\u0301\u0316" * 20
UNREADABLE: Final = "\x00\ue000\U000e0041\ufff9"
NASTY: Final = f"{ESCAPES}{BIDI}{MARKS}{UNREADABLE}\r\n\u2028two"
MARKUP: Final = "<b>&amp;<img src=x onerror=1></b>"
SHELL: Final = "$(touch pwned);`touch pwned`\n|touch pwned"


def member_of(founder: Path, name: str) -> Membership:
    """A new member, introduced by the one whose membership is kept in that file."""
    membership = keep.load(founder)
    assert membership is not None
    return joined(membership, name)


class _Answering(Recorder):
    """Link events of one who answers pings, and to every question says that it has nothing to add."""

    links: LanLinks

    def receive(self, link: LinkId, data: bytes) -> None:
        frame = wire.decode_frame(data)
        if isinstance(frame, Ping):
            self.links.send(link, wire.encode(Pong(frame.nonce, frame.fingerprint)), urgent=True)
        elif isinstance(frame, Want) and frame.digests:
            self.links.send(link, wire.encode(Have((), BUCKETS)), urgent=False)
        super().receive(link, data)


@dataclass
class Hostile:
    """`says` and what follows may be called from any thread. A context manager: the link lives as long."""

    membership: Membership
    address: str  # IP:PORT of the daemon that it is linked with
    nonce: bytes = field(default_factory=lambda: secrets.token_bytes(8))
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _versions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        try:
            self._do(self._come())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._links.aclose())
        self._stop()

    # --- Who it is ---------------------------------------------------------------------------------
    @property
    def id(self) -> MemberId:
        """Its member id."""
        return member_id(self.membership.identity.key)

    @property
    def peer(self) -> MemberId:
        """The member whose daemon it is linked with."""
        return self._peer

    @property
    def hand(self) -> HandId:
        """The id of the hand that it raises."""
        return hand_id(self.id, self.nonce)

    def forget_hand(self) -> None:
        """The next hand that it raises is another one."""
        self.nonce = secrets.token_bytes(8)

    # --- What it says ------------------------------------------------------------------------------
    def profile(self, **parts: object) -> Record:
        """Its profile, other fields as given."""
        bare = Profile(self.membership.identity.key, self.membership.name, intro=self.membership.chain[-1])
        return self.signed(slots.PROFILE, msgspec.structs.replace(bare, **parts))

    def state(self, **parts: object) -> Record:
        """Its state, with a hand of these parts."""
        bare = Hand(self.hand, slots.RED, max_age=3_600_000, nonce=self.nonce)
        return self.signed(slots.STATE, State(hand=msgspec.structs.replace(bare, **parts)))

    def signed(self, slot: str, body: Body | bytes, *, age: int = 0, version: int | None = None) -> Record:
        """A slot of its own, the newest so far."""
        data = body if isinstance(body, bytes) else wire.encode(body)
        number = next(self._versions) if version is None else version
        bare = Record(self.id, slot, 1, number, b"hostile!", data, b"", age)
        sig = self.membership.identity.sign(wire.signed_bytes(self.membership.space, bare))
        return msgspec.structs.replace(bare, sig=sig)

    def says(self, *records: Record) -> None:
        """These slots, each in a frame of its own."""
        for record in records:
            self.sends(SlotsFrame((record,)))

    def sends(self, frame: AnyFrame) -> None:
        """Any frame at all."""
        self._loop.call_soon_threadsafe(lambda: self._links.send(self._link, wire.encode(frame), urgent=False))

    def is_cut_off(self) -> bool:
        """Whether the daemon has closed the link."""
        return bool(self._events.downs())

    # --- Its link ----------------------------------------------------------------------------------
    async def _come(self) -> None:
        self._events = _Answering(self.membership)
        self._links = self._events.links = LanLinks(self._events, tls_of(self.membership), no_doors)
        await self._links.start()
        self._links.dial(DialId(1), self.address, probe=False)
        await self._events.until(lambda: bool(self._events.ups() or self._events.failures()))
        up = self._events.ups()[0]
        self._link, self._peer = up.link, up.peer.member
        links = self.signed(slots.LINKS, slots.Links((self._peer,)))
        for record in (self.profile(), links):
            self._links.send(self._link, wire.encode(SlotsFrame((record,))), urgent=False)

    def _do(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        with contextlib.suppress(RuntimeError):
            self._loop.close()


@contextlib.contextmanager
def hostile(founder: Path, address: str, name: str = "mallory") -> Iterator[Hostile]:
    """One of that name, introduced by the founder and linked with the daemon at `address`."""
    with Hostile(member_of(founder, name), address) as made:
        yield made
