"""What a person's own presence and policy come to: in one write, for every viewer, and kept to oneself."""

from escalate_daemon.core import slots
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import State
from escalate_daemon.core.views import EscalationState, EscalationView, Why
from escalate_daemon.core.wire import decode_record
from simulation.machine import Machine
from simulation.oracle.rule import Case, Look, Rule

_UP = (EscalationState.ACTIVE, EscalationState.LOST)


class Presence(Rule):
    """Rule 13: entering a room, going away, leaving end the hand in the same write."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._last: dict[int, State] = {}

    def restored(self, machine: Machine) -> None:
        self._last.pop(machine.index, None)

    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            if store.bucket is not Bucket.SLOTS or store.value is None or not store.key.endswith(b"/state"):
                continue
            record = decode_record(store.value)
            if record.member == machine.member:
                self._state(machine.index, decode_body(record.body, State) or State())

    def _state(self, index: int, state: State) -> None:
        before = self._last.get(index, State())
        self._last[index] = state
        if (state.presence, state.room) == (before.presence, before.room) or before.hand is None:
            return
        if not self._ends(index, state.presence):
            return
        self.stake("presence")
        if state.hand is not None and state.hand.id == before.hand.id:
            self.broken("13", f"n{index} writes {state.presence}, and still holds {state.hand.id}")

    def _ends(self, index: int, presence: str) -> bool:
        policy = self.world.machines[index].policy
        return {slots.ROOM: policy.end_on_room, slots.AWAY: policy.end_on_away, slots.LEFT: policy.end_on_leave}.get(
            presence, False
        )

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            for view in look.escalations:
                hand = self.truth.hands.get(view.id)
                if hand is None or hand.doubt or view.state not in _UP or self.truth.people[hand.owner].forked:
                    continue
                presence = view.owner.presence
                if presence != hand.raised_in and self._ends(hand.owner, presence):
                    self.broken("13", f"n{look.machine.index} shows n{hand.owner} as {presence} with {view.id} up")


class Policy(Rule):
    """Rule 12 of an escalation: nothing comes up for who keeps it out, and its receipt says so."""

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        hand = self.truth.hands.get(show.hand)
        if show.kind is not ShowKind.SHOW or hand is None or hand.owner == machine.index:
            return
        person = self.truth.people[machine.index]
        owner = self.world.machines[hand.owner].name
        if person.is_sure() and person.keeps_out(owner, self.world.now):
            self.broken("policy", f"{show.hand} comes up at n{machine.index}, where n{hand.owner} is kept out")

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            for view in look.escalations:
                if view.state in _UP:
                    self._receipts(look.machine.index, view)

    def _receipts(self, viewer: int, view: EscalationView) -> None:
        hand = self.truth.hands.get(view.id)
        if hand is None or hand.doubt:
            return
        for receipt in view.receipts:
            index = self.truth.index[receipt.member.id]
            person = self.truth.people[index]
            if index == hand.owner or person.forked or not person.is_sure() or person.started_at > hand.raised_at:
                continue
            if not person.keeps_out(self.world.machines[hand.owner].name, self.world.now):
                continue
            if person.quiet_at > hand.raised_at or receipt.delivered_ago is None:
                continue
            self.stake("policy", (view.id, index, viewer))
            if receipt.why is not Why.MUTED or receipt.shown_ago is not None:
                self.broken("policy", f"n{viewer} reads {receipt.why} of n{index}, which is muted, for {view.id}")
