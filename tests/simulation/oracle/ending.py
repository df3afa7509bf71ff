"""Rules 3, 7 and 13: what its owner ended stays ended everywhere; one hand a member; leaving ends it in one write."""

from escalate_daemon.core import slots
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store
from escalate_daemon.core.facts import EscalationEnded, EscalationRaised, EscalationReturned, Fact
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import State
from escalate_daemon.core.tuning import FIRST_COMPARISON
from escalate_daemon.core.views import EndReason, EscalationState
from escalate_daemon.core.wire import decode_record
from simulation.machine import Machine
from simulation.oracle.rule import Case, Look, Rule

DESK = 3_000  # ms: a slow notification server is not the node's fault
_UP = (EscalationState.ACTIVE, EscalationState.LOST)


class Ending(Rule):
    """Nothing that ended is active, pops up, or stays on a screen."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._ended_at: set[tuple[HandId, int]] = set()  # where the end is known
        self._orphans: set[tuple[int, str]] = set()  # pop-ups whose handle no node can know
        self._away_since: dict[tuple[HandId, int], int] = {}

    # --- Facts and pop-ups -------------------------------------------------------------------------
    def stated(self, machine: Machine, fact: Fact) -> None:
        if isinstance(fact, EscalationEnded):
            self._ended_at.add((fact.hand, machine.index))
            self._rightly_ended(machine, fact)
        elif isinstance(fact, EscalationRaised | EscalationReturned):
            self._not_again(machine, fact.hand, type(fact).__name__)

    def _rightly_ended(self, machine: Machine, fact: EscalationEnded) -> None:
        hand = self.truth.hands.get(fact.hand)
        if hand is not None and hand.ended_at is None and not hand.doubt:
            self.broken("8", f"n{machine.index} says that {fact.hand} ended; its owner did not end it")
        if hand is not None and fact.view.end_reason is EndReason.MAX_AGE and not hand.age_doubt and not hand.doubt:
            age = (hand.ended_at or self.world.now) - hand.raised_at
            if age < hand.hand.max_age - 1000:
                self.broken("8", f"{fact.hand} ended of old age after {age} ms of {hand.hand.max_age}")

    def _not_again(self, machine: Machine, hand: HandId, how: str) -> None:
        if (hand, machine.index) in self._ended_at:
            self.broken("3", f"n{machine.index} knew that {hand} had ended; now: {how}")

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        if show.kind is not ShowKind.SHOW:
            return
        self._not_again(machine, show.hand, f"pop-up ({show.urgency})")
        hand = self.truth.hands.get(show.hand)
        if hand is None or hand.ended_at is None or hand.doubt or hand.owner == machine.index:
            return
        boot_age = self.world.now - self.truth.people[machine.index].started_at
        if boot_age < FIRST_COMPARISON and not machine.ends:
            self.broken(
                "3", f"n{machine.index} pops up {show.hand} from its disk; it ended while n{machine.index} was down"
            )

    # --- Disks -------------------------------------------------------------------------------------
    def started(self, machine: Machine) -> None:
        for hand_id, hand in self.truth.hands.items():
            if hand.ended_at is not None and hand.owner != machine.index and not hand.doubt:
                down = self.truth.people[machine.index].down_spans[-1:]
                if down and down[0][0] <= hand.ended_at:
                    self.stake("3", (hand_id, machine.index, "down"))

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        for handle, hand in machine.desk.screen.items():
            if hand in machine.desk.waiting:
                self._orphans.add((machine.index, handle))

    def restored(self, machine: Machine) -> None:
        for handle in machine.desk.screen:
            self._orphans.add((machine.index, handle))
        self._ended_at = {(hand, index) for hand, index in self._ended_at if index != machine.index}

    # --- Rule 13 -----------------------------------------------------------------------------------
    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            if store.bucket is Bucket.SLOTS and store.value is not None and store.key.endswith(b"/state"):
                record = decode_record(store.value)
                state = decode_body(record.body, State)
                if not self.world.machines[self.truth.index[record.member]].policy.end_on_leave:
                    continue  # its person wants it so
                if state is not None and state.presence == slots.LEFT and state.hand is not None:
                    self.broken("13", f"n{machine.index} holds a state that is left and has a hand")

    # --- Views -------------------------------------------------------------------------------------
    def sweep(self, looks: list[Look]) -> None:
        now = self.world.now
        for hand_id, hand in self.truth.hands.items():
            if hand.unasked and not hand.doubt:
                self.broken("8", f"n{hand.owner} ended {hand_id} at {hand.ended_at}, though nobody told it to")
        for look in looks:
            index = look.machine.index
            owners: dict[bytes, HandId] = {}
            for view in look.escalations:
                if view.state not in _UP:
                    continue
                other = owners.setdefault(view.owner.id, view.id)
                if other != view.id:
                    self.broken("7", f"n{index} shows {other} and {view.id} of one owner")
                self._check_up(look, view.id, now)
            self._check_put_away(look)
            for handle, popped in look.machine.desk.screen.items():
                self._check_screen(look.machine, handle, popped, now)
            self._pending(look)

    def _check_put_away(self, look: Look) -> None:
        """What is put away is off the screen, a slow desk later."""
        away = {view.id for view in look.escalations if view.state is EscalationState.PUT_AWAY}
        index, now = look.machine.index, self.world.now
        self._away_since = {key: at for key, at in self._away_since.items() if key[1] != index or key[0] in away}
        for hand in away:
            since = self._away_since.setdefault((hand, index), now)
            for handle, popped in look.machine.desk.screen.items():
                if popped == hand and now - since > DESK and (index, handle) not in self._orphans:
                    self.broken("8", f"{hand} is put away, its pop-up is still on n{index}'s screen")

    def _pending(self, look: Look) -> None:
        """Ends that this node cannot know of yet: the rule is at stake when it learns."""
        for view in look.escalations:
            hand = self.truth.hands.get(view.id)
            if hand is not None and hand.ended_at is not None and view.state in _UP:
                self.stake("3", (view.id, look.machine.index))
            if hand is not None and view.state in _UP and self._had_another(view.id, hand.owner):
                self.stake("7", (view.id, look.machine.index))

    def _had_another(self, hand_id: HandId, owner: int) -> bool:
        return any(h.owner == owner and i != hand_id for i, h in self.truth.hands.items())

    def _check_up(self, look: Look, hand_id: HandId, now: int) -> None:
        index = look.machine.index
        if (hand_id, index) in self._ended_at:
            self.broken("3", f"n{index} knew that {hand_id} had ended, and lists it as up")
        hand = self.truth.hands.get(hand_id)
        if hand is None:
            self.broken("6", f"n{index} lists {hand_id}, which nobody raised")
            return
        if hand.ended_at is None or hand.doubt:
            return
        if index == hand.owner:
            self.broken("3", f"n{index} lists its own {hand_id} as up after its end")
        due = self.fairness.due(hand.owner, index, hand.ended_at) if self.world.machines[hand.owner].runs else None
        if due is not None and now > due:
            self.broken("3", f"n{index} lists {hand_id} as up; ended at {hand.ended_at}, due at {due}")

    def _check_screen(self, machine: Machine, handle: str, hand_id: HandId, now: int) -> None:
        hand = self.truth.hands.get(hand_id)
        if hand is None or hand.ended_at is None or hand.doubt or (machine.index, handle) in self._orphans:
            return
        if not self.world.machines[hand.owner].runs:
            return
        mine = hand.owner == machine.index
        awake = self.truth.people[machine.index].awake_at
        due = max(hand.ended_at, awake) if mine else self.fairness.due(hand.owner, machine.index, hand.ended_at)
        if due is not None and now > due + DESK:
            self.broken("3", f"the pop-up of {hand_id} is still on n{machine.index}'s screen; due at {due}")
