"""The daemon's own watch of what doctor looks at: cheap, without a packet; tells its person once when it goes deaf.

Looks once a minute, and when the desk says that it changed. Reads what the daemon's parts know already.
"""

import asyncio
import logging
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

from escalate_daemon import clock
from escalate_daemon.daemon import Daemon
from escalate_daemon.doctor.hearing import DeskHears, NetHears, Telltale, desk_troubles, net_troubles
from escalate_daemon.links.address import AddressError, parse_address
from escalate_daemon.notify.condition import Condition
from escalate_daemon.wording import Words

log = logging.getLogger(__name__)

LOOK_S: Final = 60.0
JUMPED_S: Final = 30.0  # a step of the wall clock that a person would see; slewing never comes near
_LOG: Final = "log"


class Watch:
    """Run as a task. `jump` tells doctor about the wall clock."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._telltale = Telltale()
        self._kick = asyncio.Event()
        self._offset = _offset()
        self._jumped: tuple[float, int] | None = None  # by so many s, at (clock.now)

    @property
    def jump(self) -> tuple[float, float] | None:
        """By how much the wall clock was last put on or back, and how long ago, s; None: never."""
        self._look_at_clock()
        return None if self._jumped is None else (self._jumped[0], (clock.now() - self._jumped[1]) / 1000)

    async def run(self) -> None:
        """Look until cancelled."""
        screen = self._daemon.screen
        screen.tell_changes(lambda _: self._kick.set())
        condition = screen.condition or await screen.look()  # from here on the desk tells by itself
        while True:
            self._kick.clear()
            again_s = self._look(screen.condition or condition)
            with suppress(TimeoutError):
                async with asyncio.timeout(again_s):
                    await self._kick.wait()

    def _look(self, condition: Condition) -> float:
        """Take in how it is now, and tell; the seconds until the next look."""
        self._look_at_clock()
        troubles = [*desk_troubles(self._desk(condition)), *net_troubles(self._net())]
        telling = self._telltale.look(troubles, clock.now() / 1000)
        for topic in telling.over:
            log.info("well again: %s", topic)
            self._daemon.warn(topic, None)
        for trouble in telling.warn:
            self._daemon.warn(trouble.topic, trouble.text)
        for trouble in telling.loud:
            mend = f"\n{trouble.mend}" if trouble.mend else ""
            self._daemon.announce(Words(trouble.title[:1].upper() + trouble.title[1:], f"{trouble.found}{mend}"))
        return min(LOOK_S, telling.again_s + 0.1) if telling.again_s is not None else LOOK_S

    def _desk(self, condition: Condition) -> DeskHears:
        tried = [each.probe for each in condition.candidates if each.name != _LOG and not each.probe.usable]
        return DeskHears(
            shows=condition.hears != "none",
            found=tried[0].found if tried else condition.why,
            mend=tried[0].mend if tried else "escalate doctor",
            silent_on_purpose=not self._daemon.config.notify.sound,
            sounds=condition.player.usable,
            sound_found=condition.player.found,
            sound_mend=condition.player.mend,
            nothing_on_purpose=self._daemon.around.notifier == _LOG,
        )

    def _net(self) -> NetHears:
        session = self._daemon.session
        if session is None:
            return NetHears(others=0, links=0, has_address=True, port=0, near=0)
        if session.links:  # the usual case costs nothing more
            return NetHears(others=1, links=session.links, has_address=True, port=session.port, near=0)
        return NetHears(
            others=len(session.others()),
            links=0,
            has_address=any(map(_is_on_a_network, session.me().addresses)) or not session.port,
            port=session.port,
            near=session.discovery.near(),
        )

    def _look_at_clock(self) -> None:
        offset = _offset()
        if abs(offset - self._offset) >= JUMPED_S:
            self._jumped = (offset - self._offset, clock.now())
            log.warning("the wall clock was put %+.0f s", offset - self._offset)
            self._offset = offset


def _offset() -> float:
    """The wall clock against the clock that nobody can set, s. Another one: somebody set the wall clock."""
    return clock.wall() - clock.now() / 1000


def _is_on_a_network(address: str) -> bool:
    try:
        return not ip_address(parse_address(address).host.partition("%")[0]).is_loopback
    except (AddressError, ValueError):
        return False
