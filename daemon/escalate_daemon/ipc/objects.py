"""The JSON objects that `--json` prints: every key is always there; empty is [] or null, never ""."""

from typing import Final, Literal

import msgspec

VERSION: Final = 1  # of this API and of the JSON; a change of keys or meanings bumps it

Level = Literal["yellow", "red"]
EscalationState = Literal["active", "lost", "put-away", "ended"]
EndReason = Literal["owner", "room", "away", "left", "replaced", "max-age"]
Presence = Literal["available", "busy", "away", "room", "left", "lost"]
Hears = Literal["sound", "popup", "terminal", "none"]
Why = Literal["muted", "busy", "not-here", "limited", "failed"]


class Object(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all JSON objects: every key is always there; empty is [] or null, never ""."""


class Member(Object, frozen=True, kw_only=True):
    """One member, as this machine sees it."""

    id: str
    name: str
    host: str | None
    label: str
    presence: Presence
    room: str | None
    groups: list[str]
    location: str | None
    phone: str | None
    url: str | None
    me: bool
    online: bool
    hears: Hears
    version: str | None
    new_key: bool


class LadderStep(Object, frozen=True, kw_only=True):
    """Whom to name next if nobody claims."""

    after_s: float
    named: list[str]
    fired: bool


class Claim(Object, frozen=True, kw_only=True):
    """Somebody is coming."""

    member: Member
    at: str
    counts: bool


class Reach(Object, frozen=True, kw_only=True):
    """How many of the named members; all zero for yellow."""

    named: int
    online: int
    delivered: int
    shown: int
    sounded: int
    seen: int


class Receipt(Object, frozen=True, kw_only=True):
    """What one named member's daemon reported."""

    member: Member
    delivered_at: str | None
    shown_at: str | None
    sounded_at: str | None
    seen_at: str | None
    why: Why | None


class ChatLine(Object, frozen=True, kw_only=True):
    """One line of the thread."""

    member: Member
    at: str
    text: str


class Escalation(Object, frozen=True, kw_only=True):
    """One raised hand."""

    id: str
    owner: Member
    level: Level
    message: str | None
    named: list[str]
    ladder: list[LadderStep]
    state: EscalationState
    started_at: str
    age_s: float
    ended_at: str | None
    end_reason: EndReason | None
    note: str | None
    claims: list[Claim]
    reach: Reach
    receipts: list[Receipt]
    thread: list[ChatLine]


class Space(Object, frozen=True, kw_only=True):
    """The space this daemon is in."""

    id: str
    name: str
    open: bool


class Group(Object, frozen=True, kw_only=True):
    """A group and the labels of those who wear it."""

    name: str
    members: list[str]


class Invite(Object, frozen=True, kw_only=True):
    """An invite that this member gave. `uses` is null where there is no limit."""

    id: str
    expires_at: str
    uses: int | None
    used: int


class Check(Object, frozen=True, kw_only=True):
    """One link of the chain, as doctor found it. `mend`: what to do; where it is well, what may be worth doing."""

    name: str
    ok: bool
    found: str
    mend: str | None = None


class Mute(Object, frozen=True, kw_only=True):
    """One thing that is muted here: `who` is a WHO word, or "all". `until` null: until it is unmuted."""

    who: str
    until: str | None


class Expected(Object, frozen=True, kw_only=True):
    """One whom a `start` would name, and whether its machine asks not to be disturbed now."""

    member: Member
    undisturbed: bool


class Hear(Object, frozen=True, kw_only=True):
    """Who would hear me: all others of the space, and those of them online."""

    others: int
    online: int
