"""Core views as the JSON objects of the local API. The only place where an age becomes a time and "" a null.

Texts of peers come cleaned from the core; words of a later version (a presence this one does not know) become the
nearest that the contract has.
"""

from collections.abc import Iterable
from typing import Final, get_args

from escalate_daemon import clock
from escalate_daemon.core.ids import SpaceId
from escalate_daemon.core.views import EscalationView, MemberView, ReceiptView
from escalate_daemon.ipc import protocol

_HEARS: Final[frozenset[protocol.Hears]] = frozenset(get_args(protocol.Hears))
_PRESENCES: Final[frozenset[protocol.Presence]] = frozenset(get_args(protocol.Presence))


def member(view: MemberView) -> protocol.Member:
    """One member."""
    return protocol.Member(
        id=view.id.hex(),
        name=view.name,
        host=view.host or None,
        label=view.label,
        presence=next((word for word in _PRESENCES if word == view.presence), "available"),
        room=view.room or None,
        groups=list(view.groups),
        location=view.location or None,
        phone=view.phone or None,
        url=view.url or None,
        me=view.me,
        online=view.online,
        hears=next((word for word in _HEARS if word == view.hears), "none"),
        version=view.version or None,
        new_key=view.new_key,
    )


def escalation(view: EscalationView, unix_s: float) -> protocol.Escalation:
    """One escalation, its ages counted back from the wall's `unix_s`."""
    return protocol.Escalation(
        id=view.id,
        owner=member(view.owner),
        level="red" if view.level == "red" else "yellow",
        message=view.message or None,
        named=list(view.named),
        ladder=[
            protocol.LadderStep(after_s=step.after / 1000, named=list(step.named), fired=step.fired)
            for step in view.ladder
        ],
        state=view.state.value,
        started_at=_ago(view.age + (view.ended_ago or 0), unix_s),  # its age stands still once it ended
        age_s=view.age / 1000,
        ended_at=None if view.ended_ago is None else _ago(view.ended_ago, unix_s),
        end_reason=None if view.end_reason is None else view.end_reason.value,
        note=view.note or None,
        claims=[
            protocol.Claim(member=member(claim.member), at=_ago(claim.ago, unix_s), counts=claim.counts)
            for claim in view.claims
        ],
        reach=protocol.Reach(
            named=view.reach.named,
            online=view.reach.online,
            delivered=view.reach.delivered,
            shown=view.reach.shown,
            sounded=view.reach.sounded,
            seen=view.reach.seen,
        ),
        receipts=[_receipt(receipt, unix_s) for receipt in view.receipts],
        thread=[
            protocol.ChatLine(member=member(line.member), at=_ago(line.ago, unix_s), text=line.text)
            for line in view.thread
        ],
    )


def space(identifier: SpaceId, name: str, *, is_open: bool) -> protocol.Space:
    """The space this daemon is in."""
    return protocol.Space(id=identifier.hex(), name=name, open=is_open)


def groups(members: Iterable[MemberView]) -> list[protocol.Group]:
    """Every group that somebody wears, by name; one who left wears none."""
    worn: dict[str, list[str]] = {}
    for each in members:
        if each.presence != "left":
            for name in each.groups:
                worn.setdefault(name, []).append(each.label)
    return [protocol.Group(name=name, members=sorted(worn[name])) for name in sorted(worn)]


def _receipt(view: ReceiptView, unix_s: float) -> protocol.Receipt:
    return protocol.Receipt(
        member=member(view.member),
        delivered_at=_maybe(view.delivered_ago, unix_s),
        shown_at=_maybe(view.shown_ago, unix_s),
        sounded_at=_maybe(view.sounded_ago, unix_s),
        seen_at=_maybe(view.seen_ago, unix_s),
        why=None if view.why is None else view.why.value,
    )


def _maybe(ago: int | None, unix_s: float) -> str | None:
    return None if ago is None else _ago(ago, unix_s)


def _ago(ago: int, unix_s: float) -> str:
    return clock.text(unix_s - ago / 1000)
