"""Any history of raises, ends, cuts, crashes and restored disks: what holds at every step, and one truth at the end."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalate_daemon.core import tuning
from escalate_daemon.core.commands import (
    CommandRefused,
    EndMine,
    JoinGroup,
    LeaveGroup,
    LeaveSpace,
    Refusal,
    ReturnToSpace,
    Start,
)
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState, EscalationView
from simulation.disk import Tables
from support.core_seat import Seat
from support.core_wire import Wire

NAMES = ("ana", "ben", "cem")
WHO = st.sampled_from(NAMES)
WORDS = st.sampled_from([(), ("ana",), ("ben",), ("@everyone",), ("@team",), ("cem", "@team"), ("@here",)])
TIMES = st.sampled_from([1, 30, 400, 2_500, 12_000, 40_000, 20 * tuning.MINUTE])
UP = (EscalationState.ACTIVE, EscalationState.LOST)


class Space(RuleBasedStateMachine):
    """Three nodes on one wire, and what must never be seen on any of them."""

    @initialize()
    def begin(self) -> None:
        self.wire = Wire(*NAMES)
        self.backups: dict[str, Tables] = {}
        self.over: dict[str, set[HandId]] = {name: set() for name in NAMES}  # seen there as ended
        self.restored: set[str] = set()  # what its disk forgot, nobody can ask it to remember
        self.wire.run(1_000)

    def seat(self, name: str) -> Seat | None:
        """The seat, where its daemon runs."""
        seat = self.wire[name]
        return None if seat.node is None else seat

    # --- What people do ----------------------------------------------------------------------------
    @rule(name=WHO, words=WORDS, replace=st.booleans())
    def raises(self, name: str, words: tuple[str, ...], replace: bool) -> None:
        if (seat := self.seat(name)) is None:
            return
        try:
            seat.say(Start("help", words, replace=replace))
        except CommandRefused as refused:
            assert refused.reason in (Refusal.ALREADY_ACTIVE, Refusal.UNKNOWN_NAME)

    @rule(name=WHO)
    def ends(self, name: str) -> None:
        if (seat := self.seat(name)) is None:
            return
        hand = seat.say(EndMine())
        if hand is not None:
            assert seat.hands()[hand].state is EscalationState.ENDED
            self.over[name].add(hand)

    @rule(name=WHO, command=st.sampled_from([JoinGroup("team"), LeaveGroup("team"), LeaveSpace(), ReturnToSpace()]))
    def changes(self, name: str, command: JoinGroup | LeaveGroup | LeaveSpace | ReturnToSpace) -> None:
        if (seat := self.seat(name)) is not None:
            seat.say(command)

    # --- What happens to them ----------------------------------------------------------------------
    @rule(ms=TIMES)
    def passes(self, ms: int) -> None:
        self.wire.run(ms)

    @rule(name=WHO)
    def cut(self, name: str) -> None:
        self.wire.cut(name)

    @rule(name=WHO)
    def heal(self, name: str) -> None:
        self.wire.heal(name)

    @rule(name=WHO, power=st.booleans())
    def crash(self, name: str, power: bool) -> None:
        if (seat := self.seat(name)) is not None:
            (seat.vanish if power else seat.die)()

    @rule(name=WHO)
    def restart(self, name: str) -> None:
        seat = self.wire[name]
        if seat.node is None:
            seat.start()
            self.wire.introduce()

    @rule(name=WHO)
    def back_up(self, name: str) -> None:
        self.backups[name] = self.wire[name].disk.backup()

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.backups)))
        seat = self.wire[name]
        if seat.node is None:
            seat.disk.restore(self.backups[name])
            seat.screen = {}  # who puts a disk back has switched the machine off
            self.over[name].clear()
            self.restored.add(name)

    # --- What holds at every step ------------------------------------------------------------------
    def views(self) -> list[tuple[Seat, EscalationView]]:
        """Every escalation as each running node sees it."""
        return [(seat, view) for seat in self.wire.up() for view in seat.hands().values()]

    @invariant()
    def ended_hand_never_returns(self) -> None:
        for seat, view in self.views():
            if view.state is EscalationState.ENDED:
                self.over[seat.name].add(view.id)
            else:
                assert view.id not in self.over[seat.name], f"{seat.name} shows {view.id}, which ended"

    @invariant()
    def nobody_has_two_hands_up(self) -> None:
        up = [(seat.name, view.owner.id) for seat, view in self.views() if view.state in UP]
        assert len(up) == len(set(up))

    @invariant()
    def only_the_named_are_rung_and_once_or_again_after_a_crash(self) -> None:
        for seat in self.wire.seats:
            for hand in {show.hand for show in seat.shows}:
                rings = seat.rings(hand)
                assert rings <= tuning.RING_ATTEMPTS or seat.name in self.restored
                named = next((show.view.named for show in seat.shows if show.hand == hand and show.view), ())
                assert rings == 0 or seat.name in named or any(word.startswith("@") for word in named)

    # --- What is true in the end -------------------------------------------------------------------
    def teardown(self) -> None:
        if not hasattr(self, "wire"):
            return
        for name in NAMES:
            self.wire.heal(name)
        for seat in self.wire.seats:
            if seat.node is None:
                seat.start()
            seat.say(ReturnToSpace())  # whoever left is dialled by nobody
        self.wire.introduce()
        self.wire.run(30_000)
        self.ended_hand_never_returns()
        assert len({seat.told for seat in self.wire.seats}) == 1, "replicas differ"
        up = [{v.id for v in seat.hands().values() if v.state in UP} for seat in self.wire.seats]
        assert up[0] == up[1] == up[2]
        assert all(v.state is not EscalationState.LOST for _, v in self.views())
        for seat in self.wire.seats:
            theirs = {view.id for view in seat.hands().values() if view.state in UP and not view.mine}
            mine = {view.id for view in seat.hands().values() if view.state in UP and view.mine}
            assert theirs <= set(seat.screen) <= theirs | mine, f"{seat.name}'s screen is not what is up"


Space.TestCase.settings = settings(
    deadline=None,
    max_examples=60,
    stateful_step_count=25,
    phases=(Phase.reuse, Phase.generate),  # a history replays in a second; shrinking one takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestSpace = Space.TestCase
