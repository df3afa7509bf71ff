"""What a node can be told to do by its own person, its shell and its notifier. The words are design words.

A person's command that cannot be done raises CommandRefused; the shell turns that into an exit code, once.
"""

from dataclasses import dataclass
from enum import StrEnum

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import DialId, HandId, MemberId
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.slots import Grant


class Refusal(StrEnum):
    """Why a command was not done."""

    ALREADY_ACTIVE = "already-active"
    UNKNOWN_NAME = "unknown-name"
    USAGE = "usage"
    NOT_ALLOWED = "not-allowed"
    IN_A_ROOM = "in-a-room"
    NOTHING_TO_CLAIM = "nothing-to-claim"


class CommandRefused(Exception):
    """The person asked for what the rules refuse. `reason` says which, the text is what the person reads."""

    def __init__(self, reason: Refusal, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class LadderStep:
    """Whom to name besides where nobody has claimed it when it is `after` ms old. WHO words as for Start."""

    after: int
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Raise a hand. `named` are WHO words as typed (aliases already resolved); none: yellow."""

    message: str = ""
    named: tuple[str, ...] = ()
    max_age: int = tuning.MAX_AGE
    replace: bool = False
    ladder: tuple[LadderStep, ...] = ()


@dataclass(frozen=True, slots=True)
class EndMine:
    """End my hand; nothing happens where there is none."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class LeaveSpace:
    """Presence left, and my hand ended, in one write. `for_good`: it ends whatever the policy says."""

    for_good: bool = False


@dataclass(frozen=True, slots=True)
class SetPresence:
    """Presence available, busy, away or room (then `room` names it); what that ends ends in the same write."""

    presence: str
    room: str = ""


@dataclass(frozen=True, slots=True)
class Approach:
    """I am coming to this hand's owner."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class Withdraw:
    """I am not coming after all."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class Say:
    """One line in a hand's thread."""

    hand: HandId
    text: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Its pop-up was seen by its person, who wants it gone."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class Mute:
    """Do not disturb: `who` is a WHO word, or "all". `lasts` in ms, None: until Unmute."""

    who: str
    lasts: int | None = None


@dataclass(frozen=True, slots=True)
class Unmute:
    """`who` as it was muted; "all" takes every mute back."""

    who: str


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """What this machine's settings say of rings and ends; each takes effect at once. See core.policy."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class ReturnToSpace:
    """Presence available again after LeaveSpace."""


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Put a group on myself."""

    name: str


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """Take a group off myself."""

    name: str


@dataclass(frozen=True, slots=True)
class SetProfile:
    """What the shell knows of this machine and its person; None leaves a field as it is."""

    name: str | None = None
    host: str | None = None
    location: str | None = None
    phone: str | None = None
    url: str | None = None
    addresses: tuple[str, ...] | None = None
    hears: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class TrustMember:
    """Pin this member's key to its name."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class AddGrant:
    """Publish a reusable invite."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """Take a reusable invite of mine back."""

    id: str


@dataclass(frozen=True, slots=True)
class AddressFound:
    """A hint (zeroconf, static peer): somebody of this space may answer at HOST:PORT. Resets its backoff.

    `together`: all addresses at which the same daemon says that it is.
    """

    address: str
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """Addresses or interfaces changed: every backoff begins anew, and every link is asked whether it still works."""


@dataclass(frozen=True, slots=True)
class DialFailed:
    """A Dial came to nothing."""

    dial: DialId
    reason: str = ""
    myself: bool = False  # the address is this very daemon's
    stranger: bool = False  # it answered, and is not of this space


@dataclass(frozen=True, slots=True)
class ReportShown:
    """The notification server took the pop-up (`how`: popup), or a terminal line was written (terminal)."""

    hand: HandId
    handle: str | None
    how: str


@dataclass(frozen=True, slots=True)
class ReportNotShown:
    """No back end could put it before a person's eyes."""

    hand: HandId
    reason: str


@dataclass(frozen=True, slots=True)
class ReportSounded:
    """The player exited well."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class ReportNotSounded:
    """No player, or it failed."""

    hand: HandId
    reason: str


@dataclass(frozen=True, slots=True)
class ReportClosed:
    """The pop-up is off the screen."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class ReportLost:
    """The pop-up was up and went with its server, or stands in a worse place than it could: show it again."""

    hand: HandId


@dataclass(frozen=True, slots=True)
class ReportMended:
    """What could not be shown may be shown now."""


@dataclass(frozen=True, slots=True)
class ReportSeen:
    """A person touched the pop-up, which is off the screen by that unless it is `still_up`."""

    hand: HandId
    still_up: bool = False


Command = (
    Start
    | EndMine
    | LeaveSpace
    | SetPresence
    | Approach
    | Withdraw
    | Say
    | Dismiss
    | Mute
    | Unmute
    | SetPolicy
    | ReturnToSpace
    | JoinGroup
    | LeaveGroup
    | SetProfile
    | TrustMember
    | AddGrant
    | RevokeGrant
    | AddressFound
    | NetworkChanged
    | DialFailed
    | ReportShown
    | ReportNotShown
    | ReportSounded
    | ReportNotSounded
    | ReportClosed
    | ReportLost
    | ReportMended
    | ReportSeen
)
