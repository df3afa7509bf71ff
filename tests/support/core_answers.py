"""Answers to hands of made-up members, as Ana holds them: for tests of the index, of her own slot, of what follows."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.slots import Answers, Claim, Line
from support.core_watch import ANA, BEN, CAST, CEM, ONE, Watch

IDS = {"ana": ANA, "ben": BEN, "cem": CEM}


@dataclass
class Answered:
    """A watch whose members answer, and the index of it. Each `answers` is a newer slot of that member."""

    watch: Watch = field(default_factory=Watch)
    seq: int = 0

    def __post_init__(self) -> None:
        self.index = Answering(self.watch.ctx, self.watch.replica, self.watch.reach)

    def answers(self, who: str, *answers: Claim | Line) -> None:
        """That is all it answers now."""
        self.seq += 1
        claims = tuple(each for each in answers if isinstance(each, Claim))
        lines = tuple(each for each in answers if isinstance(each, Line))
        record = CAST.record(who, slots.ANSWERS, Answers(claims, lines), (1, self.seq))
        self.watch.replica.put(CAST.held(record, self.watch.ctx.now))

    def presence(self, who: str, presence: str) -> None:
        """It is that now."""
        self.seq += 1
        record = CAST.record(who, slots.STATE, slots.State(presence), (2, self.seq))
        self.watch.replica.put(CAST.held(record, self.watch.ctx.now))

    def coming(self, hand: HandId = ONE, owner: MemberId = BEN) -> list[str]:
        """Who claims it, as listed."""
        return [name_of(who) for who, _ in self.index.of(hand, owner).claims]

    def said(self, hand: HandId = ONE, owner: MemberId = BEN) -> list[str]:
        """The lines of its thread."""
        return [f"{name_of(who)}: {line.text}" for who, line in self.index.of(hand, owner).lines]


def name_of(member: MemberId) -> str:
    """Its name."""
    return next(name for name, each in IDS.items() if each == member)


def claim(hand: HandId = ONE, owner: MemberId = BEN, age: int = 0) -> Claim:
    """A claim to Ben's first hand, or another."""
    return Claim(hand, owner, age)


def line(text: str, number: int = 0, *, hand: HandId = ONE, owner: MemberId = BEN, age: int = 0) -> Line:
    """A line in its thread."""
    return Line(hand, owner, age, text, number)
