"""One member's own writes with all that they stand on, but no node around: for tests of `Myself`."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.commands import Start
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Stored
from escalate_daemon.core.hands import Hands
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Profile, State, Target
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.wire import Record, SlotKey, Version
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")
ANA, BEN = CAST.id("ana"), CAST.id("ben")
START = 100_000_000
RED = Plan((Target(member=BEN),), frozenset({BEN}), ())


@dataclass
class Self:
    """Ana's own writes. `incarnation` is this run's; `disk` what it begins with; `alive` its last stamp."""

    incarnation: int = 10
    disk: tuple[Record, ...] = ()
    alive: Stored | None = None
    writes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ctx: Context = CAST.context("ana", START)
        self.replica, reach = Replica(), Reachability(ANA)
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        answering = Answering(self.ctx, self.replica, reach)
        viewer = Viewer(self.ctx, self.replica, reach, Pins(self.ctx, roster), answering)
        own = OwnSlots(self.ctx, self.replica, self.incarnation, lambda key: self.writes.append(key.slot))
        view = viewer.escalation
        freeze = viewer.freeze
        self.hands = Hands(self.ctx, self.replica, reach, view=view, moved=lambda known, before: None, freeze=freeze)
        self.me = Myself(self.ctx, self.replica, own, self.hands)
        for record in self.disk:
            self.replica.put(CAST.held(record, START))
        self.hands.load(ANA, put_away=lambda hand: False)
        self.me.begin(self.alive)
        self.writes.clear()

    @property
    def state(self) -> State:
        """Its newest state."""
        found = self.replica.state(ANA)
        assert found is not None
        return found

    @property
    def profile(self) -> Profile:
        """Its newest profile."""
        found = self.replica.profile(ANA)
        assert found is not None
        return found

    def version(self, slot: str = slots.STATE) -> Version:
        """The version of one of its slots."""
        held = self.replica.get(SlotKey(ANA, slot))
        assert held is not None
        return held.version

    def raise_red(self, *, replace: bool = False, max_age: int = tuning.MAX_AGE) -> HandId:
        """Raise a red to Ben."""
        return self.me.start(Start("help", ("ben",), max_age, replace), "help", RED)

    def comes_back(self, slot: str, body: slots.Body, version: tuple[int, int]) -> None:
        """Others hold this of mine, from a life that I do not remember."""
        self.me.reclaim(CAST.held(CAST.record("ana", slot, body, version, boot=b"formerly"), self.ctx.now))


def disk_with(hand: slots.Hand | None, version: tuple[int, int] = (5, 1)) -> tuple[Record, ...]:
    """What an earlier run kept."""
    return (CAST.profile_record("ana", groups=("team",)), CAST.record("ana", slots.STATE, State(hand=hand), version))


def hand(number: int) -> slots.Hand:
    """A red to Ben."""
    return CAST.hand("ana", number, named=(Target(member=BEN),))
