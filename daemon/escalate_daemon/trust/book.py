"""The one-use invites that I gave: issued, redeemed by one key, remembered a day after their end.

Pure: time is an argument, and the app keeps `to_bytes` before it answers a joiner.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Self

import msgspec

from escalate_daemon.trust.contexts import sni_for_invite
from escalate_daemon.trust.errors import TrustError

LIFETIME_MS: Final = 15 * 60 * 1000
LIFETIME_MAX_MS: Final = 365 * 24 * 3600 * 1000
REMEMBERED_MS: Final = 24 * 3600 * 1000  # how long a late joiner is still told `used` or `expired`
OPEN_MAX: Final = 64  # invites at once that may still be used
KEPT_MAX: Final = 256  # the ended ones included
_FORMAT: Final = 1


class Moment(NamedTuple):
    """Now, in ms: `uptime` never jumps and may begin anew with the daemon; `wall` (unix) may jump."""

    uptime: int
    wall: int


class Refused(Enum):
    """What a joiner who proved its code hears."""

    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Let it in. `again`: the same key fetched before, and lost the answer."""

    id: str
    again: bool


class Invite(msgspec.Struct, array_like=True, frozen=True):
    """One invite. It ends by my uptime or by the wall, whichever is first."""

    id: str
    secret: bytes
    label: str
    ends_uptime: int
    ends_wall: int
    used_by: bytes = b""
    revoked: bool = False


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """The book's bytes. Invites stand in it with `ends_uptime` as ms left, since uptime may begin anew."""

    format: int
    wall: int
    invites: list[Invite]


class InviteBook:
    """My one-use invites by their doors' labels."""

    def __init__(self) -> None:
        self._invites: dict[str, Invite] = {}

    def issue(self, secret: bytes, at: Moment, lifetime: int = LIFETIME_MS) -> Invite:
        """A new invite of `secret` for `lifetime` ms; TrustError: too long, or too many open."""
        if not 0 < lifetime <= LIFETIME_MAX_MS:
            raise TrustError("an invite lasts from a moment up to a year", "Give another --for.")
        self.prune(at)
        if len(self.usable(at)) >= OPEN_MAX:
            raise TrustError(f"{OPEN_MAX} invites are open already", "escalate invite list; invite revoke ID")
        label = sni_for_invite(secret)
        invite = Invite(label[:8], secret, label, at.uptime + lifetime, at.wall + lifetime)
        self._invites[label] = invite
        return invite

    def find(self, label: str, at: Moment) -> Invite | None:
        """The invite whose door has this label; None for strangers' labels and forgotten invites."""
        self.prune(at)
        return self._invites.get(label)

    def judge(self, label: str, key: bytes, at: Moment) -> Redeemed | Refused | None:
        """What `redeem` would say; changes nothing."""
        invite = self.find(label, at)
        if invite is None:
            return None
        if invite.used_by == key:
            return Redeemed(invite.id, again=True)
        if invite.used_by:
            return Refused.USED
        if _left(invite, at) <= 0:
            return Refused.EXPIRED
        return Redeemed(invite.id, again=False)

    def redeem(self, label: str, key: bytes, at: Moment) -> Redeemed | Refused | None:
        """Spends the invite on `key`; None for an unknown label. Keep `to_bytes` before answering."""
        verdict = self.judge(label, key, at)
        if isinstance(verdict, Redeemed) and not verdict.again:
            self._invites[label] = msgspec.structs.replace(self._invites[label], used_by=key)
        return verdict

    def revoke(self, invite_id: str, at: Moment) -> bool:
        """Ends an open invite now; False where there is none of this id."""
        for invite in self.usable(at):
            if invite.id == invite_id:
                ended = msgspec.structs.replace(
                    invite,
                    revoked=True,
                    ends_uptime=min(invite.ends_uptime, at.uptime),
                    ends_wall=min(invite.ends_wall, at.wall),
                )
                self._invites[invite.label] = ended
                return True
        return False

    def usable(self, at: Moment) -> list[Invite]:
        """Those that can still be used, the oldest first."""
        return [one for one in self._invites.values() if not one.used_by and _left(one, at) > 0]

    def prune(self, at: Moment) -> None:
        """Forgets what ended a day ago or more, and the oldest ended above KEPT_MAX."""
        kept = [one for one in self._invites.values() if _left(one, at) > -REMEMBERED_MS]
        excess = len(kept) - KEPT_MAX
        if excess > 0:
            done = [one.label for one in kept if one.used_by or _left(one, at) <= 0][:excess]
            kept = [one for one in kept if one.label not in done]
        self._invites = {one.label: one for one in kept}

    def to_bytes(self, at: Moment) -> bytes:
        """The book, to be kept."""
        invites = [
            msgspec.structs.replace(one, ends_uptime=one.ends_uptime - at.uptime) for one in self._invites.values()
        ]
        return msgspec.msgpack.encode(_Kept(_FORMAT, at.wall, invites))

    @classmethod
    def from_bytes(cls, data: bytes, at: Moment) -> Self:
        """The book as kept; time has passed by the wall, never backwards. TrustError: damaged."""
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise TrustError(f"the kept invites are damaged: {error}") from error
        if kept.format != _FORMAT:
            raise TrustError(f"the kept invites have format {kept.format}")
        passed = max(0, at.wall - kept.wall)
        book = cls()
        for one in kept.invites:
            ends = at.uptime + one.ends_uptime - passed
            book._invites[one.label] = msgspec.structs.replace(one, ends_uptime=ends)
        return book


def _left(invite: Invite, at: Moment) -> int:
    """Ms until its end; negative after."""
    return min(invite.ends_uptime - at.uptime, invite.ends_wall - at.wall)
