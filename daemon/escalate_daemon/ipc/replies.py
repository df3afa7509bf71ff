"""What the daemon answers: one reply or one failure a request, and the events of the watch stream."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from escalate_daemon.ipc.objects import (
    VERSION,
    Check,
    Escalation,
    Expected,
    Group,
    Hear,
    Invite,
    Member,
    Mute,
    Object,
    Space,
)

ErrorCode = Literal[
    "usage",
    "no-daemon",
    "unknown-name",
    "timed-out",
    "already-active",
    "in-a-room",
    "nothing-to-claim",
    "no-space",
    "not-a-member",
    "invite-used",
    "invite-expired",
    "no-answer",
    "not-allowed",
    "failed",
]


class Reply(Object, frozen=True, kw_only=True, tag_field="kind"):
    """Base of the replies. `kind` and what is marked talk are not part of the JSON that is printed."""

    v: int = VERSION
    open_space: bool = False  # talk: every output of a member of an open space bears a banner


class EscalationReply(Reply, frozen=True, kw_only=True, tag="escalation"):
    """start, end, toggle, show, approach, chat, seen."""

    escalation: Escalation | None
    reached_nobody: bool = False  # talk: exit 5
    others_online: int = 0  # talk: how many see what was just raised
    in_space: bool = True  # talk
    forgotten: int = 0  # talk: earlier lines of the thread that are not kept
    warnings: list[str] = msgspec.field(default_factory=list)  # talk


class PlanReply(Reply, frozen=True, kw_only=True, tag="plan"):
    """plan: what `start` prints before it raises. `settled`: this daemon has heard who is there."""

    level: str
    message: str
    expected: list[Expected]
    others_online: int
    settled: bool
    warnings: list[str] = msgspec.field(default_factory=list)


class RecentReply(Reply, frozen=True, kw_only=True, tag="recent"):
    """recent."""

    messages: list[str]


class HistoryReply(Reply, frozen=True, kw_only=True, tag="history"):
    """history."""

    escalations: list[Escalation]


class MuteReply(Reply, frozen=True, kw_only=True, tag="mute"):
    """mute, unmute: what is muted here now."""

    muted: list[Mute]
    warnings: list[str] = msgspec.field(default_factory=list)


class ListReply(Reply, frozen=True, kw_only=True, tag="list"):
    """list."""

    escalations: list[Escalation]
    in_space: bool = True  # talk


class WhoReply(Reply, frozen=True, kw_only=True, tag="who"):
    """who."""

    space: Space | None
    members: list[Member]
    other_spaces: int


class StatusReply(Reply, frozen=True, kw_only=True, tag="status"):
    """status without an argument. `warnings` is talk for stderr, not part of the JSON."""

    me: Member | None
    space: Space | None
    hear: Hear
    escalations: list[Escalation]
    warnings: list[str] = msgspec.field(default_factory=list)


class GroupReply(Reply, frozen=True, kw_only=True, tag="group"):
    """All forms of group."""

    groups: list[Group]
    warnings: list[str] = msgspec.field(default_factory=list)


class SpaceReply(Reply, frozen=True, kw_only=True, tag="membership"):
    """up, join, leave, trust."""

    space: Space | None
    me: Member | None
    # Fingerprints, other spaces near, what to do next.
    talk: list[str] = msgspec.field(default_factory=list)


class NearbyReply(Reply, frozen=True, kw_only=True, tag="nearby"):
    """up without a space: others are near, so nothing was made; ask the person, then `up` with new=True."""

    other_spaces: int


class InviteReply(Reply, frozen=True, kw_only=True, tag="invite"):
    """invite."""

    code: str
    command: str
    expires_at: str
    uses: int | None


class InviteListReply(Reply, frozen=True, kw_only=True, tag="invites"):
    """invite list, invite revoke."""

    invites: list[Invite]


class SpaceShowReply(Reply, frozen=True, kw_only=True, tag="space"):
    """space show."""

    id: str
    name: str
    epoch: int
    open: bool
    admins: list[str]
    me: Member


class DaemonReply(Reply, frozen=True, kw_only=True, tag="daemon"):
    """daemon status, start, stop, restart. `warnings` is talk for stderr, not part of the JSON."""

    running: bool
    pid: int | None
    version: str | None
    space: Space | None
    members_online: int
    links: int
    notifier: str | None
    player: str | None
    socket: str
    port: int | None
    warnings: list[str] = msgspec.field(default_factory=list)


class DoctorReply(Reply, frozen=True, kw_only=True, tag="doctor"):
    """doctor. `ok`: all checks are."""

    ok: bool
    checks: list[Check]


TALK: Final = frozenset(
    {"kind", "open_space", "reached_nobody", "others_online", "in_space", "forgotten", "warnings", "talk"}
)
"""Keys of the replies that are not part of the JSON that `--json` prints."""

AnyReply = (
    EscalationReply
    | PlanReply
    | RecentReply
    | HistoryReply
    | MuteReply
    | ListReply
    | WhoReply
    | StatusReply
    | GroupReply
    | SpaceReply
    | NearbyReply
    | InviteReply
    | InviteListReply
    | SpaceShowReply
    | DaemonReply
    | DoctorReply
)


class Failure(Object, frozen=True, kw_only=True, tag_field="kind", tag="failure"):
    """A request that was not done. `exit` is the command's exit code."""

    code: ErrorCode
    exit: int
    message: str
    hint: str | None = None
    v: int = VERSION


class RequestFailed(Exception):
    """A request that was not done, at either side; `failure` is what the person reads."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


EXITS: Final[Mapping[ErrorCode, int]] = MappingProxyType(
    {
        "failed": 1,
        "no-answer": 1,
        "usage": 2,
        "no-daemon": 3,
        "unknown-name": 4,
        "timed-out": 6,
        "already-active": 7,
        "in-a-room": 7,
        "nothing-to-claim": 7,
        "no-space": 8,
        "not-a-member": 8,
        "invite-used": 8,
        "invite-expired": 8,
        "not-allowed": 8,
    }
)
"""The exit code of each error: the one place that turns errors into exit codes."""


def failure(code: ErrorCode, message: str, hint: str | None = None) -> RequestFailed:
    """The exception to raise for an error of this kind."""
    return RequestFailed(Failure(code=code, exit=EXITS[code], message=message, hint=hint))


class Event(Object, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """One line of the watch stream; one of `escalation` and `member` is set, neither for `ready`."""

    event: Literal["raised", "updated", "claimed", "chat", "lost", "ended", "member", "ready"]
    escalation: Escalation | None = None
    member: Member | None = None
    v: int = VERSION
