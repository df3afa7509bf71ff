"""What a pop-up about one escalation says. Pure. A person has three seconds: the important comes first.

Peers' text is clean already (core.text); here it is isolated: a right-to-left name cannot reorder ours.
"""

from typing import Final

from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.text import isolate
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView
from escalate_daemon.notify.base import Colour, Loudness, Popup

_NAMED_SHOWN: Final = 4  # labels spelt out; the rest is counted
_NEW_KEY: Final = "(new key)"
_OLD_AFTER_S: Final = 60  # younger than this, its age tells nothing


def popup_for(view: EscalationView, urgency: Urgency, *, rings: bool) -> Popup:
    """The pop-up for `view`; its tag is the hand's id. `rings`: a person is to be startled now."""
    loud = Loudness.NORMAL if urgency is Urgency.QUIET else Loudness.CRITICAL
    return Popup(str(view.id), _title(view), "\n".join(_lines(view)), loud, _colour(view), rings)


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
    return Colour.RED if view.level == "red" else Colour.YELLOW


def _title(view: EscalationView) -> str:
    who = "You" if view.mine else member_words(view.owner)
    if view.state is EscalationState.ENDED:
        does = "need no more help" if view.mine else "needs no more help"
    elif view.level == "red":
        does = "asked for help" if view.mine else "needs help"
    else:
        does = "raised a hand" if view.mine else "raises a hand"
    return f"{who} {does}: {isolate(view.message)}" if view.message else f"{who} {does}"


def _lines(view: EscalationView) -> list[str]:
    lines = []
    if view.state is EscalationState.ENDED:
        lines.append(f"Ended: {isolate(view.note)}" if view.note else "Ended")
    elif view.lost_for is not None:
        lines.append(f"Contact lost {ago(view.lost_for)} ago")
    if not view.mine and (where := _where(view.owner)):
        lines.append(where)
    if view.named and view.state is not EscalationState.ENDED:
        lines.append(_named(view))
    if view.age >= _OLD_AFTER_S * 1000:
        lines.append(f"Raised {ago(view.age)} ago")
    return lines


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
