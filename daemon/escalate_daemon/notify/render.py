"""What a pop-up about one escalation says. Pure. A person has three seconds: the important comes first.

Peers' text is clean already (core.text); here it is isolated: a right-to-left name cannot reorder ours.
"""

from collections.abc import Sequence
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.text import isolate
from escalate_daemon.core.views import EscalationState, EscalationView, LineView, MemberView
from escalate_daemon.notify.base import Colour, Loudness, Popup, Press

_NAMED_SHOWN: Final = 4  # labels spelt out; the rest is counted
_LINES_SHOWN: Final = 2  # of the thread: the newest; more would push the rest off the pop-up
_NEW_KEY: Final = "(new key)"
_OLD_AFTER_S: Final = 60  # younger than this, its age tells nothing


def popup_for(view: EscalationView, urgency: Urgency, *, rings: bool) -> Popup:
    """The pop-up for `view`; its tag is the hand's id. `rings`: a person is to be startled now."""
    loud = Loudness.NORMAL if urgency is Urgency.QUIET else Loudness.CRITICAL
    lines = _owners_lines(view) if view.mine else _lines(view)
    return Popup(str(view.id), _title(view), "\n".join(lines), loud, _colour(view), rings, _buttons(view))


def member_words(member: MemberView) -> str:
    """A member as our sentences name it."""
    label = member.label.removesuffix(_NEW_KEY).rstrip()
    return f"{isolate(label)} {_NEW_KEY}" if member.new_key else isolate(label)


def ago(age_ms: int) -> str:
    """A duration in the largest unit that says enough: 40 s, 5 min, 2 h, 3 d."""
    seconds = max(age_ms, 0) // 1000
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 120 * 60:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def _colour(view: EscalationView) -> Colour:
    if view.state is not EscalationState.ACTIVE:
        return Colour.GREY
    if view.claimed:
        return Colour.GREEN
    return Colour.RED if view.level == "red" else Colour.YELLOW


def _buttons(view: EscalationView) -> tuple[tuple[Press, str], ...]:
    """What can be done about it from the pop-up: rule 1 gives everybody the answers."""
    if view.state is EscalationState.ENDED:
        return ()
    if view.mine:
        return (Press.CHAT, "Chat"), (Press.END, "End it")
    if any(claim.member.me for claim in view.claims):
        return (Press.WITHDRAW, "Not coming"), (Press.CHAT, "Chat")
    return (Press.APPROACH, "Approach"), (Press.CHAT, "Chat")


def _title(view: EscalationView) -> str:
    says = f": {isolate(view.message)}" if view.message else ""
    who = "You" if view.mine else member_words(view.owner)
    if view.state is EscalationState.ENDED:
        return f"{who} {'need' if view.mine else 'needs'} no more help{says}"
    if view.claimed:
        return f"{_coming(view)}{'' if view.mine else f' to {who}'}{says}"
    if view.level == "red":
        return f"{who} {'asked for' if view.mine else 'needs'} help{says}"
    return f"{who} {'raised' if view.mine else 'raises'} a hand{says}"


def _coming(view: EscalationView) -> str:
    """`Sam is coming`, `You and Sam are coming`."""
    counted = [claim.member for claim in view.claims if claim.counts]
    names = ["You" if member.me else member_words(member) for member in sorted(counted, key=lambda m: not m.me)]
    if len(names) > _NAMED_SHOWN:
        names = [*names[:_NAMED_SHOWN], f"{len(names) - _NAMED_SHOWN} more"]
    many = len(names) > 1 or names[0] == "You"
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"{listed} {'are' if many else 'is'} coming"


def _lines(view: EscalationView) -> list[str]:
    lines = []
    if view.state is EscalationState.ENDED:
        lines.append(f"Ended: {isolate(view.note)}" if view.note else "Ended")
    elif view.lost_for is not None:
        lines.append(f"Contact lost {ago(view.lost_for)} ago")
    lines += _said(view.thread)
    if where := _where(view.owner):
        lines.append(where)
    if view.named and view.state is not EscalationState.ENDED:
        lines.append(_named(view))
    if view.age >= _OLD_AFTER_S * 1000:
        lines.append(f"Raised {ago(view.age)} ago")
    return lines


def _owners_lines(view: EscalationView) -> list[str]:
    """The truth for the owner: who was reached, what was said, and how long it stays."""
    lines = _said(view.thread)
    if not view.claimed:
        lines.append(f"{_reached(view)}; nobody is coming yet")
    left = view.max_age - view.age
    if left <= min(tuning.WARN_BEFORE_END, view.max_age // 4):
        lines.append(f"It ends by itself in {ago(left)}: raise it again if you still need help")
    if view.age >= _OLD_AFTER_S * 1000:
        lines.append(f"Raised {ago(view.age)} ago")
    return lines


def _reached(view: EscalationView) -> str:
    if view.level != "red":
        return "Seen by whoever looks"
    reach = view.reach
    return f"Shown to {reach.shown} of {reach.named}" if reach.shown else "SHOWN TO NOBODY it is for"


def _said(thread: Sequence[LineView]) -> list[str]:
    newest = thread[-_LINES_SHOWN:]
    return [f"{'You' if line.member.me else member_words(line.member)}: {isolate(line.text)}" for line in newest]


def _where(owner: MemberView) -> str:
    host = f"on {isolate(owner.host)}" if owner.host else ""
    if owner.location:
        return f"{isolate(owner.location)} ({host})" if host else isolate(owner.location)
    return host[:1].upper() + host[1:]


def _named(view: EscalationView) -> str:
    shown = [isolate(word) for word in view.named[:_NAMED_SHOWN]]
    if len(view.named) > _NAMED_SHOWN:
        shown.append(f"{len(view.named) - _NAMED_SHOWN} more")
    return f"{'You are named' if view.named_me else 'Named'}: {', '.join(shown)}"
