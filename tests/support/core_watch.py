"""One member's view of others' hands, with levers that move them, but no node around: for tests of `Hands`."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.context import Context
from escalate_daemon.core.facts import (
    EscalationFact,
)
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import End, Hand, State
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EscalationState
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
ANA, BEN, CEM = (CAST.id(name) for name in CAST.names)
START = 100_000_000
ONE, TWO = (HandId(CAST.hand("ben", number).id) for number in (1, 2))
MINE = HandId(CAST.hand("ana").id)
ACTIVE, LOST, PUT_AWAY, ENDED = EscalationState


@dataclass
class Watch:
    """Ana's hands, what moved, and levers to move them."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    replica: Replica = field(default_factory=Replica)
    reach: Reachability = field(default_factory=lambda: Reachability(ANA))
    moves: list[tuple[HandId, EscalationState | None, EscalationState]] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        answering = Answering(self.ctx, self.replica, self.reach)
        viewer = Viewer(self.ctx, self.replica, self.reach, Pins(self.ctx, roster), answering)
        view = viewer.escalation
        freeze = viewer.freeze
        self.hands = Hands(self.ctx, self.replica, self.reach, view=view, moved=self._moved, freeze=freeze)
        for name in CAST.names:
            self.replica.put(CAST.held(CAST.profile_record(name)))
        self.connect()

    def _moved(self, known: Known, before: EscalationState | None) -> None:
        self.moves.append((known.id, before, known.state))

    def connect(self, *cut: MemberId) -> None:
        """All are linked with all, but for those who are cut off."""
        there = {member for member in (ANA, BEN, CEM) if member not in cut}
        self.reach.update([ANA, BEN, CEM], lambda m: there - {m} if m in there else (), self.ctx.now)
        self.reach.expire(self.ctx.now)

    def says(
        self, hand: Hand | None, end: End | None = None, *, who: str = "ben", age: int = 0, direct: bool = False
    ) -> None:
        """The owner's newest state comes."""
        self.seq += 1
        record = CAST.record(who, slots.STATE, State(hand=hand, end=end), (1, self.seq), age=age)
        self.replica.put(CAST.held(record, self.ctx.now))
        self.hands.state_changed(CAST.id(who), direct=direct)

    def later(self, ms: int) -> list[Known]:
        """Let time pass and follow it; gives mine that are past their maximum age."""
        self.ctx.now += ms
        self.reach.expire(self.ctx.now)
        return self.hands.follow()

    def told(self) -> list[type[EscalationFact]]:
        """Facts since the last call."""
        return [type(fact) for fact in self.ctx.drain() if isinstance(fact, EscalationFact)]

    def state(self, hand: HandId = ONE) -> EscalationState:
        """How a hand stands."""
        known = self.hands.get(hand)
        assert known is not None
        return known.state


def red(number: int = 1, *, who: str = "ben", age: int = 0, max_age: int = tuning.MAX_AGE) -> Hand:
    """A red of the member to everyone: the same number is the same hand."""
    everyone = (slots.Target(word="@everyone"),)
    return CAST.hand(who, number, named=everyone, age=age, max_age=max_age)
