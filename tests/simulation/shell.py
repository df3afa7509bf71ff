"""The shell around a node: a step's Stores are committed before anything else of it; and where it may die."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, TypeGuard

from escalate_daemon.core.effects import Effect, Show, ShowKind, Store, Urgency
from escalate_daemon.core.facts import Fact

if TYPE_CHECKING:
    from simulation.machine import Machine

Shell = Callable[["Machine", list[Store], "list[Effect | Fact]"], None]


class Trap(Enum):
    """Where in its next fitting step a machine dies."""

    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit, before all else"
    MID_SENDS = "in the middle of its sends"
    BEFORE_SHOW = "after the commit, before the pop-up"


def commit_first(machine: "Machine", stores: list[Store], others: "list[Effect | Fact]") -> None:
    """Carry out one step; a trap kills the daemon on the way."""
    trap = _sprung(machine, stores, others)
    if trap is Trap.BEFORE_COMMIT:
        machine.crash()
        return
    if stores:
        machine.commit(stores)
    done = len(others)
    if trap is Trap.AFTER_COMMIT:
        done = 0
    elif trap is Trap.MID_SENDS:
        done = machine.rng.randrange(len(others) + 1)
    elif trap is Trap.BEFORE_SHOW:
        done = next(place for place, effect in enumerate(others) if _rings(effect))
    for effect in others[:done]:
        machine.perform(effect)
        if machine.node is None:
            return
    if trap is not None:
        for show in filter(_rings, others[done:]):
            machine.begin_window(show)
        machine.crash()


def _rings(effect: "Effect | Fact") -> TypeGuard[Show]:
    return isinstance(effect, Show) and effect.kind is ShowKind.SHOW and effect.urgency is Urgency.RING


def _sprung(machine: "Machine", stores: list[Store], others: "list[Effect | Fact]") -> Trap | None:
    trap = machine.trap
    if trap is None:
        return None
    fits = any(map(_rings, others)) if trap is Trap.BEFORE_SHOW else bool(stores)
    if not fits:
        return None
    machine.trap = None
    return trap
