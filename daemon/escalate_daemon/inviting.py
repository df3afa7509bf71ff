"""The invites that I give: the book and its file, the grants, and what an invite's door asks of its house."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon import clock, standing
from escalate_daemon.core import tuning
from escalate_daemon.core.commands import AddGrant, RevokeGrant
from escalate_daemon.core.slots import Grant
from escalate_daemon.shell import Shell
from escalate_daemon.trust import book
from escalate_daemon.trust.book import InviteBook, Moment
from escalate_daemon.trust.code import SECRET_BYTES, write_code
from escalate_daemon.trust.contexts import sni_for_invite
from escalate_daemon.trust.door import Joined, OpenGrant
from escalate_daemon.trust.errors import TrustError

log = logging.getLogger(__name__)

GRANT_LIFETIME: Final = 30 * 24 * tuning.HOUR  # ms; what `invite --reusable` gives without --for


@dataclass(frozen=True, slots=True)
class Given:
    """One invite as its giver sees it. `ends_in` in ms; `code` only when just given."""

    id: str
    ends_in: int
    reusable: bool
    code: str = ""


def moment() -> Moment:
    """Now, by uptime and by the wall, in ms."""
    return Moment(clock.now(), round(clock.wall() * 1000))


def read_book(path: Path) -> InviteBook:
    """The kept book; an empty one where there is none, or a damaged one: its invites are then void."""
    data = standing.read_small(path)
    if not data:
        return InviteBook()
    try:
        return InviteBook.from_bytes(data, moment())
    except TrustError as error:
        log.warning("%s: %s; new invites have to be given", path, error)
        return InviteBook()


class Inviting:
    """Gives, lists and revokes; and is the House of the invites' doors. `joined` is told of newcomers."""

    def __init__(self, path: Path, shell: Shell, limit: int, joined: Callable[[Joined], None]) -> None:
        self.book = read_book(path)
        self._path = path
        self._shell = shell
        self._limit = limit
        self._joined = joined

    # --- for its person ---------------------------------------------------------------------------
    def give_one(self, lifetime: int | None) -> Given:
        """A one-use invite; TrustError where it cannot be."""
        secret, at = secrets.token_bytes(SECRET_BYTES), moment()
        invite = self.book.issue(secret, at, book.LIFETIME_MS if lifetime is None else lifetime)
        self._keep(self.book.to_bytes(at))
        return Given(invite.id, invite.ends_wall - at.wall, reusable=False, code=write_code(secret))

    def give_reusable(self, lifetime: int | None) -> Given:
        """A grant, published so that any member serves it; CommandRefused, TrustError where it cannot be."""
        ends_in = GRANT_LIFETIME if lifetime is None else lifetime
        if not 0 < ends_in <= book.LIFETIME_MAX_MS:
            raise TrustError("an invite lasts from a moment up to a year", "Give another --for.")
        secret = secrets.token_bytes(SECRET_BYTES)
        identifier = sni_for_invite(secret)[:8]
        self._shell.command(AddGrant(Grant(identifier, secret, ends_in)))
        return Given(identifier, ends_in, reusable=True, code=write_code(secret))

    def given(self) -> list[Given]:
        """My invites that can still be used, the oldest one-use first."""
        at = moment()
        single = [
            Given(one.id, min(one.ends_uptime - at.uptime, one.ends_wall - at.wall), reusable=False)
            for one in self.book.usable(at)
        ]
        mine = [each for each in self._shell.grants() if each.mine and not each.revoked and each.remaining > 0]
        return single + [Given(each.id, each.remaining, reusable=True) for each in mine]

    def revoke(self, identifier: str) -> bool:
        """Take an invite of mine back; False where there is none of this id."""
        at = moment()
        if self.book.revoke(identifier, at):
            self._keep(self.book.to_bytes(at))
            return True
        if any(each.id == identifier and each.reusable for each in self.given()):
            self._shell.command(RevokeGrant(identifier))
            return True
        return False

    # --- for the doors (trust.door.House) ---------------------------------------------------------
    def moment(self) -> Moment:
        """Now."""
        return moment()

    def grants(self) -> Sequence[OpenGrant]:
        """All reusable invites known here."""
        return [
            OpenGrant(each.id, each.secret, over=each.revoked or each.remaining <= 0) for each in self._shell.grants()
        ]

    def full(self) -> bool:
        """Whether the space takes nobody more."""
        return len(self._shell.members()) >= self._limit

    async def keep_invites(self, data: bytes) -> bool:
        """Keep the book; False where that fails, unless no older book lies there that could let one in twice."""
        # In this thread: two writes side by side could land in the wrong order.
        return self._keep(data)

    def joined(self, joined: Joined) -> None:
        """Somebody is let in."""
        if not joined.again:
            self._joined(joined)

    def _keep(self, data: bytes) -> bool:
        try:
            standing.replace_small(self._path, data)
        except OSError as error:
            log.error("the invites cannot be kept in %s: %s", self._path, error.strerror)
            return not self._path.exists()
        return True
