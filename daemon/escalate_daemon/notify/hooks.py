"""Hooks: the person's own programs, run when something happens. Few at once, few waiting, and nobody waits for them."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core.text import clean
from escalate_daemon.notify.program import Outcome, Told, run_program

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
WAITING_MAX: Final = 64  # the oldest go: what just happened matters more
LIMIT_S: Final = 10.0
_LOGGED_POINTS: Final = 1000  # code points of one program's output


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One thing that happened. `name`: on_ring and so on; `body`: a JSON object in one line; `fields`: see Told."""

    name: str
    body: bytes
    fields: Mapping[str, str]


class Hooks:
    """`run` as a task. `commands`: the event's name -> the program and its arguments; () is none."""

    def __init__(self, commands: Mapping[str, tuple[str, ...]], *, limit_s: float = LIMIT_S) -> None:
        self._commands = {name: argv for name, argv in commands.items() if argv}
        self._limit_s = limit_s
        self._waiting: deque[HookEvent] = deque()
        self._dropped = 0
        self._news = asyncio.Event()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._commands)

    def fire(self, event: HookEvent) -> None:
        """Have its program run soon, where there is one. Never waits."""
        if event.name not in self._commands:
            return
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(event)
        self._news.set()

    async def run(self) -> None:
        """Until cancelled; what runs then is ended."""
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._work(), name=f"hook {number + 1}")

    async def _work(self) -> None:
        while True:
            event = await self._next()
            argv = self._commands[event.name]
            told = Told(event.body, event.fields)
            _tell(event.name, await run_program(argv, told, self._limit_s))

    async def _next(self) -> HookEvent:
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        if self._dropped:
            log.warning("hooks: %d events were dropped: the programs are too slow for them", self._dropped)
            self._dropped = 0
        return self._waiting.popleft()


def _tell(name: str, outcome: Outcome) -> None:
    said = clean(outcome.output, _LOGGED_POINTS)
    words = f"; it said: {said}" if said else ""
    if outcome.fault:
        log.warning("hook %s: %s%s", name, outcome.fault, words)
    elif said:
        log.info("hook %s: done%s", name, words)
    else:
        log.debug("hook %s: done", name)
