"""The contract's objects in words, for people. Decides nothing; prints nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

from escalate_cli import durations, escape, output
from escalate_cli.table import Row
from escalate_daemon.ipc.protocol import Escalation, Hear, Member, Receipt, Space, SpaceReply

NO_SPACE: Final = "you are in no space now: `escalate up` makes one or brings you back, `escalate join CODE` joins one"
OPEN_SPACE: Final = "OPEN SPACE: anybody on this network can join it, read everything in it and raise in it"
LIST_HEADERS: Final = ("who", "where", "level", "message", "age", "state", "reach")
WHO_HEADERS: Final = ("who", "presence", "groups", "host", "location", "hears", "version")
_NAMES_SHOWN: Final = 8  # more are counted: a line is read at a glance
_HEARS: Final = {
    "sound": "a red for you is shown and sounds here",
    "popup": "a red for you is shown here, without sound",
    "terminal": "a red for you is a line in your terminals, without sound",
    "none": "NOTHING: there is nothing here to show a red on",
}
WHY: Final = {
    "muted": "do-not-disturb",
    "not-here": "not here",
    "limited": "no sound: rung too often just now",
    "failed": "could not be shown",
}
_END_REASONS: Final = {
    "owner": "by its owner",
    "room": "its owner went into a room",
    "away": "its owner went away",
    "left": "its owner left",
    "replaced": "its owner raised another",
    "max-age": "it was at its maximum age",
}


def list_row(escalation: Escalation, age_s: float | None = None) -> Row:
    """One line of `list` and of the board. `age_s`: its age now, where it has aged since it came."""
    owner = escalation.owner
    age = escalation.age_s if age_s is None else age_s
    return Row(
        (
            f"{owner.label} (me)" if owner.me else owner.label,
            owner.room or owner.location or owner.host or "",
            escalation.level,
            escalation.message or "",
            durations.say(age),
            _state(escalation),
            reach(escalation),
        ),
        "grey" if escalation.state != "active" else escalation.level,
    )


def who_row(member: Member) -> Row:
    """One line of `who`."""
    label = f"{member.label} (me)" if member.me else member.label
    return Row(
        (
            f"{label} (new key)" if member.new_key else label,
            _presence(member),
            " ".join(f"@{group}" for group in member.groups),
            member.host or "",
            member.location or "",
            member.hears,
            member.version or "",
        ),
        "" if member.online else "grey",
    )


def reach(escalation: Escalation) -> str:
    """How far a red one came: `2/3 shown, 1 sounded`; nothing for yellow, which names nobody."""
    numbers = escalation.reach
    if escalation.level != "red":
        return ""
    told = [f"{numbers.shown}/{numbers.named} shown", f"{numbers.sounded} sounded"]
    return ", ".join(told + ([f"{numbers.seen} seen"] if numbers.seen else []))


def show(escalation: Escalation) -> list[str]:
    """One in full."""
    owner = escalation.owner
    said = escape.printable(escalation.message) if escalation.message else "(no message)"
    lines = [output.paint(f"{escalation.level} of {escape.printable(owner.label)}: {said}", escalation.level)]
    facts = [("id", escalation.id), ("state", _state(escalation))]
    facts.append(("raised", f"{durations.say(escalation.age_s)} ago, {when(escalation.started_at)}"))
    if escalation.ended_at:
        why = _END_REASONS.get(escalation.end_reason or "", escalation.end_reason)
        facts.append(("ended", f"{when(escalation.ended_at)}, {why}"))
    facts.append(("note", escalation.note or ""))
    facts.append(("where", " ".join(filter(None, (owner.host, owner.location, owner.phone, owner.url)))))
    facts.append(("named", ", ".join(escalation.named)))
    facts.append(("reach", reach(escalation)))
    facts.extend(("ladder", f"{durations.say(s.after_s)}: {' '.join(s.named)}") for s in escalation.ladder)
    facts.extend(("coming", f"{claim.member.label}, {when(claim.at)}") for claim in escalation.claims)
    facts.extend(("receipt", _receipt(receipt)) for receipt in _by_label(escalation.receipts))
    facts.extend(("said", f"{line.member.label}: {line.text}") for line in escalation.thread)
    return lines + aligned(facts)


def aligned(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`name  value` lines; an empty value is left out."""
    return [f"  {name:<9} {escape.printable(value)}" for name, value in facts if value]


def space(where: Space) -> str:
    """A space on one line."""
    return f"{where.name} (open)" if where.open else where.name


def membership(reply: SpaceReply, out: output.Output, done: str) -> None:
    """What up, join, leave and trust print. `done`: the verb's own word before the space's name."""
    if out.as_json:
        out.reply(reply)
    elif reply.space is not None and not out.quiet:
        label = f" as {escape.printable(reply.me.label)}" if reply.me else ""
        out.lines(f"{done} {escape.printable(space(reply.space))}{label}")
    out.talk(*reply.talk)


def ended(escalation: Escalation) -> str:
    """What `end` and `toggle` print."""
    said = f": {escape.printable(escalation.message)}" if escalation.message else ""
    return f"ended {escalation.level}{said}, after {durations.say(escalation.age_s)}"


def me(member: Member) -> str:
    """Oneself on one line."""
    return f"{member.label} ({member.presence}){''.join(f' @{group}' for group in member.groups)}"


def hears(member: Member) -> str:
    """What reaches this person here."""
    return _HEARS[member.hears]


def audience(hear: Hear) -> str:
    """How many would see what one raises."""
    if not hear.others:
        return "nobody: nobody else is in it yet; `escalate invite` lets others in"
    if not hear.online:
        return f"nobody now: of {hear.others} others none is online"
    return f"{hear.online} of {hear.others} others {'is' if hear.online == 1 else 'are'} online"


def when(moment: str) -> str:
    """A time of the contract (RFC 3339, UTC) in this machine's own: the time of day, with the date unless today's."""
    from datetime import datetime

    try:
        local = datetime.fromisoformat(moment).astimezone()
    except (ValueError, OverflowError, OSError):  # beyond the years that a machine's own time has
        return moment
    same_day = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M")


def _presence(member: Member) -> str:
    where = f"room {member.room}" if member.presence == "room" else member.presence
    gone = not member.online and member.presence not in {"left", "lost"}
    return f"{where} (not reached)" if gone else where


def _state(escalation: Escalation) -> str:
    coming = [claim.member.label for claim in escalation.claims if claim.counts]
    if escalation.state == "lost":
        return "contact lost"
    if escalation.state == "active" and coming:
        return f"{_names(coming)} coming"
    return escalation.state


def _names(labels: Sequence[str]) -> str:
    shown = ", ".join(map(escape.printable, labels[:_NAMES_SHOWN]))
    left = len(labels) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _by_label(receipts: Sequence[Receipt]) -> list[Receipt]:
    return sorted(receipts, key=lambda receipt: receipt.member.label)


def _receipt(receipt: Receipt) -> str:
    stages = (
        ("delivered", receipt.delivered_at),
        ("shown", receipt.shown_at),
        ("sounded", receipt.sounded_at),
        ("seen", receipt.seen_at),
    )
    told = ", ".join(f"{name} {when(at)}" for name, at in stages if at) or "nothing yet"
    why = WHY.get(receipt.why or "", receipt.why)
    notes = [note for note in (why, None if receipt.member.online else "not reached now") if note]
    noted = f" ({', '.join(notes)})" if notes else ""
    return f"{receipt.member.label}: {told}{noted}"
