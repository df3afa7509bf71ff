"""Gathers facts on pop-ups and sound, from what the desk and the mixer have said."""

import sys
import time
from typing import Final

from escalate_daemon.daemon import Daemon
from escalate_daemon.doctor.desktop import BackEnd, DesktopFacts
from escalate_daemon.doctor.sounding import LastRing, Mixer, SoundFacts
from escalate_daemon.notify import dbus_session
from escalate_daemon.notify.condition import Condition
from escalate_daemon.notify.sound import TONE, players_of

_FREEDESKTOP: Final = "freedesktop"


def desktop(daemon: Daemon, condition: Condition) -> DesktopFacts:
    """Bus, notification server and the ways around them."""
    warning = daemon.warned("notifier")
    back_ends = tuple(
        BackEnd(each.name, each.probe.usable, each.probe.found, each.probe.mend) for each in condition.candidates
    )
    by_bus = any(each.name == _FREEDESKTOP for each in back_ends)
    return DesktopFacts(
        forced="" if warning else daemon.around.notifier or "",
        taken=condition.notifier,
        hears=condition.hears,
        back_ends=back_ends,
        bus_told=(dbus_session.current_address() or "") if by_bus else "",
        bus=condition.bus,
        server=condition.server,
        warning=warning,
    )


def sound(daemon: Daemon, condition: Condition, mixer: Mixer) -> SoundFacts:
    """Player, sound server, mixer and the last ring."""
    last = condition.last_sound
    trouble = condition.player
    return SoundFacts(
        wanted=daemon.config.notify.sound,
        players=tuple(each.program for each in players_of(sys.platform) if each.argv(TONE)),
        trouble="" if trouble.usable else trouble.found,
        mend=trouble.mend,
        mixer=mixer,
        last=None if last is None else LastRing(last.well, last.reason, time.monotonic() - last.at),
    )
