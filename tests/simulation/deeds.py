"""What people do besides raising and ending: come and not come, say, enter rooms, mute, have their own settings."""

from dataclasses import replace
from random import Random

from escalate_daemon.core import slots
from escalate_daemon.core.commands import (
    Approach,
    Command,
    Dismiss,
    LadderStep,
    Mute,
    Say,
    SetPolicy,
    SetPresence,
    Unmute,
    Withdraw,
)
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.policy import Policy
from simulation.fate import GROUPS, Fate
from simulation.machine import Machine

ROOMS = ("Blue", "Attic")
SECOND = 1000  # ms


def settings(rng: Random) -> Policy:
    """One person's, most of them as they come."""
    return Policy(
        repeat=rng.choice((0, 0, 0, 8 * SECOND, 15 * SECOND)),
        end_on_room=rng.random() < 0.85,
        end_on_away=rng.random() < 0.85,
        end_on_leave=rng.random() < 0.9,
        warn_after=rng.choice((0, 6 * SECOND, 20 * SECOND, 60 * SECOND)),
    )


class Deeds:
    """By fate's hand; each does nothing where it makes no sense."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.rng = fate.rng

    def _do(self, machine: Machine, command: Command) -> None:
        if machine.runs:
            self.fate.world.log(f"n{machine.index} {command}")
            machine.command(command)

    # --- Answers -----------------------------------------------------------------------------------
    def come(self, machine: Machine, hand: HandId) -> None:
        """ "I am coming.\""""
        self._do(machine, Approach(hand))

    def stay(self, machine: Machine, hand: HandId) -> None:
        """Not coming after all."""
        self._do(machine, Withdraw(hand))

    def say(self, machine: Machine, hand: HandId) -> None:
        """One line, unlike any other."""
        self._do(machine, Say(hand, f"line {machine.index}.{self.rng.getrandbits(40):x}"))

    def dismiss(self, machine: Machine, hand: HandId) -> None:
        """Seen, and off the screen with it."""
        self._do(machine, Dismiss(hand))

    # --- Presence ----------------------------------------------------------------------------------
    def be(self, machine: Machine, presence: str) -> None:
        """Available, busy, away, or in some room."""
        self._do(machine, SetPresence(presence, self.rng.choice(ROOMS) if presence == slots.ROOM else ""))

    def be_anything(self, machine: Machine) -> None:
        """As people are in the course of a day."""
        self.be(machine, self.rng.choice((slots.AVAILABLE, slots.BUSY, slots.AWAY, slots.ROOM)))

    # --- Policy ------------------------------------------------------------------------------------
    def mute(self, machine: Machine, whom: Machine) -> None:
        """Its owner by name, everybody, or what names a group; for good or for a while."""
        who = self.rng.choice((whom.name, whom.name, "all", f"@{self.rng.choice(GROUPS)}", "@everyone"))
        lasts = self.rng.choice((None, None, self.rng.randint(2, 15) * SECOND))
        self._do(machine, Mute(who, lasts))

    def unmute(self, machine: Machine) -> None:
        """All of it."""
        self._do(machine, Unmute("all"))

    def quiet_hour(self, machine: Machine, *, begins: bool, allowed: tuple[str, ...] = ()) -> None:
        """Begins or ends; the settings stay so."""
        machine.policy = replace(machine.policy, quiet=begins, allowed=allowed)
        self._do(machine, SetPolicy(machine.policy))

    # --- Ladders -----------------------------------------------------------------------------------
    def ladder(self, first: int, owner: Machine) -> tuple[LadderStep, ...]:
        """One to four steps, the first at `first` ms."""
        steps: list[LadderStep] = []
        at = first
        for _ in range(self.rng.randint(1, 4)):
            other = self.rng.choice([m for m in self.fate.machines if m.name != owner.name] or [owner])
            word = self.rng.choice((other.name, f"@{self.rng.choice(GROUPS)}", "@here", "@everyone", "@room:blue"))
            steps.append(LadderStep(at, (word,)))
            at += self.rng.randint(1, 12) * SECOND
        return tuple(steps)
