"""My own answers: what I claim, and what I say in threads. One slot, written whole."""

import msgspec

from escalate_daemon.core import slots, text, tuning
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.context import Context
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Answers, Claim, Line

STALE_KEPT = 60 * tuning.SECOND  # an answer to what has ended stays so long: the end may be slower on its way


class MyAnswers:
    """Writes my `answers` slot. Refusals say why."""

    def __init__(self, ctx: Context, replica: Replica, own: OwnSlots, hands: Hands) -> None:
        self._ctx = ctx
        self._replica = replica
        self._own = own
        self._hands = hands
        self._stale_since: int | None = None
        self._numbers: dict[str, int] = {}  # my lines in each thread, also those not kept
        self._said_now: set[tuple[str, int]] = set()  # of this boot
        self._claimed_now: dict[str, bool] = {}  # of this boot: claimed, or withdrawn

    # --- Claims ------------------------------------------------------------------------------------
    def claim(self, hand: HandId) -> None:
        """I am coming. Said again it changes nothing."""
        known = self._answerable(hand)
        if known.owner == self._ctx.me:
            raise CommandRefused(Refusal.NOTHING_TO_CLAIM, "it is yours: others come to you", "end it: escalate end")
        mine = self._fresh()
        self._claimed_now[hand] = True
        if any(claim.hand == hand for claim in mine.claims):
            return
        claim = Claim(hand, known.owner, known.age(self._ctx.now))
        claims = (*mine.claims, claim)[-tuning.CLAIMS_MAX :]
        self._own.write(slots.ANSWERS, msgspec.structs.replace(mine, claims=claims))

    def withdraw(self, hand: HandId) -> None:
        """I am not coming."""
        mine = self._mine()
        if all(claim.hand != hand for claim in mine.claims):
            raise CommandRefused(Refusal.NOTHING_TO_CLAIM, "you had not said that you are coming")
        self._claimed_now[hand] = False
        fresh = self._fresh()
        claims = tuple(claim for claim in fresh.claims if claim.hand != hand)
        self._own.write(slots.ANSWERS, msgspec.structs.replace(fresh, claims=claims))

    def withdraw_all(self) -> None:
        """I have left: nobody is to wait for me, also not once I am back."""
        fresh = self._fresh()
        if fresh.claims:
            self._claimed_now |= {claim.hand: False for claim in fresh.claims}
            self._own.write(slots.ANSWERS, msgspec.structs.replace(fresh, claims=()))

    # --- Threads -----------------------------------------------------------------------------------
    def say(self, hand: HandId, words: str) -> None:
        """One line in the thread; my oldest lines go where there are too many."""
        try:
            line_text = text.normalise_line(words)
        except text.TextRefused as error:
            raise CommandRefused(Refusal.USAGE, error.reason) from error
        known = self._answerable(hand)
        mine = self._fresh()
        said = [line.number for line in mine.lines if line.hand == hand]
        number = max(self._numbers.get(hand, 0), *(each + 1 for each in said), 0)
        self._numbers[hand] = number + 1
        self._said_now.add((hand, number))
        line = Line(hand, known.owner, known.age(self._ctx.now), line_text, number)
        lines = (*mine.lines, line)[-tuning.LINES_KEPT :]
        self._own.write(slots.ANSWERS, msgspec.structs.replace(mine, lines=lines))

    def _answerable(self, hand: HandId) -> Known:
        known = self._hands.get(hand)
        if known is None or known.ended_at is not None:
            raise CommandRefused(Refusal.NOTHING_TO_CLAIM, "it has ended", "what is up: escalate list")
        return known

    # --- Keeping -----------------------------------------------------------------------------------
    def reconcile(self, before: Answers) -> None:
        """My slot came back from an earlier life: what this boot claimed, withdrew and said stands all the same."""
        theirs = self._mine()
        claims = {c.hand: c for c in theirs.claims if self._claimed_now.get(c.hand, True)}
        claims |= {c.hand: c for c in before.claims if self._claimed_now.get(c.hand, False)}
        lines = {(each.hand, each.number): each for each in theirs.lines}
        for line in before.lines:
            if (line.hand, line.number) not in self._said_now:
                continue
            taken = lines.get((line.hand, line.number))
            if taken is not None and taken.text != line.text:
                number = 1 + max(each.number for each in lines.values() if each.hand == line.hand)
                line = msgspec.structs.replace(line, number=number)  # noqa: PLW2901  it moves behind what stands there
                self._said_now.add((line.hand, number))
            lines[line.hand, line.number] = line
        merged = Answers(
            tuple(claims.values())[-tuning.CLAIMS_MAX :],
            tuple(sorted(lines.values(), key=self._said_at))[-tuning.LINES_KEPT :],
        )
        if merged != theirs:
            self._own.write(slots.ANSWERS, merged)

    def _said_at(self, line: Line) -> tuple[int, int]:
        """When it was said, to be sorted by, over all threads."""
        known = self._hands.get(HandId(line.hand))
        return (0 if known is None else known.raised_at) + line.age, line.number

    def follow(self, *, compared: bool) -> None:
        """Take out of my slot what answers nothing any more, a while after it ended."""
        mine = self._mine()
        if not compared or self._fresh() == mine:
            self._stale_since = None
        elif self._stale_since is None:
            self._stale_since = self._ctx.now
        elif self._ctx.now >= self._stale_since + STALE_KEPT:
            self._stale_since = None
            self._own.write(slots.ANSWERS, self._fresh())
            self._numbers = {hand: number for hand, number in self._numbers.items() if self._lives(hand)}
            self._said_now = {said for said in self._said_now if self._lives(said[0])}
            self._claimed_now = {hand: claimed for hand, claimed in self._claimed_now.items() if self._lives(hand)}

    def next_deadline(self) -> int | None:
        """When `follow` has something to take out."""
        return None if self._stale_since is None else self._stale_since + STALE_KEPT

    def _mine(self) -> Answers:
        return self._replica.answers(self._ctx.me)

    def _fresh(self) -> Answers:
        """My answers to what has not ended."""
        mine = self._mine()
        return Answers(
            tuple(c for c in mine.claims if self._lives(c.hand)), tuple(x for x in mine.lines if self._lives(x.hand))
        )

    def _lives(self, hand: str) -> bool:
        known = self._hands.get(HandId(hand))
        return known is not None and known.ended_at is None
