"""What the world tells whoever judges it. The oracle is one; every method may be left empty."""

from typing import TYPE_CHECKING

from escalate_daemon.core.commands import Command
from escalate_daemon.core.effects import Show, Store
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import HandId

if TYPE_CHECKING:
    from simulation.machine import Machine


class Witness:
    """Base of all witnesses: sees everything, does nothing."""

    def told(self, machine: "Machine", command: Command) -> None:
        """A person or a script of the world gives a command; what it wrote follows in `wrote`."""

    def did(self, machine: "Machine", command: Command) -> None:
        """The command was not refused, all that came of it is done, and the daemon lived through it."""

    def wrote(self, machine: "Machine", stores: list[Store], *, committed: bool) -> None:
        """One step's Stores, as soon as they bind: committed, or (a mutant shell) already sent."""

    def asked_to_show(self, machine: "Machine", show: Show) -> None:
        """The node asks its notifier for something."""

    def perceived(self, machine: "Machine", show: Show) -> None:
        """A new pop-up is before the person's eyes, with sound where it rings."""

    def sounded(self, machine: "Machine", hand: HandId) -> None:
        """The player has exited well."""

    def stated(self, machine: "Machine", fact: Fact) -> None:
        """A fact from the node."""

    def started(self, machine: "Machine") -> None:
        """A node is about to run on this machine."""

    def stopped(self, machine: "Machine", *, in_window: frozenset[HandId]) -> None:
        """The node is gone; `in_window`: hands whose ring was recorded and not yet reported."""

    def woke(self, machine: "Machine") -> None:
        """It goes on after sleep."""

    def restored(self, machine: "Machine") -> None:
        """Its disk was wiped or replaced by an old backup while it was down."""

    def fault(self, machines: "list[Machine]", allowance: int) -> None:
        """Something broke or was mended for these; its consequences may last `allowance` ms."""

    def mended(self, allowance: int) -> None:
        """A fault of everybody is over: what they suffer ends in `allowance` ms, not later."""

    def jumped(self, machine: "Machine", shift: int) -> None:
        """Its wall clock jumped by `shift` ms."""

    def at_stake(self, rule: str, count: int = 1) -> None:
        """The world did something that puts a rule at stake."""
