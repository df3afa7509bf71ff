"""Rules 8 and 9: who vanished is lost in time, put away in time and never before; who is back is back at once.

The 30 s of rule 8 count strictly for a single vanishing. Where a neighbour of the vanished one vanishes itself
(dies, sleeps, is cut off) before it can have noticed, its last list of links is still believed until its own loss
is noticed: then they count from that second vanishing (`Fairness.vanished_at`).
"""

from escalate_daemon.core.ids import HandId
from escalate_daemon.core.tuning import PUT_AWAY_AFTER
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView
from simulation.machine import Machine
from simulation.oracle.rule import Case, Look, Rule

LOST_WITHIN = 30_000
SLACK = 5_000  # ms: between a fault's time in the world and when a node can have seen it


class Liveness(Rule):
    """Lost, found, put away."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._lost: set[tuple[int, int]] = set()
        self._first_held: dict[tuple[int, HandId], int] = {}

    def started(self, machine: Machine) -> None:
        self._lost = {pair for pair in self._lost if machine.index not in pair}

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            viewer = look.machine.index
            for member in look.members:
                owner = self.truth.index.get(member.id)
                if owner is None:
                    self.broken("6", f"n{viewer} lists a member that does not exist")
                elif owner != viewer and not self._left(owner, member):
                    self._member(viewer, owner, member)
            for view in look.escalations:
                owner = self.truth.index.get(view.owner.id)
                if owner is not None and owner != viewer and not self._left(owner, view.owner):
                    self._hand(viewer, owner, view)

    def _left(self, owner: int, member: MemberView) -> bool:
        return member.presence == "left" or self.truth.people[owner].left

    def _member(self, viewer: int, owner: int, member: MemberView) -> None:
        now = self.world.now
        gone = self._gone_for(viewer, owner)
        pair = (viewer, owner)
        if gone is not None:
            if gone > LOST_WITHIN:
                self.stake("8", pair if pair not in self._lost else (pair, "again"))
                if member.online:
                    self.broken("8", f"n{viewer} does not see n{owner} as lost, vanished {gone} ms ago")
            if not member.online:
                self._lost.add(pair)
            return
        joined = self.fairness.joined_by(owner, viewer)
        if joined is None or now <= joined:
            return
        if member.online:
            if pair in self._lost:
                self._lost.discard(pair)
                self.stake("9")
        else:
            self.broken("9", f"n{viewer} sees n{owner} as lost, due at {joined}")

    def _gone_for(self, viewer: int, owner: int) -> int | None:
        vanished = self.fairness.vanished_at(viewer, owner)
        return None if vanished is None else self.world.now - max(vanished, self.truth.people[viewer].awake_at)

    def _hand(self, viewer: int, owner: int, view: EscalationView) -> None:
        hand = self.truth.hands.get(view.id)
        if hand is None or hand.ended_at is not None or hand.doubt:
            return
        near_max = hand.age_doubt or self.world.now - hand.raised_at > hand.hand.max_age - SLACK
        gone = self._gone_for(viewer, owner)
        if gone is None:
            joined = self.fairness.joined_by(owner, viewer)
            late = joined is not None and self.world.now > max(joined, hand.raised_at + 2000)
            if late and view.state is not EscalationState.ACTIVE and not near_max:
                self.broken("9", f"n{viewer} shows {view.id} as {view.state} though n{owner} is back, due at {joined}")
            return
        self._vanished(viewer, view, gone, near_max=near_max)

    def _vanished(self, viewer: int, view: EscalationView, gone: int, *, near_max: bool) -> None:
        if gone > LOST_WITHIN and view.state is EscalationState.ACTIVE:
            self.broken("8", f"n{viewer} shows {view.id} as active, its owner vanished {gone} ms ago")
        if gone > PUT_AWAY_AFTER + LOST_WITHIN + SLACK and self._held_long(viewer, view.id, gone):
            self.stake("8 put away", (viewer, view.id))
            if view.state is not EscalationState.PUT_AWAY:
                self.broken("8", f"n{viewer} has not put {view.id} away, its owner vanished {gone} ms ago")
        if view.state is EscalationState.PUT_AWAY and not near_max and self._total_gone(view) < PUT_AWAY_AFTER - SLACK:
            self.broken("8", f"n{viewer} put {view.id} away too early, its owner vanished {gone} ms ago")

    def _held_long(self, viewer: int, hand: HandId, gone: int) -> bool:
        """Whether the viewer itself has held it that long: it counts from when the record was learnt."""
        first = self._first_held.setdefault((viewer, hand), self.world.now)
        return self.world.now - first > PUT_AWAY_AFTER + SLACK or gone > 2 * PUT_AWAY_AFTER + LOST_WITHIN

    def _total_gone(self, view: EscalationView) -> int:
        """The longest anybody can have missed the owner."""
        owner = self.truth.index[view.owner.id]
        times = [self.fairness.apart_since(i, owner) for i in range(len(self.world.machines)) if i != owner]
        return max((self.world.now - t for t in times if t is not None), default=0)
