"""The inviter's side of an invite's door, for one-use invites and reusable grants alike."""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from escalate_daemon.core import tuning
from escalate_daemon.trust import doorwords
from escalate_daemon.trust.admission import introduce
from escalate_daemon.trust.book import InviteBook, Moment, Redeemed, Refused
from escalate_daemon.trust.contexts import door_context_pair, sni_for_invite
from escalate_daemon.trust.doorwords import DoorError, Knock, Sorry, Welcome
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.membership import Membership

log = logging.getLogger(__name__)

_CONTEXTS_MAX: Final = 64  # doors kept made; others are made anew when knocked at


@dataclass(frozen=True, slots=True)
class OpenGrant:
    """A reusable invite of any member. `over`: its time has passed or it was revoked."""

    id: str
    secret: bytes
    over: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Whom a door let in. `again`: the same key before, so nobody need be told twice."""

    key: bytes
    name: str
    host: str
    invite: str
    again: bool


class House(Protocol):
    """What a door asks of the app."""

    def moment(self) -> Moment:
        """Now."""

    def grants(self) -> Sequence[OpenGrant]:
        """All reusable invites that are known, those just over included."""

    def full(self) -> bool:
        """Whether the space takes nobody more."""

    async def keep_invites(self, data: bytes) -> bool:
        """Keeps the book's bytes durably; False where that failed, and then nobody is let in."""

    def joined(self, joined: Joined) -> None:
        """Somebody is about to be answered with the space's secret."""


class InviteDoor:
    """One invite's door: its TLS context, and the answer to one knock."""

    request_bytes: Final = doorwords.KNOCK_BYTES

    def __init__(self, context: ssl.SSLContext, label: str, doors: "InviteDoors") -> None:
        self.context = context
        self._label = label
        self._doors = doors

    async def answer(self, request: bytes, peer_key: bytes, host: str) -> bytes | None:
        """The answer to a knock by the holder of `peer_key`, wherever it is; None: close without a word."""
        try:
            knock = doorwords.decode_knock(request)
        except DoorError:
            return None
        words = await self._doors.judge(self._label, knock, peer_key)
        return None if words is None else doorwords.encode(words)


class InviteDoors:
    """Finds the door of a server name, and lets in whom its invite admits. `folders`: see keyfile."""

    def __init__(self, membership: Membership, book: InviteBook, house: House, folders: Sequence[Path] = ()) -> None:
        self._membership = membership
        self._book = book
        self._house = house
        self._folders = folders
        self._contexts: dict[str, ssl.SSLContext] = {}

    def door(self, sni: str) -> InviteDoor | None:
        """The door of this server name; None for all but invites that I know and may introduce by."""
        if self._membership.open_space or len(self._membership.chain) >= tuning.CHAIN_MAX:
            return None
        secret = self._secret_of(sni)
        if secret is None:
            return None
        try:
            return InviteDoor(self._context(sni, secret), sni, self)
        except TrustError as error:  # within OpenSSL's callback: nobody else would hear of it
            log.error("an invite's door stays shut: %s", error)
            return None

    async def judge(self, label: str, knock: Knock, key: bytes) -> Welcome | Sorry | None:
        """The words for one knock. A use is kept before they are said."""
        at = self._house.moment()
        verdict = self._book.judge(label, key, at)
        if verdict is None:
            return self._judge_grant(label, knock, key)
        if isinstance(verdict, Refused):
            return Sorry(verdict.value)
        if self._house.full():
            return Sorry("full")
        self._book.redeem(label, key, at)
        if not await self._house.keep_invites(self._book.to_bytes(at)):
            return None
        return self._welcome(knock, key, verdict)

    def _judge_grant(self, label: str, knock: Knock, key: bytes) -> Welcome | Sorry | None:
        grant = self._grant_of(label)
        if grant is None:
            return None
        if grant.over:
            return Sorry("expired")
        if self._house.full():
            return Sorry("full")
        return self._welcome(knock, key, Redeemed(grant.id, again=False))

    def _welcome(self, knock: Knock, key: bytes, redeemed: Redeemed) -> Welcome:
        mine = self._membership
        intro = introduce(mine.identity, mine.space, key, knock.name)
        self._house.joined(Joined(key, knock.name, knock.host, redeemed.id, redeemed.again))
        return Welcome(mine.space, mine.space_name, mine.secret, mine.epoch, (*mine.chain, intro))

    def _context(self, sni: str, secret: bytes) -> ssl.SSLContext:
        context = self._contexts.get(sni)
        if context is None:
            if len(self._contexts) >= _CONTEXTS_MAX:
                self._contexts.pop(next(iter(self._contexts)))
            context = door_context_pair(self._membership.identity, secret, self._folders).server
            self._contexts[sni] = context
        return context

    def _secret_of(self, label: str) -> bytes | None:
        invite = self._book.find(label, self._house.moment())
        if invite is not None:
            return invite.secret
        grant = self._grant_of(label)
        return None if grant is None else grant.secret

    def _grant_of(self, label: str) -> OpenGrant | None:
        return next((one for one in self._house.grants() if sni_for_invite(one.secret) == label), None)
