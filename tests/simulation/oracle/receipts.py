"""Rules 2 and 12: the owner sees as reached exactly whom a pop-up or a sound reached, and nobody else."""

from dataclasses import dataclass

from escalate_daemon.core.commands import Approach, Command, Dismiss, ReportSeen, ReportShown, ReportSounded, Say
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationView, ReceiptView
from simulation.machine import Machine
from simulation.oracle.rule import Case, Look, Rule

GATHER = 1_500  # ms: receipts are gathered, announced and pulled, not flooded


@dataclass(frozen=True, slots=True)
class Claim:
    """What an owner should know of one named machine."""

    owner: int
    hand: HandId
    machine: Machine
    named: int  # since when, ms
    what: str


class Receipts(Rule):
    """What the owner is told, against what happened on the desks."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._seen: set[tuple[HandId, int]] = set()
        self._told: dict[tuple[HandId, int], int] = {}
        self._rang: dict[tuple[HandId, int], int] = {}

    def told(self, machine: Machine, command: Command) -> None:
        if isinstance(command, ReportSeen | Dismiss | Approach | Say):  # who answers it has seen it
            self._seen.add((command.hand, machine.index))
        elif isinstance(command, ReportSounded):
            self._rang[command.hand, machine.index] = self.world.now
        elif isinstance(command, ReportShown):
            self._told[command.hand, machine.index] = self.world.now

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        """A report whose step died with the daemon was never taken."""
        self._told = {key: at for key, at in self._told.items() if key[1] != machine.index or key[0] not in in_window}
        self._rang = {key: at for key, at in self._rang.items() if key[1] != machine.index or at < self.world.now}

    def restored(self, machine: Machine) -> None:
        self._told = {key: at for key, at in self._told.items() if key[1] != machine.index}
        self._rang = {key: at for key, at in self._rang.items() if key[1] != machine.index}

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            for view in look.escalations:
                hand = self.truth.hands.get(view.id)
                if view.mine and hand is not None and hand.red and hand.ended_at is None and not hand.doubt:
                    self._judge(look.machine.index, view)

    def _judge(self, owner: int, view: EscalationView) -> None:
        shown: set[int] = set()
        sounded: set[int] = set()
        for receipt in view.receipts:
            index = self.truth.index[receipt.member.id]
            self._is_true(view.id, index, receipt)
            if receipt.shown_ago is not None:
                shown.add(index)
            if receipt.sounded_ago is not None:
                sounded.add(index)
        if view.reach.shown != len(shown):
            self.broken("2", f"n{owner} counts {view.reach.shown} shown, its receipts say {len(shown)}")
        hand = self.truth.hands[view.id]
        for machine in self.world.machines:
            named = self.truth.named_since(hand, machine.index)
            if named is not None:
                key = (view.id, machine.index)
                if self._told.get(key, -1) < named and machine.index not in shown:
                    self.stake("2", key)
                claim = Claim(owner, view.id, machine, named, "shown")
                self._is_complete(claim, self._told.get(key, -1), reached=machine.index in shown)
                claim = Claim(owner, view.id, machine, named, "sounded")
                self._is_complete(claim, self._rang.get(key, -1), reached=machine.index in sounded)

    def _is_true(self, hand: HandId, index: int, receipt: ReceiptView) -> None:
        tale = self.truth.rings.get((hand, index))
        if receipt.shown_ago is not None:
            self.stake("12", (hand, index))
            if tale is None or not tale.perceived:
                self.broken("12", f"{hand} counts as shown at n{index}, where nobody saw it")
        if receipt.sounded_ago is not None and (tale is None or not tale.sounded):
            self.broken("12", f"{hand} counts as sounded at n{index}, where nothing was heard")
        if receipt.seen_ago is not None and (hand, index) not in self._seen:
            self.broken("12", f"{hand} counts as seen at n{index}, where nobody touched it")

    def _is_complete(self, claim: Claim, told: int, *, reached: bool) -> None:
        """What a machine reported since it is named must have come to the owner."""
        machine = claim.machine
        if told < claim.named or reached or not machine.runs or self.truth.people[machine.index].left:
            return
        due = self.fairness.due(machine.index, claim.owner, told + GATHER)
        if due is not None and self.world.now > due:
            what = f"{claim.hand} as {claim.what} at n{machine.index}, which said so at {told}, due {due}"
            self.broken("2", f"n{claim.owner} does not see {what}")
