"""The escalations that this node knows: learnt from states, lost and put away by its own clock, ended by owners."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from escalate_daemon.core import ladder, tuning
from escalate_daemon.core.answering import HandAnswers
from escalate_daemon.core.context import Context
from escalate_daemon.core.facts import (
    EscalationEnded,
    EscalationFact,
    EscalationFound,
    EscalationLost,
    EscalationPutAway,
    EscalationRaised,
    EscalationReturned,
    EscalationUpdated,
)
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.lifecycle import Action, after
from escalate_daemon.core.own import store_slot
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Held, Replica
from escalate_daemon.core.slots import RED, STATE, End, Hand, Receipt, Target, hand_of
from escalate_daemon.core.views import EndReason, EscalationState, EscalationView
from escalate_daemon.core.wire import SlotKey

UPDATE_GATHER = 100  # ms; receipts of many members told to watchers together
UPDATE_GATHER_CROWD = 1 * tuning.SECOND  # where so many are named that their receipts are spread: each view is large


@dataclass(slots=True)
class Known:
    """One escalation as known here. Times in ms of my clock; `raised_at` may lie before it began."""

    id: HandId
    owner: MemberId
    hand: Hand
    raised_at: int
    first_held: int
    state: EscalationState
    from_disk: bool = False
    age_heard: bool = False  # of one from disk: a peer told its age, which no jump of my own wall can bend
    spoke_at: int | None = None  # when its owner's word last brought it back
    ended_at: int | None = None
    end_reason: EndReason | None = None
    note: str = ""
    fired: frozenset[int] = frozenset()  # the steps of its ladder that named theirs here
    answers: HandAnswers | None = None  # of one that has ended: as they were then, and so the next
    receipts: Mapping[MemberId, Receipt] | None = None

    @property
    def named(self) -> tuple[Target, ...]:
        """Whom it names by now."""
        return ladder.named_by(self.hand, self.fired) if self.fired else self.hand.named

    @property
    def red(self) -> bool:
        """Whether it names anybody; one raised as yellow is red once a step of its ladder has fired."""
        return self.hand.level == RED or bool(self.fired)

    def age(self, now: int) -> int:
        """Ms since it was raised; for an ended one until its end. Within AGE_MAX, whatever peers say."""
        return min(max(0, (now if self.ended_at is None else self.ended_at) - self.raised_at), tuning.AGE_MAX)

    @property
    def max_age(self) -> int:
        """The owner's limit within ours, in ms."""
        return min(self.hand.max_age or tuning.MAX_AGE, tuning.MAX_AGE_LIMIT)

    @property
    def is_up(self) -> bool:
        """Whether a person should see it."""
        return self.state in (EscalationState.ACTIVE, EscalationState.LOST)


