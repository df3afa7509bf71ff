"""Ladders: a step names its members on every machine at its age by that machine's own clock, while nobody comes.

Who is rung by it, and who is not, is judged with all other rings (`ringing.py`, `truth.parts`).
"""

from escalate_daemon.core.ids import HandId
from escalate_daemon.core.tuning import FIRST_COMPARISON
from escalate_daemon.core.views import EscalationState, EscalationView
from simulation.machine import Machine
from simulation.oracle.fairness import MENDED, PROMPT
from simulation.oracle.rule import Case, Look, Rule
from simulation.oracle.truth import STEP_EARLY, TrueHand

LATE = 2_500  # ms: an age that comes over the LAN is late by what it was on its way
SHAKEN_LATE = 20_000  # ms: what a stalled or dying stream held came as old as it was when it was sent
_UP = (EscalationState.ACTIVE, EscalationState.LOST)


class Ladder(Rule):
    """Not early, not late, and not stopped by an owner's death."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._seen: dict[tuple[int, HandId], int] = {}
        self._shaken_until = 0

    def started(self, machine: Machine) -> None:
        self._seen = {key: at for key, at in self._seen.items() if key[0] != machine.index}

    def fault(self, machines: list[Machine], allowance: int) -> None:
        self._shaken_until = max(self._shaken_until, self.world.now + allowance)

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            for view in look.escalations:
                hand = self.truth.hands.get(view.id)
                if hand is None or hand.doubt or hand.ended_at is not None or not view.ladder:
                    continue
                if view.state not in _UP:
                    self._seen.pop((look.machine.index, view.id), None)
                elif not hand.jumped and not hand.age_doubt:
                    self._judge(look.machine.index, view, hand)

    def _judge(self, viewer: int, view: EscalationView, hand: TrueHand) -> None:
        now = self.world.now
        seen = self._seen.setdefault((viewer, view.id), now)
        for place, step in enumerate(view.ladder):
            age = now - hand.raised_at
            if step.fired:
                if age < step.after - STEP_EARLY:
                    self.broken("ladder", f"n{viewer} fires step {place} of {view.id} at {age} of {step.after} ms")
                gone = not self.world.machines[hand.owner].runs
                self.stake("ladder, owner gone" if gone else "ladder", (viewer, view.id, place))
                continue
            due = self._due(viewer, view.id, hand, hand.raised_at + step.after, seen)
            if due is not None and now > due:
                self.broken("ladder", f"n{viewer} has not fired step {place} of {view.id}, due at {due}")

    def _due(self, viewer: int, hand_id: HandId, hand: TrueHand, at: int, seen: int) -> int | None:
        over = self.claims.silence_ends(hand_id, viewer)
        if over is None:
            return None
        late = SHAKEN_LATE if self._shaken_until >= hand.raised_at else LATE
        person = self.truth.people[viewer]
        awake = person.awake_at + MENDED
        return max(at + late, over + PROMPT, seen + PROMPT, awake, person.started_at + FIRST_COMPARISON + PROMPT)
