"""What the command line asks of the daemon: one struct a verb."""

from typing import Literal

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb"):
    """Base of the requests."""


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of a ladder: whom to name besides if nobody has claimed it after so long."""

    after_s: float
    named: list[str]


class StartRequest(Request, frozen=True, kw_only=True, tag="start"):
    """Raise. `max_age_s` None: the configured one. `toggle`: end where mine is up, and confirm by pop-up.

    `recent`: the so many-th of my recent messages (from 1) in place of `message`.
    """

    message: str = ""
    recent: int | None = None
    named: list[str] = msgspec.field(default_factory=list)
    ladder: list[Rung] = msgspec.field(default_factory=list)
    max_age_s: float | None = None
    replace: bool = False
    toggle: bool = False


class PlanRequest(Request, frozen=True, kw_only=True, tag="plan"):
    """Who would hear a `start` with these now; raises nothing, and refuses as `start` would.

    `replace` as start's; None: whether one of mine is up is not asked.
    """

    message: str = ""
    recent: int | None = None
    named: list[str] = msgspec.field(default_factory=list)
    ladder: list[Rung] = msgspec.field(default_factory=list)
    replace: bool | None = None


class EndRequest(Request, frozen=True, kw_only=True, tag="end"):
    """End mine."""

    note: str = ""


class ListRequest(Request, frozen=True, kw_only=True, tag="list"):
    """What is active, mine first."""


class ShowRequest(Request, frozen=True, kw_only=True, tag="show"):
    """One in full: `who` is its owner or its id; None: mine, else the only one."""

    who: str | None = None


class ApproachRequest(Request, frozen=True, kw_only=True, tag="approach"):
    """Claim it and go, or withdraw that. `who` None: the only one that is not mine."""

    who: str | None = None
    undo: bool = False


class ChatRequest(Request, frozen=True, kw_only=True, tag="chat"):
    """The thread of one escalation, after `text` was said in it where there is one. `who` as for approach, or mine."""

    who: str | None = None
    text: str | None = None


class SeenRequest(Request, frozen=True, kw_only=True, tag="seen"):
    """Dismiss its pop-up here, and say so. `who` as for approach."""

    who: str | None = None


class RecentRequest(Request, frozen=True, kw_only=True, tag="recent"):
    """My last messages, newest first."""


class HistoryRequest(Request, frozen=True, kw_only=True, tag="history"):
    """Past escalations as this machine saw them, newest first. `since_s`: no older than so many seconds."""

    since_s: float | None = None


class PresenceRequest(Request, frozen=True, kw_only=True, tag="presence"):
    """Say where I am. `room` goes with presence "room"; "back": available again, out of any room."""

    presence: Literal["available", "busy", "away", "room", "back"]
    room: str | None = None


class MuteRequest(Request, frozen=True, kw_only=True, tag="mute"):
    """Do-not-disturb here, or its end. `who` None: all. `on` None: only tell what is muted."""

    who: str | None = None
    on: bool | None = None
    for_s: float | None = None


class WatchRequest(Request, frozen=True, kw_only=True, tag="watch"):
    """Turn this line into a stream of events."""


class WhoRequest(Request, frozen=True, kw_only=True, tag="who"):
    """Members; `who` narrows."""

    who: str | None = None


class StatusRequest(Request, frozen=True, kw_only=True, tag="status"):
    """One screen."""


class GroupRequest(Request, frozen=True, kw_only=True, tag="group"):
    """list, join or leave groups."""

    action: Literal["list", "join", "leave"]
    name: str | None = None


class UpRequest(Request, frozen=True, kw_only=True, tag="up"):
    """Come into my space, or make one. `new`: do not look for others nearby first."""

    name: str | None = None
    new: bool = False
    open: bool = False


class LeaveRequest(Request, frozen=True, kw_only=True, tag="leave"):
    """Leave until `up`; `forget` gives the membership up."""

    forget: bool = False


class InviteRequest(Request, frozen=True, kw_only=True, tag="invite"):
    """Give an invite. `for_s` None: 15 minutes, or 30 days where reusable."""

    reusable: bool = False
    for_s: float | None = None


class InviteListRequest(Request, frozen=True, kw_only=True, tag="invite-list"):
    """The invites I gave."""


class InviteRevokeRequest(Request, frozen=True, kw_only=True, tag="invite-revoke"):
    """Take one back."""

    id: str


class JoinRequest(Request, frozen=True, kw_only=True, tag="join"):
    """Join by code, at HOST[:PORT] where given, or an open space by name. `yes`: leave the present space."""

    code: str | None = None
    host: str | None = None
    open_name: str | None = None
    yes: bool = False


class SpaceShowRequest(Request, frozen=True, kw_only=True, tag="space-show"):
    """The space and who made it."""


class TrustRequest(Request, frozen=True, kw_only=True, tag="trust"):
    """Trust a new key under a known name."""

    who: str


class DaemonStatusRequest(Request, frozen=True, kw_only=True, tag="daemon-status"):
    """How the daemon is."""


class DaemonStopRequest(Request, frozen=True, kw_only=True, tag="daemon-stop"):
    """Stop in order; others see me lost."""


class DoctorRequest(Request, frozen=True, kw_only=True, tag="doctor"):
    """Look at every link of the chain. `test`: show a real pop-up and play the sound too."""

    test: bool = False


AnyRequest = (
    StartRequest
    | EndRequest
    | PlanRequest
    | ListRequest
    | ShowRequest
    | ApproachRequest
    | ChatRequest
    | SeenRequest
    | RecentRequest
    | HistoryRequest
    | PresenceRequest
    | MuteRequest
    | WatchRequest
    | WhoRequest
    | StatusRequest
    | GroupRequest
    | UpRequest
    | LeaveRequest
    | InviteRequest
    | InviteListRequest
    | InviteRevokeRequest
    | JoinRequest
    | SpaceShowRequest
    | TrustRequest
    | DaemonStatusRequest
    | DaemonStopRequest
    | DoctorRequest
)
