"""What a node sees, ready to be rendered or put into JSON: frozen, cleaned text, ages in ms at the time of asking."""

from dataclasses import dataclass
from enum import StrEnum

from escalate_daemon.core.ids import HandId, MemberId


class EscalationState(StrEnum):
    """Where an escalation stands in this node's view."""

    ACTIVE = "active"
    LOST = "lost"
    PUT_AWAY = "put-away"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why its owner ended it."""

    OWNER = "owner"
    ROOM = "room"
    AWAY = "away"
    LEFT = "left"
    REPLACED = "replaced"
    MAX_AGE = "max-age"


class Why(StrEnum):
    """Why a named member was not rung."""

    MUTED = "muted"
    BUSY = "busy"
    NOT_HERE = "not-here"
    LIMITED = "limited"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MemberView:
    """One member as this node sees it. `label` is the shortest that is unique here."""

    id: MemberId
    name: str
    host: str
    label: str
    presence: str  # available, busy, away, room, left; lost where unreachable
    room: str
    groups: tuple[str, ...]
    location: str
    phone: str
    url: str
    me: bool
    online: bool
    hears: str
    version: str
    new_key: bool
    addresses: tuple[str, ...] = ()
    undisturbed: bool = False  # it asks not to be disturbed now: nobody but whom it lets through rings it


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """One named member's receipt; each time is ms ago, None: not so."""

    member: MemberView
    delivered_ago: int | None
    shown_ago: int | None
    sounded_ago: int | None
    seen_ago: int | None
    why: Why | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """Somebody is coming. `counts`: the claimant can be reached, or could a minute ago."""

    member: MemberView
    ago: int
    counts: bool


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of the thread."""

    member: MemberView
    ago: int
    text: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the ladder. `after` in ms of the hand's age; `fired`: its members are named by now."""

    after: int
    named: tuple[str, ...]
    fired: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a red got, counted over its named members; all zero for yellow."""

    named: int = 0
    online: int = 0
    delivered: int = 0
    shown: int = 0
    sounded: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class EscalationView:
    """One escalation. Ages in ms; `lost_for` is how long its owner has been unreachable."""

    id: HandId
    owner: MemberView
    level: str
    message: str
    named: tuple[str, ...]  # labels of members, and words with @
    state: EscalationState
    age: int
    max_age: int
    lost_for: int | None
    ended_ago: int | None
    end_reason: EndReason | None
    note: str
    reach: Reach
    receipts: tuple[ReceiptView, ...]
    named_me: bool
    mine: bool
    claims: tuple[ClaimView, ...] = ()
    thread: tuple[LineView, ...] = ()
    forgotten: int = 0  # lines of the thread that are not kept
    ladder: tuple[StepView, ...] = ()

    @property
    def claimed(self) -> bool:
        """Whether somebody is coming."""
        return any(claim.counts for claim in self.claims)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A reusable invite of any member. `remaining` in ms, zero or less: expired."""

    id: str
    secret: bytes
    remaining: int
    mine: bool
    revoked: bool
