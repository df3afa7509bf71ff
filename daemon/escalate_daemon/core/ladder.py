"""The ladder: whom a hand names besides, the longer nobody claims it. Pure.

It has no leader: the signed record carries it, and each machine works out from the hand's age, by itself, whose turn
it is. A step whose time comes while somebody is coming waits until nobody is.
"""

from escalate_daemon.core import tuning
from escalate_daemon.core.slots import Hand, Step, Target


def steps(hand: Hand) -> tuple[Step, ...]:
    """The hand's steps, no more than it may have."""
    return hand.ladder[: tuning.LADDER_MAX]


def due(hand: Hand, age: int) -> frozenset[int]:
    """The steps, by their place, whose time has come at this age (ms)."""
    return frozenset(place for place, step in enumerate(steps(hand)) if age >= max(0, step.after))


def next_after(hand: Hand, fired: frozenset[int]) -> int | None:
    """The age in ms at which the next step's time comes, of those that have not fired."""
    return min((max(0, step.after) for place, step in enumerate(steps(hand)) if place not in fired), default=None)


def named_by(hand: Hand, fired: frozenset[int]) -> tuple[Target, ...]:
    """All whom the hand names once these steps have fired, each once, in order."""
    named = dict.fromkeys(hand.named)
    for place, step in enumerate(steps(hand)):
        if place in fired:
            named |= dict.fromkeys(step.named)
    return tuple(named)[: tuning.TARGETS_MAX]
