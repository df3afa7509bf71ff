"""Rules 1, 10 and 11: every red reaches every named member in time, rings once, and rings nobody else."""

from escalate_daemon.core.commands import Approach, Command, Dismiss, ReportNotShown, ReportSeen, Say
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.facts import EscalationRaised, Fact
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.tuning import MAX_AGE, MINUTE, PUT_AWAY_AFTER, RING_ATTEMPTS, RINGS_PER_MINUTE
from simulation.machine import Machine
from simulation.oracle.rule import Case, Look, Rule
from simulation.oracle.truth import TrueHand

AGE_SLACK = 30_000  # ms: near its maximum age nobody can say whether a hand still rings
DESK = 3_000  # ms: a slow notification server is not the node's fault


class Ringing(Rule):
    """Who must be rung, who may, and how often."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._holders: dict[HandId, dict[int, int]] = {}
        self._failed: set[tuple[HandId, int]] = set()
        self._seen: set[tuple[HandId, int]] = set()  # by who was named: it need not ring any more
        self._rang: dict[tuple[int, int], list[int]] = {}  # owner, machine -> when, in the last minute
        self._met_at: dict[tuple[HandId, int], bool] = {}

    # --- Rule 11, and what counts as satisfied -----------------------------------------------------
    def asked_to_show(self, machine: Machine, show: Show) -> None:
        if show.kind is not ShowKind.SHOW or show.urgency is Urgency.QUIET:
            return
        hand = self.truth.hands.get(show.hand)
        if hand is None:
            self.broken("6", f"n{machine.index} rings for {show.hand}, which nobody raised")
            return
        if hand.owner == machine.index:  # the owner's own pop-up may be urgent, and never sounds
            if show.urgency is Urgency.RING:
                self.broken("11", f"n{machine.index} is rung for its own {show.hand}")
            return
        if not self.truth.may_ring(hand, machine.index, self.world.now):
            self.broken("11", f"n{machine.index} is rung for {show.hand}, which does not name it")
        self._is_limited_rightly(machine, show, hand)

    def _is_limited_rightly(self, machine: Machine, show: Show, hand: TrueHand) -> None:
        """A sound is dropped only after six in a minute from that owner."""
        now, key = self.world.now, (hand.owner, machine.index)
        times = [at for at in self._rang.get(key, []) if now - at <= MINUTE]
        if show.urgency is Urgency.RING:
            self._rang[key] = [*times, now]
        elif self.truth.tale(show.hand, machine.index).asked_ever == 1 and len(times) < RINGS_PER_MINUTE:
            self.broken(
                "10", f"n{machine.index} is denied the sound of {show.hand} after {len(times)} rings in a minute"
            )

    def perceived(self, machine: Machine, show: Show) -> None:
        tale = self.truth.tale(show.hand, machine.index)
        owner = self.truth.hands[show.hand].owner
        if owner == machine.index:
            return
        times = [at for at in self._rang.get((owner, machine.index), []) if self.world.now - at <= MINUTE + DESK]
        if show.urgency is Urgency.URGENT and tale.asked_ever == 1 and len(times) < RINGS_PER_MINUTE:
            self.broken(
                "10", f"n{machine.index} is denied the sound of {show.hand} after {len(times)} rings in a minute"
            )
        if show.urgency is not Urgency.RING:
            return
        self._rang[owner, machine.index] = [*times, self.world.now]
        if tale.window_crashes or tale.rings_all > 1:
            self.stake("10", (show.hand, machine.index, tale.rings_all))
        allowed = 1 + min(1, tale.window_crashes) + tale.again
        if tale.rings > allowed:
            self.broken("10", f"n{machine.index} is rung {tale.rings} times for {show.hand}, {allowed} allowed")

    def told(self, machine: Machine, command: Command) -> None:
        if isinstance(command, ReportNotShown):
            self._failed.add((command.hand, machine.index))
        elif isinstance(command, ReportSeen | Dismiss | Approach | Say):
            hand = self.truth.hands.get(command.hand)
            if hand is not None and self.truth.is_named(hand, machine.index, self.world.now):
                self._seen.add((command.hand, machine.index))

    def stopped(self, machine: Machine, *, in_window: frozenset[HandId]) -> None:
        for hand in sorted(in_window):
            self.stake("10", ("window", hand, machine.index))
        for (hand, index), tale in self.truth.rings.items():
            if index == machine.index and tale.rings_all and hand in self.truth.up.values():
                self.stake("10", ("again", hand, index, machine.boot))
        for holders in self._holders.values():
            holders.pop(machine.index, None)

    def stated(self, machine: Machine, fact: Fact) -> None:
        if isinstance(fact, EscalationRaised):
            self._holders.setdefault(fact.hand, {})[machine.index] = self.world.now

    # --- Rule 1 ------------------------------------------------------------------------------------
    def sweep(self, looks: list[Look]) -> None:
        now = self.world.now
        running = [look.machine.index for look in looks]
        for owner, hand_id in sorted(self.truth.up.items()):
            hand = self.truth.hands[hand_id]
            if hand.doubt or not self._young(hand):
                continue
            self._is_seen_by_all(hand_id, hand, looks)
            if not hand.rings:
                continue
            for index in running:
                if index == owner or self.truth.people[index].left:
                    continue
                since = self.truth.rings_since(hand, index, now)
                if since is not None:
                    self._check(hand_id, hand, index, since, now)
                else:
                    self.stake("11", (hand_id, index))

    def _is_seen_by_all(self, hand_id: HandId, hand: TrueHand, looks: list[Look]) -> None:
        """Named or not, yellow or red: everybody lists it, and had a pop-up of it."""
        if not self.world.machines[hand.owner].runs:
            return
        for look in looks:
            index = look.machine.index
            if index == hand.owner or self.truth.people[index].left:
                continue
            person = self.truth.people[index]
            due = self.fairness.due(hand.owner, index, max(hand.raised_at, person.quiet_at))
            if due is None or self.world.now <= due:
                continue
            if all(view.id != hand_id for view in look.escalations):
                self.broken("1", f"n{index} does not list {hand_id} of n{hand.owner}, due at {due}")
            quiet = not person.is_sure() or person.keeps_out(self.world.machines[hand.owner].name, self.world.now)
            if (hand_id, index) not in self.truth.rings and not quiet:
                self.broken("1", f"n{index} had no pop-up of {hand_id} of n{hand.owner}, due at {due}")

    def _young(self, hand: TrueHand) -> bool:
        limit = min(hand.hand.max_age or MAX_AGE, MAX_AGE)
        return not hand.age_doubt and self.world.now - hand.raised_at < limit - AGE_SLACK

    def _check(self, hand_id: HandId, hand: TrueHand, index: int, since: int, now: int) -> None:
        person = self.truth.people[index]
        start = max(since, person.presence_at if person.presence_at > hand.raised_at else 0)
        if self._satisfied(hand_id, index):
            if not self._met_at.get((hand_id, index)):
                self._met_at[hand_id, index] = True
                self.stake("1")
            return
        over = self.claims.silence_ends(hand_id, index)
        if over is None:
            return
        due = self._due(hand_id, hand, index, max(start, over))
        if due is not None and now > due:
            self.broken("1", f"n{index} was not rung for {hand_id} of n{hand.owner}, due at {due}")

    def _satisfied(self, hand_id: HandId, index: int) -> bool:
        tale = self.truth.rings.get((hand_id, index))
        if tale is None:
            return False
        if tale.loud or tale.loud_asked_now or (hand_id, index) in self._failed or (hand_id, index) in self._seen:
            return True
        return tale.asked_now and tale.window_crashes >= RING_ATTEMPTS

    def _due(self, hand_id: HandId, hand: TrueHand, index: int, start: int) -> int | None:
        """The earliest by which somebody who holds it must have brought it there."""
        times = []
        owner = self.world.machines[hand.owner]
        if owner.runs:
            due = self.fairness.due(hand.owner, index, start)
            if due is not None:
                times.append(due)
        apart = self.fairness.apart_since(hand.owner, index)
        if apart is not None and self.world.now - apart > PUT_AWAY_AFTER - AGE_SLACK:
            return min(times, default=None)
        for holder, held in self._holders.get(hand_id, {}).items():
            if holder == index or not self.world.machines[holder].runs:
                continue
            due = self.fairness.due(holder, index, max(start, held))
            if due is not None:
                times.append(due)
        return min(times, default=None)
