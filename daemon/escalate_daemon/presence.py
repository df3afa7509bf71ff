"""Away by itself: the desktop says that the person has gone, and the presence follows; back, it is what it was.

Takes back only what it did itself: who says something else meanwhile has the last word.
"""

import asyncio
import logging
from typing import Final

from escalate_daemon.core.commands import SetPresence
from escalate_daemon.core.facts import MemberChanged
from escalate_daemon.daemon import Daemon
from escalate_daemon.notify.lockwatch import LockWatch
from escalate_daemon.session import Session
from escalate_daemon.store import StoreError

log = logging.getLogger(__name__)

_AWAY: Final = "away"
_FROM: Final = ("available", "busy")  # in a room, away or left, the person has said where they are
_KEPT: Final = "presence-before"  # the store's blob: whose presence I set, and what it was; a restart must not lose it


class PresenceWatch:
    """`run` as a task, begun before the daemon's first session or after; the settings switch it on."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        settings = daemon.config.presence
        self._on = settings.away_on_lock or settings.away_when_idle_s > 0
        self._lockwatch = LockWatch(self, on_lock=settings.away_on_lock, idle_s=settings.away_when_idle_s)

    async def run(self) -> None:
        """Until cancelled, or at once where the settings want nothing."""
        if not self._on:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="presence")
            await self._daemon.begun()
            await self._lockwatch.run()

    def went_away(self, reason: str) -> None:
        """See lockwatch.Listener."""
        session = self._daemon.session
        if session is None:
            return
        before = session.me().presence
        if before not in _FROM:
            return
        self._keep(session, before)
        session.shell.report(SetPresence(_AWAY))
        log.info("away: %s", reason)

    def came_back(self) -> None:
        """See lockwatch.Listener."""
        session = self._daemon.session
        if session is None:
            return
        before = self._kept(session)
        self._keep(session, "")
        if before in _FROM and session.me().presence == _AWAY:
            session.shell.report(SetPresence(before))
            log.info("back: %s", before)

    async def _follow(self) -> None:
        """Forget what it was once somebody else says what it is."""
        while True:
            with self._daemon.hub.subscribe() as facts:
                while (fact := await facts.next()) is not None:
                    session = self._daemon.session
                    mine = isinstance(fact, MemberChanged) and fact.member.me
                    if mine and session is not None and session.me().presence != _AWAY:
                        self._keep(session, "")

    def _kept(self, session: Session) -> str:
        kept = self._daemon.around.store.get_blob(_KEPT) or b""
        whose, _, presence = kept.partition(b" ")
        return presence.decode() if whose == _whose(session) else ""

    def _keep(self, session: Session, presence: str) -> None:
        if presence == self._kept(session):
            return
        try:
            self._daemon.around.store.put_blob(_KEPT, _whose(session) + b" " + presence.encode())
        except StoreError as error:
            log.warning("what the presence was is not kept: %s", error)


def _whose(session: Session) -> bytes:
    return session.me().id.hex().encode()
