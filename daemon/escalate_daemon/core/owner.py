"""What the owner's own pop-up tells of its hand: the truth, also to one who looks at no terminal.

That nobody was shown it or is coming after a set time; that somebody is, or is no longer; what was said; and, before
its maximum age, that it will end by itself. Each is told once, also across restarts; the pop-up changes in place.
"""

from collections.abc import Callable
from typing import Final

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.hands import Known
from escalate_daemon.core.rings import Rings

ALONE: Final = 1  # bits of what was told: nobody is coming
COMING: Final = 2  # somebody is
ENDS_SOON: Final = 4


class Owner:
    """Follows my own hand. `claimed`: whether somebody is coming whose word counts."""

    def __init__(self, ctx: Context, rings: Rings, claimed: Callable[[Known], bool]) -> None:
        self._ctx = ctx
        self._rings = rings
        self._claimed = claimed
        self.warn_after = tuning.WARN_AFTER  # ms; 0: never

    def follow(self, known: Known, *, said: bool = False, changed: bool = False) -> None:
        """Tell what is due. `said`: somebody else said something in its thread; `changed`: its answers did."""
        told = before = self._rings.told(known.id)
        age = known.age(self._ctx.now)
        coming = self._claimed(known)
        if coming:
            told = (told | COMING) & ~ALONE
        elif before & COMING:
            told = (told | ALONE) & ~COMING  # nobody is any more, whatever the age
        elif self.warn_after and age >= self.warn_after:
            told |= ALONE
        if age >= self._ends_soon_at(known):
            told |= ENDS_SOON
        news = told & ~before
        if news or said:
            alarm = bool(news & ENDS_SOON) or (known.red and bool(news & ALONE))
            self._rings.tell_owner(known, Urgency.URGENT if alarm else Urgency.QUIET, told)
            return
        if changed:
            self._rings.answered(known)  # in place: no reason to come up again
        self._rings.retry_owner(known)

    def next_deadline(self, known: Known) -> int | None:
        """When the next thing is due by time alone; ms."""
        told = self._rings.told(known.id)
        times = [] if told & ENDS_SOON else [known.raised_at + self._ends_soon_at(known)]
        if self.warn_after and not told & (ALONE | COMING):
            times.append(known.raised_at + self.warn_after)
        return min(times, default=None)

    @staticmethod
    def _ends_soon_at(known: Known) -> int:
        """Its age in ms from which its end is near."""
        return known.max_age - min(tuning.WARN_BEFORE_END, known.max_age // 4)
