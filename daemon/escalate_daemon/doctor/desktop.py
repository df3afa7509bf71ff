"""Judges what stands between a red and a person's eyes: the session bus, and the notification server on it."""

from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import broken, said, well
from escalate_daemon.ipc.protocol import Check
from escalate_daemon.notify.base import Server

_FREEDESKTOP: Final = "freedesktop"
_LOG: Final = "log"
_FORCED_MEND: Final = (
    "unset ESCALATE_NOTIFIER, or escalate config set notify.notifier auto; then escalate daemon restart"
)
_SESSION_MEND: Final = "log in anew, then run escalate daemon restart in a terminal of that session"
_NO_DESKTOP: Final = "run escalate daemon restart inside a desktop session, or log in to a terminal"
_HUNG_MEND: Final = (
    "restart the notification server: end its process, the desktop starts it again (dunst: killall dunst)"
)


@dataclass(frozen=True, slots=True)
class BackEnd:
    """One way of showing, and what it found when it was asked."""

    name: str
    usable: bool
    found: str
    mend: str


@dataclass(frozen=True, slots=True)
class DesktopFacts:
    """`forced`: the notifier named by setting or environment, "" for none. `taken`: who shows now, "" for nobody.

    `bus_told`: the address that this session names, "" for none. `bus`: the one connected to, "" for none.
    """

    forced: str
    taken: str
    hears: str
    back_ends: tuple[BackEnd, ...]
    bus_told: str
    bus: str
    server: Server | None
    warning: str = ""  # the setting names no notifier that there is

    @property
    def by_bus(self) -> BackEnd | None:
        """The way over the bus, where it is one of ours here."""
        return next((each for each in self.back_ends if each.name == _FREEDESKTOP), None)


def judge_bus(facts: DesktopFacts) -> Check:
    """Whether the desktop's session bus can be spoken to."""
    name = "bus"
    way = facts.by_bus
    if way is None:
        return well(name, "not used here" if not facts.forced else f"not used: the notifier is {facts.forced}")
    if facts.bus:
        return well(name, f"{facts.bus} answers")
    if not facts.bus_told:
        found = "no session bus: this daemon does not run in a desktop session"
        return well(name, found) if facts.hears == "terminal" else broken(name, found, _NO_DESKTOP)
    return broken(name, way.found or f"{facts.bus_told} does not answer", _SESSION_MEND)


def judge_notifier(facts: DesktopFacts) -> Check:
    """Whether a red would be put before this person's eyes."""
    name = "notifier"
    if facts.warning:
        return broken(name, facts.warning, _FORCED_MEND)
    if facts.forced == _LOG:
        return broken(name, "the notifier is set to log: nothing is shown to anybody", _FORCED_MEND)
    if facts.server is not None and not facts.server.answers:
        who = f"the notification server ({facts.server.name or 'its name is not known'})"
        instead = f"; {facts.taken} is used meanwhile" if facts.taken not in {"", _FREEDESKTOP} else ""
        return broken(name, f"{who} does not answer: it hangs{instead}", _HUNG_MEND)
    if not facts.taken:
        return _nobody_shows(facts)
    way = facts.by_bus
    if facts.hears == "terminal" and not facts.forced and way is not None and facts.bus_told:
        return broken(name, f"no pop-ups, only lines in terminals: {way.found}", way.mend or _SESSION_MEND)
    return _shows(facts)


def _nobody_shows(facts: DesktopFacts) -> Check:
    tried = [each for each in facts.back_ends if each.name != _LOG]
    told = "; ".join(f"{each.name}: {each.found}" for each in tried) or "there is no notifier"
    mend = next((each.mend for each in tried if each.mend), _NO_DESKTOP)
    return broken("notifier", f"nothing can be shown here: {told}", _FORCED_MEND if facts.forced else mend)


def _shows(facts: DesktopFacts) -> Check:
    name, server = "notifier", facts.server
    if facts.taken == _FREEDESKTOP and server is not None:
        can = said(sorted(server.capabilities), at_most=12) or "nothing more"
        found = f"{server.name} {server.version} answers, and can: {can}"
        if "actions" not in server.capabilities:
            return well(name, found, "it has no actions: a click on a pop-up does not count as seen")
        return well(name, found)
    found = next((each.found for each in facts.back_ends if each.name == facts.taken), "")
    return well(name, f"{facts.taken}: {found}" if found else facts.taken)
