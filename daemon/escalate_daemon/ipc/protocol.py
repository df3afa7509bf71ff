"""The local API's words, written once and used by both sides; each kind in its own file beside this one.

Newline-delimited JSON over a local socket. One request a line (`Envelope`); one `Reply` or `Failure` a
request, in order; after a `watch` request the line carries `Event`s until either side closes. The replies are
the very objects that `--json` prints. Imports neither core nor asyncio: the command line reads this module.
"""

from typing import Final

import msgspec

from escalate_daemon.ipc.objects import (
    VERSION,
    ChatLine,
    Check,
    Claim,
    EndReason,
    Escalation,
    EscalationState,
    Expected,
    Group,
    Hear,
    Hears,
    Invite,
    LadderStep,
    Level,
    Member,
    Mute,
    Object,
    Presence,
    Reach,
    Receipt,
    Space,
    Why,
)
from escalate_daemon.ipc.replies import (
    EXITS,
    TALK,
    AnyReply,
    DaemonReply,
    DoctorReply,
    ErrorCode,
    EscalationReply,
    Event,
    Failure,
    GroupReply,
    HistoryReply,
    InviteListReply,
    InviteReply,
    ListReply,
    MuteReply,
    NearbyReply,
    PlanReply,
    RecentReply,
    Reply,
    RequestFailed,
    SpaceReply,
    SpaceShowReply,
    StatusReply,
    WhoReply,
    failure,
)
from escalate_daemon.ipc.requests import (
    AnyRequest,
    ApproachRequest,
    ChatRequest,
    DaemonStatusRequest,
    DaemonStopRequest,
    DoctorRequest,
    EndRequest,
    GroupRequest,
    HistoryRequest,
    InviteListRequest,
    InviteRequest,
    InviteRevokeRequest,
    JoinRequest,
    LeaveRequest,
    ListRequest,
    MuteRequest,
    PlanRequest,
    PresenceRequest,
    RecentRequest,
    Request,
    Rung,
    SeenRequest,
    ShowRequest,
    SpaceShowRequest,
    StartRequest,
    StatusRequest,
    TrustRequest,
    UpRequest,
    WatchRequest,
    WhoRequest,
)

__all__ = [
    "EXITS",
    "LINE_BYTES",
    "REQUEST_BYTES",
    "TALK",
    "VERSION",
    "AnyReply",
    "AnyRequest",
    "ApproachRequest",
    "ChatLine",
    "ChatRequest",
    "Check",
    "Claim",
    "DaemonReply",
    "DaemonStatusRequest",
    "DaemonStopRequest",
    "DoctorReply",
    "DoctorRequest",
    "EndReason",
    "EndRequest",
    "Envelope",
    "ErrorCode",
    "Escalation",
    "EscalationReply",
    "EscalationState",
    "Event",
    "Expected",
    "Failure",
    "Group",
    "GroupReply",
    "GroupRequest",
    "Hear",
    "Hears",
    "HistoryReply",
    "HistoryRequest",
    "Invite",
    "InviteListReply",
    "InviteListRequest",
    "InviteReply",
    "InviteRequest",
    "InviteRevokeRequest",
    "JoinRequest",
    "LadderStep",
    "LeaveRequest",
    "Level",
    "ListReply",
    "ListRequest",
    "Member",
    "Mute",
    "MuteReply",
    "MuteRequest",
    "NearbyReply",
    "Object",
    "PlanReply",
    "PlanRequest",
    "Presence",
    "PresenceRequest",
    "ProtocolError",
    "Reach",
    "Receipt",
    "RecentReply",
    "RecentRequest",
    "Reply",
    "Request",
    "RequestFailed",
    "Rung",
    "SeenRequest",
    "ShowRequest",
    "Space",
    "SpaceReply",
    "SpaceShowReply",
    "SpaceShowRequest",
    "StartRequest",
    "StatusReply",
    "StatusRequest",
    "TrustRequest",
    "UpRequest",
    "WatchRequest",
    "WhoReply",
    "WhoRequest",
    "Why",
    "decode_answer",
    "decode_request",
    "encode_line",
    "failure",
]

REQUEST_BYTES: Final = 64 * 1024  # longest request line; the longest honest one is a start with 64 targets
LINE_BYTES: Final = 64 * 1024 * 1024  # longest answer; 2,048 receipts of 2,048 hands would be above any use


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One request line. `token` is the token file's text on Windows, where a socket cannot check its peer."""

    v: int = VERSION
    request: AnyRequest
    token: str = ""


class ProtocolError(ValueError):
    """A line that is not of this API."""


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)
_answers: msgspec.json.Decoder[AnyReply | Failure | Event] = msgspec.json.Decoder(AnyReply | Failure | Event)


def encode_line(value: Envelope | AnyReply | Failure | Event) -> bytes:
    """One line, its newline included."""
    return _encoder.encode(value) + b"\n"


def decode_request(line: bytes) -> Envelope:
    """The request in a line; ProtocolError for anything else, another version included."""
    try:
        envelope = _envelopes.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error
    if envelope.v != VERSION:
        raise ProtocolError(f"the daemon speaks version {VERSION} of the local API, not {envelope.v}")
    return envelope


def decode_answer(line: bytes) -> AnyReply | Failure | Event:
    """The daemon's answer in a line; ProtocolError for anything else."""
    try:
        return _answers.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error
