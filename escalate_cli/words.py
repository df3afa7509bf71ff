"""The contract's objects in words, for people. Decides nothing; prints nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

from escalate_cli import durations, escape, output
from escalate_cli.table import Row
from escalate_daemon.ipc.protocol import Escalation, Member, Receipt, Space, SpaceReply

NO_SPACE: Final = "you are in no space: make one with `escalate up`, or `escalate join CODE`"
OPEN_SPACE: Final = "OPEN SPACE: anybody on this network can join it, read everything in it and raise in it"
LIST_HEADERS: Final = ("who", "where", "level", "message", "age", "state", "reach")
WHO_HEADERS: Final = ("who", "presence", "groups", "host", "location", "hears", "version")
_NAMES_SHOWN: Final = 8  # more are counted: a line is read at a glance
_HEARD_BY: Final = {"sound": "rings with sound", "popup": "a pop-up", "terminal": "a terminal line"}


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


def raised(escalation: Escalation) -> list[str]:
    """What `start` prints: what is up, and the truth about who will hear it."""
    said = f": {escape.printable(escalation.message)}" if escalation.message else ""
    named = f" for {', '.join(map(escape.printable, escalation.named))}" if escalation.named else ""
    lines = [
        output.paint(f"raised {escalation.level}{named}{said}", escalation.level),
        f"id {escape.printable(escalation.id)}",
    ]
    if escalation.level == "yellow":
        return [*lines, "everyone here sees it, quietly; nobody is named, so nobody is rung"]
    return lines + audience(escalation)


def audience(escalation: Escalation) -> list[str]:
    """Who of the named will hear it, and who not and why, one line a reason."""
    groups: dict[str, list[str]] = {}
    for receipt in escalation.receipts:
        groups.setdefault(_hearing(receipt), []).append(receipt.member.label)
    lines = [f"{reason}: {_names(labels)}" for reason, labels in sorted(groups.items(), key=_hearers_first)]
    numbers = escalation.reach
    if len(escalation.receipts) < numbers.named:
        lines.append(f"of the {numbers.named} named {numbers.online} can be reached now")
    return lines


def show(escalation: Escalation) -> list[str]:
    """One in full."""
    owner = escalation.owner
    said = escape.printable(escalation.message) if escalation.message else "(no message)"
    lines = [output.paint(f"{escalation.level} of {escape.printable(owner.label)}: {said}", escalation.level)]
    facts = [("id", escalation.id), ("state", _state(escalation))]
    facts.append(("raised", f"{durations.say(escalation.age_s)} ago, {escalation.started_at}"))
    if escalation.ended_at:
        facts.append(("ended", f"{escalation.ended_at} ({escalation.end_reason})"))
    facts.append(("note", escalation.note or ""))
    facts.append(("where", " ".join(filter(None, (owner.host, owner.location, owner.phone, owner.url)))))
    facts.append(("named", ", ".join(escalation.named)))
    facts.append(("reach", reach(escalation)))
    facts.extend(("ladder", f"{durations.say(s.after_s)}: {' '.join(s.named)}") for s in escalation.ladder)
    facts.extend(("coming", f"{claim.member.label}, {claim.at}") for claim in escalation.claims)
    facts.extend(("receipt", _receipt(receipt)) for receipt in escalation.receipts)
    facts.extend(("said", f"{line.member.label}: {line.text}") for line in escalation.thread)
    return lines + aligned(facts)


def aligned(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`name  value` lines; an empty value is left out."""
    return [f"  {name:<9} {escape.printable(value)}" for name, value in facts if value]


def space(where: Space) -> str:
    """A space on one line."""
    return f"{where.name} ({'open, ' if where.open else ''}{where.id})"


def membership(reply: SpaceReply, out: output.Output, done: str) -> None:
    """What up, join, leave and trust print. `done`: the verb's own word before the space's name."""
    if out.as_json:
        out.reply(reply)
    elif reply.space is not None and not out.quiet:
        label = f" as {escape.printable(reply.me.label)}" if reply.me else ""
        out.lines(f"{done} {escape.printable(space(reply.space))}{label}")
    out.talk(*reply.talk)


def me(member: Member) -> str:
    """Oneself on one line."""
    groups = "".join(f" @{group}" for group in member.groups)
    heard = _HEARD_BY.get(member.hears, "nothing can be shown here")
    return f"{member.label} ({member.presence}){groups}; hears by {heard}"


def unheard(escalation: Escalation) -> list[str]:
    """For exit 5: whom it did not reach."""
    if escalation.level == "yellow":
        return ["nobody else is here to see it now; it stays up for whoever comes"]
    missed = [line for line in audience(escalation) if not line.startswith("will ")] if escalation.receipts else []
    return ["nobody it is for can see it now; it stays up for whoever comes", *missed]


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


def _hearing(receipt: Receipt) -> str:
    member = receipt.member
    if not member.online:
        return "has left" if member.presence == "left" else "cannot be reached"
    if receipt.why == "muted":
        return "on do-not-disturb"
    if receipt.why:
        return receipt.why
    if member.hears == "none":
        return "has nothing to show it on"
    if member.presence == "available":
        return "will hear it"
    return f"will see it, {'in a room' if member.presence == 'room' else member.presence}"


def _hearers_first(group: tuple[str, Sequence[str]]) -> tuple[bool, str]:
    return not group[0].startswith("will"), group[0]


def _names(labels: Sequence[str]) -> str:
    shown = ", ".join(map(escape.printable, labels[:_NAMES_SHOWN]))
    left = len(labels) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _receipt(receipt: Receipt) -> str:
    stages = (
        ("delivered", receipt.delivered_at),
        ("shown", receipt.shown_at),
        ("sounded", receipt.sounded_at),
        ("seen", receipt.seen_at),
    )
    told = [name for name, at in stages if at] or ["nothing yet"]
    return f"{receipt.member.label}: {' '.join(told)}{f' ({receipt.why})' if receipt.why else ''}"
