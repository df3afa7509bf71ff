"""Escalation views and Show effects for tests of what stands before a person."""

from dataclasses import replace

from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView, Reach

ANA = MemberView(
    id=MemberId(b"a" * 16),
    name="Ana",
    host="ana-pc",
    label="Ana",
    presence="available",
    room="",
    groups=(),
    location="row B, desk 4",
    phone="",
    url="",
    me=False,
    online=True,
    hears="sound",
    version="1",
    new_key=False,
)
RED = EscalationView(
    id=HandId("00000000000000a1"),
    owner=ANA,
    level="red",
    message="caller is threatening",
    named=("@team",),
    state=EscalationState.ACTIVE,
    age=0,
    max_age=28_800_000,
    lost_for=None,
    ended_ago=None,
    end_reason=None,
    note="",
    reach=Reach(named=1),
    receipts=(),
    named_me=True,
    mine=False,
)
YELLOW = replace(RED, level="yellow", named=(), message="", named_me=False)


def hand(number: int, view: EscalationView = RED) -> EscalationView:
    """The same view as another hand."""
    return replace(view, id=HandId(f"{number:016x}"))


def show(view: EscalationView = RED, urgency: Urgency = Urgency.RING, handle: str | None = None) -> Show:
    """Bring it up."""
    return Show(ShowKind.SHOW, view.id, urgency, view, handle)


def update(view: EscalationView, urgency: Urgency = Urgency.RING, handle: str | None = None) -> Show:
    """Change it."""
    return Show(ShowKind.UPDATE, view.id, urgency, view, handle)


def close(view: EscalationView = RED, handle: str | None = None) -> Show:
    """Take it down."""
    return Show(ShowKind.CLOSE, view.id, Urgency.QUIET, view, handle)
