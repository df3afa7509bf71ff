"""Turns what happened into hooks, in whatever session the daemon runs. See telling for what a hook is told."""

import asyncio
import logging
from dataclasses import asdict
from typing import Final

from escalate_daemon import clock, telling
from escalate_daemon.core import tuning
from escalate_daemon.core.facts import (
    EscalationChat,
    EscalationClaimed,
    EscalationEnded,
    EscalationFact,
    EscalationLost,
    EscalationRaised,
    EscalationRang,
    Fact,
)
from escalate_daemon.core.views import EscalationState
from escalate_daemon.daemon import Daemon
from escalate_daemon.notify.hooks import HookEvent, Hooks

log = logging.getLogger(__name__)

_MARGIN: Final = 1 * tuning.SECOND  # between two looks at the clock at the daemon's start
_NAMES: Final[dict[type[EscalationFact], str]] = {
    EscalationRang: "on_ring",
    EscalationRaised: "on_raised",
    EscalationClaimed: "on_claimed",
    EscalationChat: "on_chat",
    EscalationEnded: "on_ended",
    EscalationLost: "on_lost",
}


class Hooking:
    """`run` as a task, begun before the daemon's first session so that nothing of it is missed."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._hooks = Hooks(asdict(daemon.config.hooks))
        self._said_open = False

    async def run(self) -> None:
        """Until cancelled; at once where the settings name no hook."""
        if not self._hooks:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hooks.run(), name="hooks")
            while True:
                with self._daemon.hub.subscribe() as facts:
                    while (fact := await facts.next()) is not None:
                        self._take(fact)

    def _take(self, fact: Fact) -> None:
        name = _NAMES.get(type(fact)) if isinstance(fact, EscalationFact) else None
        if name is None or not isinstance(fact, EscalationFact) or self._known_before(fact) or self._open():
            return
        told = telling.told(name, fact.view, clock.wall())
        self._hooks.fire(HookEvent(name, told.body, told.fields))

    def _known_before(self, fact: EscalationFact) -> bool:
        """Whether it is no news but what the last run of this daemon left on the disk."""
        if not isinstance(fact, EscalationRaised):
            return False
        if fact.view.mine:
            return fact.view.age > clock.now() - self._daemon.began + _MARGIN
        session = self._daemon.session
        return fact.view.state is EscalationState.LOST and (session is None or not session.shell.node.compared)

    def _open(self) -> bool:
        """Whether strangers may come in here: nothing of theirs reaches a program."""
        mine = self._daemon.membership
        if mine is None or not mine.open_space:
            self._said_open = False
            return False
        if not self._said_open:
            self._said_open = True
            log.warning("%s is an open space: no hook is run in it", mine.space_name)
        return True
