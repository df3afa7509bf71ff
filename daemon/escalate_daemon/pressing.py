"""The buttons of pop-ups: each does what its verb does, and says in a pop-up what the command would say on stderr."""

import asyncio
import logging
from typing import Final

from escalate_daemon.core.commands import CommandRefused, EndMine, Withdraw
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationView
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.notify.base import Press
from escalate_daemon.requests import answers
from escalate_daemon.wording import Words, action_failed, not_pressed, type_this

log = logging.getLogger(__name__)

WAITING_MAX: Final = 16  # presses at once; a person has one finger


class Pressing:
    """Run as a task; `press` never waits."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._presses: asyncio.Queue[tuple[HandId, Press]] = asyncio.Queue(WAITING_MAX)

    def press(self, hand: HandId, press: Press) -> None:
        """A button was pressed."""
        try:
            self._presses.put_nowait((hand, press))
        except asyncio.QueueFull:
            log.warning("too many buttons at once: %s of %s is dropped", press, hand)

    async def run(self) -> None:
        """Carry out what is pressed, one after the other, until cancelled."""
        while True:
            hand, press = await self._presses.get()
            words = await self._carry_out(hand, press)
            if words is not None:
                self._daemon.announce(words)

    async def _carry_out(self, hand: HandId, press: Press) -> Words | None:
        """Do it; what the person has to be told."""
        try:
            session = self._daemon.inside()
            match press:
                case Press.APPROACH if _coming(session.hand(hand)):
                    return None  # a double click: one is enough
                case Press.APPROACH:
                    _, told = await answers.go(self._daemon, session, hand)
                    return action_failed(told[0]) if told else None
                case Press.WITHDRAW:
                    session.shell.command(Withdraw(hand))
                case Press.END:
                    if any(view.mine and view.id == hand for view in session.escalations(ended=False)):
                        session.shell.command(EndMine())
                case Press.CHAT:
                    view = session.hand(hand)
                    told_chat = None if view is None else await self._daemon.actions.open_chat(view)
                    return None if told_chat is None else type_this(told_chat)
        except (CommandRefused, RequestFailed) as refused:
            return not_pressed(str(refused))
        return None


def _coming(view: EscalationView | None) -> bool:
    """Whether I have said already that I am coming."""
    return view is not None and any(claim.member.me for claim in view.claims)
