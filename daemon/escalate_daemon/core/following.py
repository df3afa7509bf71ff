"""What time and answers make of the hands that are up: steps of ladders, rings, repeats, the owner's own pop-up."""

from dataclasses import dataclass, field

from escalate_daemon.core import ladder, slots
from escalate_daemon.core.answering import Answering, News
from escalate_daemon.core.context import Context
from escalate_daemon.core.facts import EscalationChat, EscalationClaimed
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.naming import Verdict, judge, together
from escalate_daemon.core.owner import Owner
from escalate_daemon.core.quietness import Quietness
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EndReason, Why


@dataclass(slots=True)
class Following:
    """Takes every hand that is up one step on. `_coming`: whose claims counted, when last looked at."""

    ctx: Context
    hands: Hands
    rings: Rings
    answering: Answering
    quietness: Quietness
    owner: Owner
    viewer: Viewer
    me: Myself
    _coming: dict[HandId, frozenset[MemberId]] = field(default_factory=dict)
    _deadline: int | None = None

    def follow(self, *, compared: bool) -> None:
        """All that is due. Hands from disk wait until they were compared."""
        if self.hands.follow():
            self.me.end_hand(EndReason.MAX_AGE)
        reached = self.hands.take_reach_news()
        answered, said = self._tell_news()
        up = [known for known in self.hands.all() if known.is_up and (compared or not known.from_disk)]
        for known in up:
            self._fire(known)
            changed = self._follow_claims(known) or known.id in answered
            self.rings.take_over(known)
            if known.owner == self.ctx.me:
                changed = changed or (reached and not self._coming.get(known.id))
                self.owner.follow(known, said=known.id in said, changed=changed)
            else:
                self.rings.consider(known, self.verdict(known), self.quietness.policy.repeat)
        self._coming = {known.id: self._coming[known.id] for known in up if known.id in self._coming}
        self.rings.forget_old(lambda hand: (k := self.hands.get(hand)) is not None and k.ended_at is None)
        self._deadline = min((due for known in up for due in self._deadlines(known)), default=None)

    # --- Answers -----------------------------------------------------------------------------------
    def _tell_news(self) -> tuple[set[HandId], set[HandId]]:
        """Facts of what was answered; gives the hands answered, and those of mine in which others said something."""
        answered: set[HandId] = set()
        said: set[HandId] = set()
        for news in self.answering.take_news():
            known = self.hands.get(HandId(news.hand))
            if known is None or known.owner != news.owner or known.ended_at is not None:
                continue
            self._tell(known, news)
            answered.add(known.id)
            if known.owner == self.ctx.me and news.said - {self.ctx.me}:
                said.add(known.id)
        return answered, said

    def _tell(self, known: Known, news: News) -> None:
        if news.claimed - {known.owner}:
            self.hands.told(known, EscalationClaimed)
        if news.said:
            self.hands.told(known, EscalationChat)
        if not news.claimed and not news.said:
            self.hands.updated(known.id)
        if known.owner != self.ctx.me:
            self.rings.answered(known)

    def _follow_claims(self, known: Known) -> bool:
        """A claim may begin or cease to count without a word from anybody; whether one did."""
        claims = self.answering.of(known.id, known.owner).claims
        coming = frozenset(claimant for claimant, _ in claims if self.answering.counts(claimant))
        if coming == self._coming.get(known.id, frozenset()):
            return False
        self._coming[known.id] = coming
        self.hands.updated(known.id)
        if known.owner != self.ctx.me:
            self.rings.answered(known)
        return True

    # --- The ladder --------------------------------------------------------------------------------
    def _fire(self, known: Known) -> None:
        """Steps whose time has come, or had when somebody said to be coming. What has fired stays so: also for who
        starts anew, or comes later, while somebody is coming.
        """
        age, since = known.age(self.ctx.now), self.answering.claimed_since(known.id, known.owner)
        fired = known.fired | ladder.due(known.hand, age if since is None else min(age, since))
        if fired != known.fired:
            known.fired = fired
            self.hands.updated(known.id)

    # --- Rings -------------------------------------------------------------------------------------
    def verdict(self, known: Known) -> Verdict:
        """Whether it names me, and what keeps it from ringing here."""
        owner = self.viewer.person(known.owner)
        hidden = owner is not None and self.quietness.keeps_out(owner)
        verdicts = []
        if known.hand.level == slots.RED:
            verdicts.append(self._judge(known.hand.named, known.age(self.ctx.now)))
        for place, step in enumerate(ladder.steps(known.hand)):
            if place in known.fired:
                verdicts.append(self._judge(step.named, known.age(self.ctx.now) - max(0, step.after)))
        verdict = together(verdicts)
        if not hidden:
            return verdict
        return Verdict(verdict.named, Why.MUTED if verdict.named else None, hidden=True)

    def _judge(self, named: tuple[slots.Target, ...], age: int) -> Verdict:
        here = self.me.available_for()
        return judge(named, self.viewer.me(), available_for=here, age=age, silences=self.quietness.silences)

    def _deadlines(self, known: Known) -> list[int]:
        lapses = self.answering.lapses_at(known.id, known.owner)
        times = [] if lapses is None else [lapses]
        next_step = ladder.next_after(known.hand, known.fired)
        since = self.answering.claimed_since(known.id, known.owner)
        if next_step is not None and (since is None or next_step <= since):
            times.append(known.raised_at + next_step)
        if known.owner == self.ctx.me and (due := self.owner.next_deadline(known)) is not None:
            times.append(due)
        return times

    def next_deadline(self) -> int | None:
        """When the next of it is due, ms."""
        return self._deadline
