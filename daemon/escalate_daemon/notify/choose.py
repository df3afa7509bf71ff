"""Which notifiers are used here, in which order, and why. The only place that knows every back end."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from escalate_daemon.notify import desktop, freedesktop
from escalate_daemon.notify.base import Notifier, Probe
from escalate_daemon.notify.desktop import DesktopNotifierBackEnd
from escalate_daemon.notify.freedesktop import FreedesktopNotifier
from escalate_daemon.notify.guarded import Guarded
from escalate_daemon.notify.log import LogNotifier
from escalate_daemon.notify.plyer_notifier import PlyerNotifier
from escalate_daemon.notify.terminal import terminal_at

NAMES: Final = ("freedesktop", "desktop-notifier", "plyer", "terminal", "terminal:TARGET", "log")
_MAKERS: Final[dict[str, Callable[[], Notifier]]] = {
    "freedesktop": FreedesktopNotifier,
    "desktop-notifier": DesktopNotifierBackEnd,
    "plyer": PlyerNotifier,
    "terminal": lambda: terminal_at(None),
    "log": LogNotifier,
}


class UnknownNotifier(ValueError):
    """ESCALATE_NOTIFIER names none of ours; the text lists them."""

    def __init__(self, name: str) -> None:
        super().__init__(f"ESCALATE_NOTIFIER: there is no notifier '{name}'; there are {', '.join(NAMES)}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One back end and what it found."""

    name: str
    probe: Probe


@dataclass(frozen=True, slots=True)
class Found:
    """What the chain can do now: which back end shows next, and how each one fares."""

    taken: str  # a name, or "" where none can show
    why: str
    hears: str  # popup, terminal or none
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The notifiers in the order in which they are tried, and what they found at the time of choosing.

    A back end that cannot show now stays in the chain: a desktop may come after its daemon.
    """

    chain: tuple[Notifier, ...]
    found: Found
    forced: str = ""  # why there is no choice


async def choose(forced: str | None, platform: str = sys.platform) -> Choice:
    """The chain for this machine, or the one notifier that `forced` names. Raises UnknownNotifier."""
    wanted = (_forced(forced),) if forced else tuple(_MAKERS[name]() for name in _order(platform))
    chain = tuple(Guarded(notifier) for notifier in wanted)
    why = "named by ESCALATE_NOTIFIER" if forced else ""
    return Choice(chain, await look(chain, why), why)


async def look(chain: tuple[Notifier, ...], why: str = "") -> Found:
    """Ask all of the chain, side by side, what they can do now."""
    probes = await asyncio.gather(*(notifier.probe() for notifier in chain))
    candidates = tuple(Candidate(each.name, probe) for each, probe in zip(chain, probes, strict=True))
    for index, candidate in enumerate(candidates):
        if candidate.probe.usable:
            before = "; ".join(f"{each.name}: {each.probe.found}" for each in candidates[:index])
            words = why or (f"the first that can show ({before})" if before else "the best there is here")
            return Found(candidate.name, words, candidate.probe.hears, candidates)
    words = "; ".join(f"{each.name}: {each.probe.found}" for each in candidates)
    return Found("", f"{why}: {words}" if why else words, "none", candidates)


def _forced(name: str) -> Notifier:
    kind, colon, target = name.partition(":")
    if kind == "terminal" and colon and target:
        return terminal_at(target)
    if name not in _MAKERS:
        raise UnknownNotifier(name)
    return _MAKERS[name]()


def _order(platform: str) -> list[str]:
    if platform == "linux":
        # plyer's notify-send goes to the same server by a worse way: what it leaves in the queue of one that
        # hangs comes up when that thaws, and cannot be closed. So only where the first way cannot be gone.
        return ["freedesktop" if freedesktop.installed() else "plyer", "terminal", "log"]
    first = ["desktop-notifier"] if desktop.installed() else []
    return [*first, "plyer", *(["terminal"] if platform != "win32" else []), "log"]
