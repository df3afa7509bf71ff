"""What the daemon itself says to its person: in pop-ups of its own and as talk on the command's stderr."""

from dataclasses import dataclass

from escalate_daemon.core import tuning
from escalate_daemon.core.text import isolate
from escalate_daemon.core.views import EscalationView


@dataclass(frozen=True, slots=True)
class Words:
    """A pop-up of our own: grey, quiet."""

    title: str
    body: str


def counted(number: int, one: str, many: str) -> str:
    """`1 member`, `4 members`."""
    return f"{number} {one if number == 1 else many}"


def raised_by_toggle(view: EscalationView, others_online: int) -> Words:
    """The toolbar button raised: who can see it now, and loudly that nobody can."""
    title = f"Your escalation is up: {isolate(view.message)}" if view.message else "Your escalation is up"
    whom = f" ({', '.join(isolate(word) for word in view.named)})" if view.named else ""
    online = view.reach.online if view.level == "red" else others_online
    if not online:
        return Words(title, f"NOBODY it is for can see it now{whom}; it stays up for whoever comes")
    if view.level == "red":
        return Words(title, f"{online} of the {view.reach.named} named can see it now{whom}")
    return Words(title, f"{counted(online, 'member', 'members')} can see it now")


def not_raised_by_toggle(reason: str) -> Words:
    """The toolbar button was pressed in vain."""
    return Words("Nothing was raised", reason)


def ended_by_toggle(view: EscalationView) -> Words:
    """The toolbar button ended it."""
    body = f"It said: {isolate(view.message)}" if view.message else "Everybody's pop-up is gone"
    return Words("Your escalation has ended", body)


def not_pressed(reason: str) -> Words:
    """A button that could do nothing."""
    return Words("Not now", reason)


def action_failed(reason: str) -> Words:
    """Somebody is told to be coming, and the configured action failed."""
    return Words("You are coming, and nothing else was done", reason)


def type_this(told: str) -> Words:
    """Where no terminal can be opened."""
    return Words("The chat", told)


def joined(name: str, host: str, fingerprint: str) -> Words:
    """Somebody used an invite of mine."""
    where = f" on {isolate(host)}" if host else ""
    return Words(f"{isolate(name)} has joined the space", f"By your invite{where}. Fingerprint: {fingerprint}")


def fingerprints(mine: str, theirs: str, inviter: str) -> list[str]:
    """What a joiner compares with its inviter."""
    name = inviter or "the inviter"
    whose = {"your": mine, f"{isolate(name)}'s": theirs}
    width = max(len("your"), len(f"{name}'s"))
    gaps = (" " * (width - len("your")), " " * (width - len(f"{name}'s")))
    return [f"{who} fingerprint:{gap} {key}" for (who, key), gap in zip(whose.items(), gaps, strict=True)]


def default_space_name(person: str) -> str:
    """The name of a space made without one; as long as a name may be."""
    ending = "'s team"
    name = person[: tuning.NAME_POINTS - len(ending)]
    while len((name + ending).encode()) > tuning.NAME_BYTES:
        name = name[:-1]
    return name.rstrip() + ending