class Hands:
    """All known escalations. `moved` is told of every change of state, after the fact was emitted.

    `freeze` keeps with one that ends what was reported and answered of it: that leaves the others' slots now.
    """

    def __init__(
        self,
        ctx: Context,
        replica: Replica,
        reach: Reachability,
        *,
        view: Callable[[Known], EscalationView],
        moved: Callable[[Known, EscalationState | None], None],
        freeze: Callable[[Known], None],
    ) -> None:
        self._ctx = ctx
        self._replica = replica
        self._reach = reach
        self._view = view
        self._moved = moved
        self._freeze = freeze
        self._known: dict[HandId, Known] = {}
        self._of: dict[MemberId, HandId] = {}
        self._ended: list[HandId] = []
        self._updated: dict[HandId, None] = {}
        self._updated_at: int | None = None
        self._gather = UPDATE_GATHER
        self._reached: tuple[HandId, int, int] | None = None  # mine: how many were shown it, of how many named
        self._reach_news = False
        self.put_away_after = tuning.PUT_AWAY_AFTER  # ms
        self.settled = False  # the first comparison is over: ages from disk are believed as they stand

    def get(self, hand: HandId) -> Known | None:
        """The escalation, or None."""
        return self._known.get(hand)

    def all(self) -> list[Known]:
        """Every known escalation, ended ones included."""
        return list(self._known.values())

    def of(self, owner: MemberId) -> Known | None:
        """The owner's escalation that has not ended, put away or not."""
        hand = self._of.get(owner)
        return None if hand is None else self._known[hand]

    # --- What the owners wrote ---------------------------------------------------------------------
    def load(self, owner: MemberId, *, put_away: Callable[[HandId], bool]) -> None:
        """At start: what the disk holds is lost until heard of; my own is up."""
        held, hand = self._replica.get(SlotKey(owner, STATE)), hand_of(owner, self._replica.state(owner))
        if held is None or hand is None:
            return
        known = self._learn(owner, hand, held)
        known.from_disk = True
        hand_id = known.id
        if owner != self._ctx.me:
            action = Action.PUT_AWAY if put_away(hand_id) else Action.LEARN_LOST
            known.state = after(None, action) or known.state

    def state_changed(self, owner: MemberId, *, direct: bool) -> None:
        """The owner's newest state is held: end what it no longer holds, learn what it does.

        `direct`: it came over a link with the owner, whose word on the age is taken.
        """
        held, state = self._replica.get(SlotKey(owner, STATE)), self._replica.state(owner)
        if held is None:
            return
        hand = hand_of(owner, state)
        before = self.of(owner)
        if before is not None and (hand is None or hand.id != before.id):
            self._end(before, state.end if state is not None else None, replaced=hand is not None)
        if hand is None:
            return
        known = self._known.get(HandId(hand.id))
        if known is None:
            self._raise(self._learn(owner, hand, held))
        elif known.ended_at is None:
            known.hand = hand
            if direct:
                self._hear_age(known, hand.age + held.age(self._ctx.now))
            self.updated(known.id)

    def _learn(self, owner: MemberId, hand: Hand, held: Held) -> Known:
        now = self._ctx.now
        raised_at = now - min(hand.age + held.age(now), tuning.AGE_MAX)
        known = Known(HandId(hand.id), owner, hand, raised_at, held.since, EscalationState.ACTIVE)
        self._known[known.id] = known
        self._of[owner] = known.id
        return known

    def _raise(self, known: Known) -> None:
        too_old = known.owner != self._ctx.me and self._ctx.now >= self._too_old_at(known)
        lost = known.owner != self._ctx.me and self._reach.is_lost(known.owner)
        action = Action.PUT_AWAY if too_old else Action.LEARN_LOST if lost else Action.LEARN
        known.state = after(None, action) or known.state
        if not too_old:
            self._ctx.emit(EscalationRaised(self._view(known)))
        self._moved(known, None)

    def _end(self, known: Known, end: End | None, *, replaced: bool) -> None:
        mine = end if end is not None and end.id == known.id else None
        known.ended_at = self._ctx.now
        known.end_reason = _reason(mine.reason) if mine else EndReason.REPLACED if replaced else EndReason.OWNER
        known.note = mine.note if mine else ""
        self._freeze(known)
        self._of.pop(known.owner, None)
        self._ended.append(known.id)
        for old in self._ended[: -tuning.ENDS_KEPT]:
            self._known.pop(old, None)
        del self._ended[: -tuning.ENDS_KEPT]
        self._move(known, Action.END, EscalationEnded)

    def heard_age(self, owner: MemberId, age: int, *, direct: bool) -> None:
        """A peer told how old the owner's state is that is held here: the owner itself is believed, others only
        about what I have from disk, and the first of them.
        """
        known = self.of(owner)
        if known is not None and (direct or (known.from_disk and not known.age_heard)):
            known.age_heard = True
            self._hear_age(known, known.hand.age + age)
            if direct:
                self.owner_spoke(owner)

    def _hear_age(self, known: Known, age: int) -> None:
        """The owner's word, but never less than my own time since I first held it."""
        known.raised_at = min(self._ctx.now - min(max(0, age), tuning.AGE_MAX), known.first_held)

    def older(self, known: Known, age: int) -> None:
        """After a restart a peer says that my hand is older than I thought; it cannot make it end by that."""
        bounded = min(age, known.max_age - min(tuning.MINUTE, known.max_age // 4))
        known.raised_at = min(known.raised_at, self._ctx.now - max(0, bounded))

    # --- What the clock and the links say ----------------------------------------------------------
    def owner_spoke(self, owner: MemberId) -> None:
        """A newer slot of the owner came, or a direct link to it is up: what was put away returns."""
        known = self.of(owner)
        if known is not None and known.state is EscalationState.PUT_AWAY and owner != self._ctx.me:
            known.spoke_at = self._ctx.now
            self._bring_back(known)

    def _bring_back(self, known: Known) -> None:
        if self._ctx.now < self._too_old_at(known):
            self._move(known, Action.OWNER_WORD, EscalationReturned)
            self._follow_owner(known)

    def follow(self) -> list[Known]:
        """Lose, find and put away by reachability and age; returns mine where it is past its maximum age."""
        overdue: list[Known] = []
        for known in [self._known[hand] for hand in self._of.values()]:
            if self._ctx.now >= self._too_old_at(known) and self._age_counts(known):
                if known.owner == self._ctx.me:
                    overdue.append(known)
                else:
                    self._put_away(known)
            elif known.owner != self._ctx.me:
                if known.state is EscalationState.PUT_AWAY and known.spoke_at is not None:
                    self._bring_back(known)
                self._follow_owner(known)
        self._tell_updates()
        return overdue

    def _put_away(self, known: Known) -> None:
        known.spoke_at = None
        self._move(known, Action.PUT_AWAY, EscalationPutAway)

    def _too_old_at(self, known: Known) -> int:
        """When it is past its maximum age.

        An owner within reach ends its hand itself; until it does, only the time that I saw it up myself counts, for
        what others say of an age may be a lie that hides it.
        """
        live = known.owner != self._ctx.me and self._reach.is_reachable(known.owner)
        return (known.first_held if live else known.raised_at) + known.max_age

    def _age_counts(self, known: Known) -> bool:
        """Whether its age is believed: what the disk says waits for the first comparison."""
        return self.settled or not known.from_disk

    def _follow_owner(self, known: Known) -> None:
        if self._reach.is_reachable(known.owner):
            self._move(known, Action.OWNER_FOUND, EscalationFound)
            return
        if not self._reach.is_lost(known.owner):
            return
        self._move(known, Action.OWNER_LOST, EscalationLost)
        if self._ctx.now >= self._lost_at(known) + self.put_away_after:
            self._put_away(known)

    def _lost_at(self, known: Known) -> int:
        """From when PUT_AWAY_AFTER counts: contact lost, or the record learnt or brought back after that."""
        since = self._reach.unreachable_since(known.owner)
        return max(
            self._ctx.now if since is None else since,
            known.first_held if known.spoke_at is None else known.spoke_at,
        )

    def _move(self, known: Known, action: Action, fact: type[EscalationFact]) -> None:
        before = known.state
        state = after(before, action)
        if state is None or state is before:
            return
        known.state = state
        self.told(known, fact)
        self._moved(known, before)

    # --- Watching ----------------------------------------------------------------------------------
    def updated(self, hand: HandId) -> None:
        """Something that a watcher sees changed: told soon, together with what else changes."""
        self._updated[hand] = None
        if self._updated_at is None:
            self._updated_at = self._ctx.now + self._gather

    def _tell_updates(self) -> None:
        if self._updated_at is None or self._ctx.now < self._updated_at:
            return
        hands, self._updated, self._updated_at = list(self._updated), {}, None
        self._gather = UPDATE_GATHER
        for hand in hands:
            known = self._known.get(hand)
            if known is not None:
                view = self._view(known)
                self._ctx.emit(EscalationUpdated(view))
                self._note_reach(view)
                if len(view.receipts) > tuning.RECEIPT_CROWD:
                    self._gather = UPDATE_GATHER_CROWD

    def _note_reach(self, view: EscalationView) -> None:
        reached = view.id, view.reach.shown, view.reach.named
        if view.mine and reached != self._reached:
            self._reached, self._reach_news = reached, True

    def take_reach_news(self) -> bool:
        """Whether more or fewer were shown mine than when this was asked last."""
        news, self._reach_news = self._reach_news, False
        return news

    def told(self, known: Known, fact: type[EscalationFact]) -> None:
        """Emit a fact about one now, with its view."""
        self._ctx.emit(fact(self._view(known)))  # type: ignore[arg-type]

    def restamp(self) -> None:
        """Store the ages of what is up again: after a restart only the wall tells how long that took."""
        for owner in self._of:
            held = self._replica.get(SlotKey(owner, STATE))
            if held is not None:
                store_slot(self._ctx, held)

    def next_deadline(self) -> int | None:
        """When an age or a loss is due next."""
        times = [] if self._updated_at is None else [self._updated_at]
        for hand in self._of.values():
            known = self._known[hand]
            if known.state is not EscalationState.PUT_AWAY:
                if self._age_counts(known):
                    times.append(self._too_old_at(known))
                if known.state is EscalationState.LOST:
                    times.append(self._lost_at(known) + self.put_away_after)
        return min(times, default=None)


def _reason(word: str) -> EndReason:
    try:
        return EndReason(word)
    except ValueError:
        return EndReason.OWNER
