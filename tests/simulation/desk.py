"""One person's desk: a notification server and a player that are slow, fail, and outlive the daemon."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from escalate_daemon.core.commands import (
    Command,
    ReportNotShown,
    ReportNotSounded,
    ReportSeen,
    ReportShown,
    ReportSounded,
)
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId

if TYPE_CHECKING:
    from simulation.machine import Machine


@dataclass(slots=True)
class Habits:
    """How good this desk is. Chances from 0 to 1, times in ms."""

    fails: float = 0.0  # the server takes nothing
    mute: float = 0.0  # no player, or it fails
    touched: float = 0.0  # a person clicks soon
    slow: int = 0  # added to every answer


class Desk:
    """Takes Show effects in order and answers them; what is on the screen stays when the daemon dies."""

    def __init__(self, machine: "Machine", rng: Random, habits: Habits) -> None:
        self.machine = machine
        self.habits = habits
        self.screen: dict[str, HandId] = {}  # handle -> hand, as the server has it
        self.waiting: dict[HandId, Urgency] = {}  # asked to show, not yet answered
        self.kill_after_shown = False  # a trap: the daemon dies between the pop-up and its report
        self._rng = rng
        self._handles = 0
        self._handle_of: dict[HandId, str] = {}
        self._wanted: dict[HandId, Show] = {}  # to be shown, and not yet done
        self._tones: set[HandId] = set()  # being played
        self._free_at = 0  # the server is asked one thing at a time

    def take(self, show: Show) -> None:
        """The node asks for something."""
        match show.kind:
            case ShowKind.SHOW:
                self._want(show)
            case ShowKind.CLOSE:
                self._tones.discard(show.hand)
                self._later(lambda: self._close(show))
            case ShowKind.UPDATE if show.hush:
                self._hush(show)
            case ShowKind.UPDATE:
                pass

    def _want(self, show: Show) -> None:
        """One place for each hand: the newest words win, and a ring that nobody heard stays wanted."""
        before = self._wanted.get(show.hand)
        if before is not None:
            louder = min(before.urgency, show.urgency, key=list(Urgency).index)
            show = replace(show, urgency=louder, handle=show.handle or before.handle)
        self.waiting[show.hand] = show.urgency
        self._wanted[show.hand] = show
        if before is None:
            self._later(lambda: self._show(self._wanted.pop(show.hand, show)))

    def _hush(self, show: Show) -> None:
        """Somebody is coming: a tone that plays or waits stops."""
        self._tones.discard(show.hand)
        if show.hand in self._wanted:
            self._wanted[show.hand] = replace(self._wanted[show.hand], urgency=show.urgency)
            self.waiting[show.hand] = show.urgency

    def daemon_died(self) -> None:
        """What was asked and not yet done is forgotten; handles live on only in the node's disk."""
        self.waiting.clear()
        self._handle_of.clear()
        self._wanted.clear()
        self._tones.clear()
        self._free_at = 0

    def switched_off(self) -> None:
        """The machine lost its power: the screen is empty."""
        self.screen.clear()

    def _later(self, action: Callable[[], None], least: int = 1, most: int = 40) -> None:
        schedule = self.machine.world.schedule
        self._free_at = max(self._free_at, schedule.now + self._rng.randint(least, most) + self.habits.slow)
        self.machine.at_if_alive(self._free_at, action)

    def _answer(self, delay: int, command: Command) -> None:
        schedule = self.machine.world.schedule
        self.machine.at_if_alive(schedule.now + delay, lambda: self.machine.report(command))

    def _show(self, show: Show) -> None:
        hand, rng = show.hand, self._rng
        rings = show.urgency is Urgency.RING
        if rng.random() < self.habits.fails:
            self._answer(rng.randint(1, 20), ReportNotShown(hand, "no server"))
            if rings:
                self._answer(rng.randint(21, 30), ReportNotSounded(hand, "not shown"))
            return
        known = (show.handle, self._handle_of.get(hand))
        handle = next((each for each in known if each in self.screen), None)
        if handle is None:
            self._handles += 1
            handle = f"{self.machine.index}.{self._handles}"
        self.screen[handle] = hand
        self._handle_of[hand] = handle
        self.machine.world.witness.perceived(self.machine, show)
        if self.kill_after_shown and rings:
            self.kill_after_shown = False
            self.machine.crash()
            return
        self._answer(rng.randint(1, 15), ReportShown(hand, handle, "popup"))
        if rings:
            self._sound(hand)
        if rng.random() < self.habits.touched:
            self._answer(rng.randint(500, 8000), ReportSeen(hand))

    def _sound(self, hand: HandId) -> None:
        if self._rng.random() < self.habits.mute:
            self._answer(self._rng.randint(20, 90), ReportNotSounded(hand, "no player"))
            return
        machine = self.machine
        self._tones.add(hand)

        def played() -> None:
            if hand not in self._tones:
                machine.report(ReportNotSounded(hand, "hushed"))
                return
            self._tones.discard(hand)
            machine.world.witness.sounded(machine, hand)
            machine.report(ReportSounded(hand))

        machine.at_if_alive(machine.world.schedule.now + self._rng.randint(300, 1200), played)

    def _close(self, show: Show) -> None:
        handle = show.handle or self._handle_of.get(show.hand)
        if handle is not None:
            self.screen.pop(handle, None)
        for other in [h for h, hand in self.screen.items() if hand == show.hand and h == handle]:
            self.screen.pop(other)
