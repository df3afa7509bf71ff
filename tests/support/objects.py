"""Members, escalations and replies of the local API, made with what a test cares about."""

from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Escalation, Level, Member, Presence, Receipt

AT = "2026-11-23T15:00:00Z"
SPACE = protocol.Space(id="5pace", name="floor-2", open=False)


def member(
    label: str = "ana",
    *,
    me: bool = False,
    presence: Presence = "available",
    hears: protocol.Hears = "sound",
    groups: tuple[str, ...] = (),
) -> Member:
    return Member(
        id=f"id-of-{label}",
        name=label.split("@", maxsplit=1)[0],
        host="desk",
        label=label,
        presence=presence,
        room=None,
        groups=list(groups),
        location=None,
        phone=None,
        url=None,
        me=me,
        online=presence not in {"lost", "left"},
        hears=hears,
        version="0.1.0",
        new_key=False,
    )


def receipt(of: Member, why: protocol.Why | None = None) -> Receipt:
    shown = AT if of.online else None
    return Receipt(member=of, delivered_at=shown, shown_at=shown, sounded_at=None, seen_at=None, why=why)


def escalation(
    owner: Member | None = None,
    *,
    message: str | None = "caller is threatening",
    level: Level = "red",
    named: tuple[str, ...] = ("@team",),
    receipts: tuple[Receipt, ...] = (),
    state: protocol.EscalationState = "active",
) -> Escalation:
    owner = owner or member(me=True)
    return Escalation(
        id=f"esc-of-{owner.label}",
        owner=owner,
        level=level,
        message=message,
        named=list(named) if level == "red" else [],
        ladder=[],
        state=state,
        started_at=AT,
        age_s=12.5,
        ended_at=AT if state == "ended" else None,
        end_reason="owner" if state == "ended" else None,
        note=None,
        claims=[],
        reach=protocol.Reach(named=len(receipts), online=1, delivered=1, shown=1, sounded=1, seen=0),
        receipts=list(receipts),
        thread=[],
    )


def running() -> protocol.DaemonReply:
    return protocol.DaemonReply(
        running=True,
        pid=4711,
        version="0.1.0",
        space=SPACE,
        members_online=3,
        links=2,
        notifier="freedesktop",
        player="paplay",
        socket="/run/daemon.sock",
        port=40123,
    )
