"""Who will hear an escalation that was just raised, and who will not and why, in words. Prints nothing."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from escalate_cli import escape, output, words
from escalate_daemon.ipc.protocol import Escalation, EscalationReply, Receipt

_NAMES_SHOWN: Final = 8  # more are counted: a line is read at a glance
_HEARS: Final = "will hear it"
_SEES: Final = "will only see it"
_MISSES: Final = "will NOT see it"
_SILENT: Final = {"popup": "no sound there", "terminal": "a terminal line"}
_UNSHOWN: Final = ("muted", "not-here", "failed")


class _Fate(NamedTuple):
    how: str
    reason: str = ""


def raised(reply: EscalationReply, hand: Escalation) -> list[str]:
    """What `start` prints: what is up, and the truth about who will hear it."""
    said = f": {escape.printable(hand.message)}" if hand.message else ""
    named = f" for {_names(hand.named)}" if hand.named else ""
    first = output.paint(f"raised {hand.level}{named}{said}", hand.level)
    return [first, *(_red(hand) if hand.level == "red" else _yellow(reply)), f"id {escape.printable(hand.id)}"]


def unseen(reply: EscalationReply, hand: Escalation, *, explain: bool) -> list[str]:
    """The warning that nobody sees it; nothing where somebody does. `explain`: by name, as `raised` is not printed."""
    if reply.reached_nobody:
        whom = "nobody it is for" if hand.level == "red" else "nobody else"
        why = [line for line in _red(hand) if line.startswith(_MISSES)] if explain else []
        return [f"{whom} can see it now; it stays up for whoever comes", *why]
    fates = [_fate(receipt).how for receipt in hand.receipts]
    if fates and len(fates) >= hand.reach.named and all(how == _MISSES for how in fates):
        return ["nobody it is for can see it now, though their machines are told of it"]
    return []


def _yellow(reply: EscalationReply) -> list[str]:
    online = reply.others_online
    if not online:
        return []
    others = "1 other member gets it" if online == 1 else f"{online} other members get it"
    return [f"{others}, quietly; it names nobody, so nobody is rung"]


def _red(hand: Escalation) -> list[str]:
    told: dict[str, list[str]] = {_HEARS: [], _SEES: [], _MISSES: []}
    for receipt in sorted(hand.receipts, key=lambda each: each.member.label):
        fate = _fate(receipt)
        told[fate.how].append(f"{receipt.member.label} ({fate.reason})" if fate.reason else receipt.member.label)
    lines = [f"{how}: {_names(whom)}" for how, whom in told.items() if whom]
    numbers = hand.reach
    if len(hand.receipts) < numbers.named:
        lines.append(f"of the {numbers.named} named {numbers.online} can be reached now")
    return lines


def _fate(receipt: Receipt) -> _Fate:
    member = receipt.member
    if not member.online:
        return _Fate(_MISSES, "has left" if member.presence == "left" else "not reached")
    why = words.WHY.get(receipt.why or "", receipt.why)
    if why and receipt.why in _UNSHOWN:
        return _Fate(_MISSES, why)
    if member.hears == "none":
        return _Fate(_MISSES, "nothing there to show it on")
    if why:
        return _Fate(_SEES, why)
    if member.presence != "available":
        return _Fate(_SEES, "in a room" if member.presence == "room" else member.presence)
    return _Fate(_SEES, _SILENT[member.hears]) if member.hears in _SILENT else _Fate(_HEARS)


def _names(labels: Sequence[str]) -> str:
    shown = ", ".join(map(escape.printable, labels[:_NAMES_SHOWN]))
    left = len(labels) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown
