"""What a program of the person's is told of one escalation, by hooks and buttons alike. The one place that says so.

On stdin, one line of JSON: {"v": 1, "event": NAME, "escalation": the object that `escalate show --json` prints}.
In its environment, each as ESCALATE_EVENT_<FIELD>, "" where there is nothing to say:

    EVENT       on_ring, on_raised, on_claimed, on_chat, on_ended, on_lost; approach, chat
    ID          the escalation's, as `escalate show`, `approach`, `chat` and `seen` take it
    OWNER       the label of whose hand it is
    MINE        1 where that is me, else 0
    LEVEL       yellow or red
    MESSAGE     what it says
    STATE       active, lost, put-away or ended
    LOCATION    where its owner says to be
    PHONE, URL, HOST    how to reach the owner; only where it is one, so that none begins with a '-'
    CLAIMED_BY  the labels of those who are coming, between commas
    END_REASON, NOTE    why it ended, and what its owner said then
    TEXT, TEXT_BY       the newest line of its thread, and whose it is

All texts are the others': quote them.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from escalate_daemon import present
from escalate_daemon.core import text
from escalate_daemon.core.views import EscalationView
from escalate_daemon.ipc import protocol
from escalate_daemon.notify.program import Told


class _Line(protocol.Object, frozen=True, kw_only=True):
    """The JSON on stdin."""

    v: int = protocol.VERSION
    event: str
    escalation: protocol.Escalation


_ENCODER: Final = msgspec.json.Encoder()


def told(event: str, about: EscalationView | protocol.Escalation, unix_s: float) -> Told:
    """What a program is told of `about`; `unix_s` is the wall's."""
    found = present.escalation(about, unix_s) if isinstance(about, EscalationView) else about
    safe = msgspec.structs.replace(found, owner=_reachable(found.owner))
    return Told(_ENCODER.encode(_Line(event=event, escalation=safe)) + b"\n", _fields(event, safe))


def _fields(event: str, one: protocol.Escalation) -> dict[str, str]:
    last = one.thread[-1] if one.thread else None
    owner = one.owner
    return {
        "EVENT": event,
        "ID": one.id,
        "OWNER": owner.label,
        "MINE": "1" if owner.me else "0",
        "LEVEL": one.level,
        "MESSAGE": one.message or "",
        "STATE": one.state,
        "LOCATION": owner.location or "",
        "PHONE": owner.phone or "",
        "URL": owner.url or "",
        "HOST": owner.host or "",
        "CLAIMED_BY": ", ".join(claim.member.label for claim in one.claims if claim.counts),
        "END_REASON": one.end_reason or "",
        "NOTE": one.note or "",
        "TEXT": "" if last is None else last.text,
        "TEXT_BY": "" if last is None else last.member.label,
    }


def _reachable(owner: protocol.Member) -> protocol.Member:
    """The owner with only such a host, phone and URL as an honest daemon publishes: they go into commands."""
    return msgspec.structs.replace(
        owner,
        host=_checked(owner.host, text.check_host),
        phone=_checked(owner.phone, text.check_phone),
        url=_checked(owner.url, text.check_url),
    )


def _checked(said: str | None, check: Callable[[str], str]) -> str | None:
    try:
        return check(said or "") or None
    except text.TextRefused:
        return None
