"""Who will hear an escalation, before and after it is raised, and who will not and why, in words. Prints nothing."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from escalate_cli import escape, output, words
from escalate_daemon.ipc.protocol import Escalation, EscalationReply, Expected, Member, PlanReply, Receipt

_HEARS: Final = "will hear it"
_SEES: Final = "will only see it"
_MISSES: Final = "will NOT see it"
_SILENT: Final = {"popup": "no sound there", "terminal": "a terminal line"}
_ELSEWHERE: Final = {"away": "away", "room": "in a room"}
_ASIDE: Final = {"busy": " (rung only by name)", _SEES: " (no sound there)"}
_UNSHOWN: Final = ("muted", "not-here", "failed")


class _Fate(NamedTuple):
    how: str
    reason: str = ""


def expected(plan: PlanReply, named: Sequence[str]) -> list[str]:
    """What `start` prints before it raises: who will hear it, and who will not and why. `named`: as it was typed."""
    if plan.level != "red":
        return _quietly(plan.others_online)
    words_typed = {word.removeprefix("@").casefold() for word in named}
    told: dict[str, list[str]] = {_HEARS: []}
    for each in sorted(plan.expected, key=lambda one: one.member.label):
        told.setdefault(_prospect(each, words_typed), []).append(each.member.label)
    heard = told.pop(_HEARS)
    first = f"{_HEARS}: {len(heard)} ({words.names(heard)})" if heard else f"{_HEARS}: nobody"
    return [first, *(f"{how}: {words.names(labels)}{_ASIDE.get(how, '')}" for how, labels in told.items())]


def _prospect(each: Expected, typed: set[str]) -> str:
    """The line of `expected` that one belongs on."""
    member = each.member
    if not member.online:
        return "left" if member.presence == "left" else "not reached"
    if member.hears == "none":
        return "nothing there to show it on"
    if each.undisturbed:
        return "on do-not-disturb"
    if member.presence == "busy" and not _by_name(member, typed):
        return "busy"
    if member.presence in _ELSEWHERE:
        return _ELSEWHERE[member.presence]
    return _SEES if member.hears in _SILENT else _HEARS


def _by_name(member: Member, typed: set[str]) -> bool:
    called = {member.name, member.label, member.id, f"{member.name}@{member.host}"}
    return not typed.isdisjoint({each.casefold() for each in called} - set(map(str.casefold, member.groups)))


def raised(hand: Escalation, *, painted: bool = True) -> str:
    """What is up, on one line."""
    said = f": {escape.printable(hand.message)}" if hand.message else ""
    named = f" for {words.names(hand.named)}" if hand.named else ""
    line = f"raised {hand.level}{named}{said}"
    return output.paint(line, hand.level) if painted else line


def after(reply: EscalationReply, hand: Escalation) -> list[str]:
    """The truth about who will hear what was just raised."""
    return _red(hand) if hand.level == "red" else _quietly(reply.others_online)


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


def _quietly(online: int) -> list[str]:
    if not online:
        return []
    others = "1 other member gets it" if online == 1 else f"{online} other members get it"
    return [f"{others}, quietly; it names nobody, so nobody is rung"]


def _red(hand: Escalation) -> list[str]:
    told: dict[str, list[str]] = {_HEARS: [], _SEES: [], _MISSES: []}
    for receipt in sorted(hand.receipts, key=lambda each: each.member.label):
        fate = _fate(receipt)
        told[fate.how].append(f"{receipt.member.label} ({fate.reason})" if fate.reason else receipt.member.label)
    lines = [f"{how}: {words.names(whom)}" for how, whom in told.items() if whom]
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
