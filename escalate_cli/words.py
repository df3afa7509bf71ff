"""The contract's objects in words, for people. Decides nothing; prints nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

from escalate_cli import durations, escape, output
from escalate_cli.table import Row
from escalate_daemon.ipc.protocol import (
    ChatLine,
    Claim,
    Escalation,
    Hear,
    LadderStep,
    Member,
    Receipt,
    Space,
    SpaceReply,
)

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
_UP: Final = ("active", "lost")
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
            presence(member),
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


def headline(escalation: Escalation) -> str:
    """Whose it is and what it is about."""
    message = escape.printable(escalation.message) if escalation.message else "(no message)"
    whose = f"{escalation.level} of {escape.printable(escalation.owner.label)}"
    return output.paint(f"{whose}: {message}", escalation.level)


def show(escalation: Escalation, forgotten: int = 0) -> list[str]:
    """One in full. `forgotten`: how many lines of its thread are not kept."""
    owner = escalation.owner
    lines = [headline(escalation)]
    facts = [("id", escalation.id), ("state", _state(escalation))]
    facts.append(("raised", f"{durations.say(escalation.age_s)} ago, {when(escalation.started_at)}"))
    if escalation.ended_at:
        facts.append(("ended", f"{when(escalation.ended_at)}, {end_reason(escalation)}"))
    facts.append(("note", escalation.note or ""))
    facts.extend(where(owner))
    facts.append(("named", ", ".join(escalation.named)))
    facts.append(("reach", reach(escalation)))
    facts.extend(("ladder", _step(step)) for step in escalation.ladder)
    facts.extend(("coming", _claim(claim)) for claim in escalation.claims)
    facts.extend(("receipt", _receipt(receipt)) for receipt in _by_label(escalation.receipts))
    facts.extend(("", line) for line in kept_from(forgotten))
    facts.extend(("said", said(line)) for line in escalation.thread)
    return lines + aligned(facts)


def aligned(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`name  value` lines; an empty value is left out."""
    return [f"  {name:<9} {escape.printable(value)}" for name, value in facts if value]


def whose(escalation: Escalation) -> str:
    """An escalation in the middle of a sentence: `your red`, `ana's yellow`."""
    possessive = "your" if escalation.owner.me else f"{escape.printable(escalation.owner.label)}'s"
    return f"{possessive} {escalation.level}"


def coming(escalation: Escalation) -> str:
    """`sam is coming`, by those whose claim counts; nothing where none does."""
    labels = [claim.member.label for claim in escalation.claims if claim.counts]
    return f"{names(labels)} {'is' if len(labels) == 1 else 'are'} coming" if labels else ""


def end_reason(escalation: Escalation) -> str:
    """Why it ended; nothing where that is not known."""
    return _END_REASONS.get(escalation.end_reason or "", escalation.end_reason or "")


def said(line: ChatLine) -> str:
    """One line of a thread: when, who, what."""
    return escape.printable(f"{when(line.at)} {'me' if line.member.me else line.member.label}: {line.text}")


def kept_from(forgotten: int) -> list[str]:
    """What is said of earlier lines of a thread that are gone."""
    return [f"{forgotten} earlier line{'' if forgotten == 1 else 's'} not kept"] if forgotten else []


def where(owner: Member) -> list[tuple[str, str]]:
    """Where a member is to be found, fact by fact."""
    return [
        ("room", owner.room or ""),
        ("location", owner.location or ""),
        ("host", owner.host or ""),
        ("phone", owner.phone or ""),
        ("url", owner.url or ""),
    ]


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
    return f"{member.label} ({presence(member)}){''.join(f' @{group}' for group in member.groups)}"


def presence(member: Member) -> str:
    """Where a member is, and whether it is reached."""
    told = f"in room {escape.printable(member.room)}" if member.presence == "room" and member.room else member.presence
    gone = not member.online and member.presence not in {"left", "lost"}
    return f"{told} (not reached)" if gone else told


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


def _state(escalation: Escalation) -> str:
    state = "contact lost" if escalation.state == "lost" else escalation.state
    if escalation.state not in _UP or not escalation.claims:
        return state
    if told := coming(escalation):
        return told if state == "active" else f"{state}, {told}"
    return f"{state}, nobody is coming any more"


def names(labels: Sequence[str]) -> str:
    """Labels on one line, of many the first few and how many more."""
    shown = ", ".join(map(escape.printable, labels[:_NAMES_SHOWN]))
    left = len(labels) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _by_label(receipts: Sequence[Receipt]) -> list[Receipt]:
    return sorted(receipts, key=lambda receipt: receipt.member.label)


def _step(step: LadderStep) -> str:
    done = ", done" if step.fired else ""
    return f"after {durations.exact(step.after_s)}: {', '.join(step.named)}{done}"


def _claim(claim: Claim) -> str:
    gone = "" if claim.counts else " (no longer counts)"
    return f"{claim.member.label}, {when(claim.at)}{gone}"


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
