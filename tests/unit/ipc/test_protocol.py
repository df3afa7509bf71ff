"""The words of the local API: every request comes through whole, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.ipc import protocol
from support.objects import escalation, member

REQUESTS: list[protocol.AnyRequest] = [
    protocol.StartRequest(message="héllo", named=["@team"], max_age_s=300.0, replace=True, toggle=True),
    protocol.EndRequest(note="done"),
    protocol.ListRequest(),
    protocol.ShowRequest(who="ana"),
    protocol.WatchRequest(),
    protocol.WhoRequest(),
    protocol.StatusRequest(),
    protocol.GroupRequest(action="join", name="team"),
    protocol.UpRequest(name="floor", new=True, open=True),
    protocol.LeaveRequest(forget=True),
    protocol.InviteRequest(reusable=True, for_s=60.0),
    protocol.InviteListRequest(),
    protocol.InviteRevokeRequest(id="i1"),
    protocol.JoinRequest(code="esc1-x", host="desk:1", yes=True),
    protocol.SpaceShowRequest(),
    protocol.TrustRequest(who="ana"),
    protocol.DaemonStatusRequest(),
    protocol.DaemonStopRequest(),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_every_request_comes_through_whole(request_: protocol.AnyRequest) -> None:
    line = protocol.encode_line(protocol.Envelope(request=request_, token="t"))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert protocol.decode_request(line) == protocol.Envelope(request=request_, token="t")


@pytest.mark.parametrize(
    "answer",
    [
        protocol.EscalationReply(escalation=escalation(), warnings=["w"], open_space=True),
        protocol.failure("no-space", "none", "up").failure,
        protocol.Event(event="member", member=member()),
        protocol.Event(event="ready"),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_every_kind_of_answer_comes_through_whole(
    answer: protocol.EscalationReply | protocol.Failure | protocol.Event,
) -> None:
    assert protocol.decode_answer(protocol.encode_line(answer)) == answer


@given(st.binary(max_size=200))
def test_any_other_bytes_give_only_a_protocol_error(line: bytes) -> None:
    for decode in (protocol.decode_request, protocol.decode_answer):
        with pytest.raises(protocol.ProtocolError):
            decode(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":1,"request":{"verb":"explode"}}',
        b'{"v":1,"request":{"verb":"start","named":"ana"}}',
        b'{"v":1}',
        b"[" * 100_000,
    ],
)
def test_a_request_of_another_shape_is_a_protocol_error(line: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.decode_request(line)


def test_another_version_says_which_is_spoken() -> None:
    with pytest.raises(protocol.ProtocolError, match="speaks version 1"):
        protocol.decode_request(b'{"v":2,"request":{"verb":"list"}}')
