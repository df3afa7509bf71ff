"""The slots: what each member, and nobody else, writes; and the introduction that admits a member.

Bodies are MessagePack arrays: a later version appends fields, an older one ignores them, and because the
signed bytes are passed on as they came, nothing is lost on the way through an older daemon.
"""

from typing import Final

import msgspec

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId, hand_id

PROFILE: Final = "profile"
STATE: Final = "state"
ANSWERS: Final = "answers"
RECEIPTS: Final = "receipts"
LINKS: Final = "links"
GRANTS: Final = "grants"
URGENT: Final = frozenset({STATE, ANSWERS})  # flooded whole; the rest is announced and pulled

YELLOW: Final = "yellow"
RED: Final = "red"

AVAILABLE: Final = "available"
BUSY: Final = "busy"
AWAY: Final = "away"
ROOM: Final = "room"
LEFT: Final = "left"


class Body(msgspec.Struct, array_like=True, frozen=True, kw_only=False):
    """Base of all that is signed or carried as a MessagePack array."""


class Unreadable(Body, frozen=True):
    """Stands for a body that this version cannot read."""


class Introduction(Body, frozen=True):
    """An admitted member's word that `key` belongs to the space; the creator's has no introducer.

    Signed over the space id, key and name. `by` is empty and `nonce` set for the creator of a closed space,
    whose key and nonce hash to the space id.
    """

    key: bytes
    name: str
    by: bytes = b""
    nonce: bytes = b""
    sig: bytes = b""


class Profile(Body, frozen=True):
    """Who a member is. `addresses` are HOST:PORT; `hears` is sound, popup, terminal or none."""

    key: bytes
    name: str
    host: str = ""
    groups: tuple[str, ...] = ()
    location: str = ""
    phone: str = ""
    url: str = ""
    addresses: tuple[str, ...] = ()
    encryption_key: bytes = b""  # X25519, for a later rotation of the space secret
    hears: str = "none"
    version: str = ""
    intro: Introduction | None = None
    undisturbed: bool = False  # do-not-disturb, or a quiet hour; whom it mutes is said nowhere


class Target(Body, frozen=True):
    """One whom a red names: a member's id, or a word (`@team`, `@everyone`, `@here`, `@room:Blue`)."""

    member: MemberId = MemberId(b"")
    word: str = ""


class Step(Body, frozen=True):
    """One step of a ladder: whom it names besides where nobody has claimed the hand at the age of `after` ms."""

    after: int
    named: tuple[Target, ...] = ()


class Hand(Body, frozen=True):
    """A raised hand. `age` is its age in ms when this record was written, `max_age` its longest life in ms.

    `nonce` is random; it and the owner make the id (`ids.hand_id`).
    """

    id: str
    level: str
    message: str = ""
    named: tuple[Target, ...] = ()
    age: int = 0
    max_age: int = 0
    nonce: bytes = b""
    ladder: tuple[Step, ...] = ()


class End(Body, frozen=True):
    """How the last hand ended. `age` is the hand's age in ms when it ended."""

    id: str
    reason: str
    note: str = ""
    age: int = 0


class State(Body, frozen=True):
    """Presence, the one hand, and the last end: one slot, so that leaving and ending are one write."""

    presence: str = AVAILABLE
    room: str = ""
    hand: Hand | None = None
    end: End | None = None


def hand_of(owner: MemberId, state: State | None) -> Hand | None:
    """The hand that a state holds, None where there is none, or none that an honest owner writes."""
    hand = None if state is None else state.hand
    if hand is None or hand.id != hand_id(owner, hand.nonce):
        return None
    return hand if 0 <= hand.age <= tuning.AGE_MAX and 0 <= hand.max_age <= tuning.AGE_MAX else None


class Receipt(Body, frozen=True):
    """What one named member's daemon reports of one hand. Times are the hand's age in ms, -1: not so."""

    hand: str
    owner: MemberId
    delivered: int = -1
    shown: int = -1
    sounded: int = -1
    seen: int = -1
    why: str = ""


class Receipts(Body, frozen=True):
    """My receipts for the hands that are up."""

    receipts: tuple[Receipt, ...] = ()


class Claim(Body, frozen=True):
    """ "I am coming": to this hand of this owner. `age` is the hand's age in ms when it was said."""

    hand: str
    owner: MemberId
    age: int = 0


class Line(Body, frozen=True):
    """One line of a thread. `number` counts its writer's lines in that thread, from 0."""

    hand: str
    owner: MemberId
    age: int = 0
    text: str = ""
    number: int = 0


class Answers(Body, frozen=True):
    """My claims, and my newest lines in the threads of hands."""

    claims: tuple[Claim, ...] = ()
    lines: tuple[Line, ...] = ()


class Links(Body, frozen=True):
    """The members I hold a link with."""

    members: tuple[MemberId, ...] = ()


class Grant(Body, frozen=True):
    """A reusable invite: any member serves it. `lifetime` and `age` (at this write) in ms."""

    id: str
    secret: bytes
    lifetime: int
    age: int = 0
    revoked: bool = False


class Grants(Body, frozen=True):
    """The reusable invites that I gave."""

    grants: tuple[Grant, ...] = ()
