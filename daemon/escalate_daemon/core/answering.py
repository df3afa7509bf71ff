"""Everybody's claims and chat lines by the hand that they answer, as the replica holds them.

A claim counts while its claimant is within reach, and for CLAIM_OUTLIVES after: a claimant whose machine died must
not keep a hand silent for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Claim, Line

_Key = tuple[str, MemberId]  # a hand and its owner: who answers names both


@dataclass(frozen=True, slots=True)
class HandAnswers:
    """What was answered to one hand: claims by claimant, and lines, oldest first. `forgotten`: lines not kept."""

    claims: tuple[tuple[MemberId, Claim], ...] = ()
    lines: tuple[tuple[MemberId, Line], ...] = ()
    forgotten: int = 0


NOTHING = HandAnswers()


@dataclass(slots=True)
class News:
    """What is new about one hand since it was asked last. `claimed`, `said`: by whom."""

    hand: str
    owner: MemberId
    claimed: set[MemberId] = field(default_factory=set)
    said: set[MemberId] = field(default_factory=set)


class Answering:
    """The only one who asks the replica whose answers changed."""

    def __init__(self, ctx: Context, replica: Replica, reach: Reachability) -> None:
        self._ctx = ctx
        self._replica = replica
        self._reach = reach
        self._of_member: dict[MemberId, slots.Answers] = {}
        self._of_hand: dict[_Key, dict[MemberId, None]] = {}  # who answered it
        self._made: dict[_Key, HandAnswers] = {}
        self._news: dict[_Key, News] = {}

    def of(self, hand: str, owner: MemberId) -> HandAnswers:
        """All answers to this hand of this owner."""
        self._look()
        key = hand, owner
        answers = self._made.get(key)
        if answers is None:
            answers = self._make(key) if key in self._of_hand else NOTHING
            if answers is not NOTHING:
                self._made[key] = answers
        return answers

    def take_news(self) -> list[News]:
        """What changed since this was asked last, each hand once; a claim withdrawn is news of nobody."""
        self._look()
        news, self._news = list(self._news.values()), {}
        return news

    # --- Claims ------------------------------------------------------------------------------------
    def counts(self, claimant: MemberId) -> bool:
        """Whether a claim of this member counts now."""
        until = self._counts_until(claimant)
        return until is None or self._ctx.now < until

    def claimed(self, hand: str, owner: MemberId) -> bool:
        """Whether somebody is coming whose word counts."""
        return self.claimed_since(hand, owner) is not None

    def claimed_since(self, hand: str, owner: MemberId) -> int | None:
        """The hand's age in ms when the first of those said so whose word counts now; None: nobody is coming."""
        counted = (claim for claimant, claim in self.of(hand, owner).claims if self.counts(claimant))
        return min((max(0, claim.age) for claim in counted), default=None)

    def lapses_at(self, hand: str, owner: MemberId) -> int | None:
        """When the next of its claims stops counting if nothing changes; ms."""
        untils = [self._counts_until(claimant) for claimant, _ in self.of(hand, owner).claims]
        return min((until for until in untils if until is not None and until > self._ctx.now), default=None)

    def _counts_until(self, claimant: MemberId) -> int | None:
        """None: as long as it stays within reach; whoever left has gone home."""
        if claimant == self._ctx.me:
            return None
        state = self._replica.state(claimant)
        if state is not None and state.presence == slots.LEFT:
            return self._ctx.now
        since = self._reach.unreachable_since(claimant)
        if since is None:
            return None if self._reach.is_reachable(claimant) else self._ctx.now
        return since + tuning.CLAIM_OUTLIVES

    # --- Looking -----------------------------------------------------------------------------------
    def _look(self) -> None:
        for member in self._replica.changed(slots.ANSWERS):
            before = self._of_member.pop(member, slots.Answers())
            after = self._replica.answers(member)
            if after.claims or after.lines:
                self._of_member[member] = after
            self._reindex(member, before, after)
            self._note(member, before, after)

    def _reindex(self, member: MemberId, before: slots.Answers, after: slots.Answers) -> None:
        for key in _keys(before):
            self._made.pop(key, None)
            who = self._of_hand.get(key, {})
            who.pop(member, None)
            if not who:
                self._of_hand.pop(key, None)
        for key in _keys(after):
            self._made.pop(key, None)
            self._of_hand.setdefault(key, {})[member] = None

    def _note(self, member: MemberId, before: slots.Answers, after: slots.Answers) -> None:
        claimed_before = {(c.hand, c.owner) for c in before.claims}
        said_before = {(each.hand, each.owner, each.number, each.text) for each in before.lines}
        for key in _keys(before) | _keys(after):
            news = self._news.setdefault(key, News(*key))
            if key not in claimed_before and any((c.hand, c.owner) == key for c in after.claims):
                news.claimed.add(member)
        for line in after.lines:
            if (line.hand, line.owner, line.number, line.text) not in said_before:
                self._news[line.hand, line.owner].said.add(member)

    def _make(self, key: _Key) -> HandAnswers:
        claims: list[tuple[MemberId, Claim]] = []
        lines: list[tuple[MemberId, Line]] = []
        forgotten = 0
        for member in self._of_hand[key]:
            answers = self._of_member[member]
            if member != key[1]:  # nobody comes to oneself
                claims.extend([(member, c) for c in answers.claims if (c.hand, c.owner) == key][:1])
            said = [each for each in answers.lines if (each.hand, each.owner) == key]
            lines.extend((member, each) for each in said)
            forgotten += min(max(0, min((each.number for each in said), default=0)), tuning.VERSION_MAX)
        claims.sort(key=lambda each: (each[1].age, each[0]))
        lines.sort(key=lambda each: (each[1].age, each[0], each[1].number))
        return HandAnswers(tuple(claims), tuple(lines), forgotten)


def _keys(answers: slots.Answers) -> set[_Key]:
    both: Iterable[Claim | Line] = (*answers.claims, *answers.lines)
    return {(each.hand, each.owner) for each in both}
