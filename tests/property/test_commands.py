"""Whatever a person, the notifier and the settings say in whatever order: a node comes to rest, and keeps its rules."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.commands import (
    Approach,
    Command,
    CommandRefused,
    Dismiss,
    EndMine,
    LadderStep,
    LeaveSpace,
    Mute,
    ReportLost,
    ReportMended,
    ReportNotShown,
    ReportSeen,
    ReportShown,
    ReportSounded,
    ReturnToSpace,
    Say,
    SetPolicy,
    SetPresence,
    Start,
    Unmute,
    Withdraw,
)
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId, LinkId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.views import EscalationState
from escalate_daemon.core.wire import Hello, SlotsFrame
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
START = 1_000_000
THEIRS = HandId(CAST.hand("cem").id)
UP = (EscalationState.ACTIVE, EscalationState.LOST)
LAWS = settings(deadline=None, max_examples=120)
STEPS_A_SECOND = 50


def linked() -> Node:
    """Ana's node, linked with Cem, whose red names her."""
    node = Node(CAST.config("ana"), {}, now=START, unix_s=1_000)
    hello = Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain("cem"))
    node.link_up(LinkId(1), PeerHello(node.judge_hello(hello, CAST.key("cem")), hello), START, None)
    red = CAST.hand("cem", named=(slots.Target(member=CAST.id("ana")),), ladder=(slots.Step(5_000),))
    state = CAST.record("cem", slots.STATE, slots.State(hand=red))
    records = (CAST.profile_record("ben"), CAST.profile_record("cem"), state)
    node.receive(LinkId(1), wire.encode(SlotsFrame(records)), START)
    return node


LINKED = linked()
POLICIES = st.builds(
    Policy,
    repeat=st.sampled_from([0, 1, 700, 60_000]),
    quiet=st.booleans(),
    muted=st.sampled_from([(), ("cem",), ("@team",)]),
    end_on_room=st.booleans(),
    end_on_away=st.booleans(),
    end_on_leave=st.booleans(),
    warn_after=st.sampled_from([0, 1, 2_000]),
    put_away_after=st.sampled_from([1, 60_000]),
)
LADDERS = st.sampled_from(
    [(), (LadderStep(1, ("cem",)),), (LadderStep(3_000, ("@here",)), LadderStep(9_000, ("ben",)))]
)
OWN = st.one_of(
    st.builds(
        Start,
        named=st.sampled_from([(), ("cem",), ("@here",)]),
        replace=st.booleans(),
        max_age=st.sampled_from([1, 4_000, tuning.MAX_AGE]),
        ladder=LADDERS,
    ),
    st.just(EndMine()),
    st.builds(LeaveSpace, st.booleans()),
    st.just(ReturnToSpace()),
    st.builds(SetPresence, st.sampled_from([slots.AVAILABLE, slots.BUSY, slots.AWAY])),
    st.builds(lambda room: SetPresence(slots.ROOM, room), st.sampled_from(["Blue", "blue", "Red"])),
    *[st.builds(Mute, st.sampled_from(["all", "cem", "@team"]), st.sampled_from([None, 30_000, 2_500]))] * 2,
    st.builds(Unmute, st.sampled_from(["all", "cem", "@team"])),
    st.builds(SetPolicy, POLICIES),
    st.just(ReportMended()),
)
ABOUT = st.sampled_from(  # a hand: theirs, or mine where there is one
    [Approach, Withdraw, Dismiss, ReportSeen, ReportLost, ReportSounded, *[ReportNotShown] * 3, ReportShown, Say]
)


def command(kind: type, hand: HandId) -> Command:
    more = {ReportNotShown: ("no server",), ReportShown: ("h1", "popup"), Say: ("hello",)}.get(kind, ())
    made: Command = kind(hand, *more)
    return made


@LAWS
@given(
    st.lists(
        st.tuples(
            st.one_of(OWN, st.tuples(ABOUT, st.booleans()), st.tuples(ABOUT, st.just(False))),
            st.sampled_from([0, 1, 900, 12_000]),
        ),
        max_size=9,
    )
)
def test_node_comes_to_rest_and_keeps_its_rules_whatever_it_is_told(
    said: list[tuple[Command | tuple[type, bool], int]],
) -> None:
    node, now = copy.deepcopy(LINKED), START
    policy = Policy()
    rings = 0
    for given_, wait in said:
        mine = [view.id for view in node.escalations(now) if view.mine]
        told = command(given_[0], mine[-1] if given_[1] and mine else THEIRS) if isinstance(given_, tuple) else given_
        try:
            node.command(told, now)
        except CommandRefused:
            continue
        policy = told.policy if isinstance(told, SetPolicy) else policy
        steps, until = 0, now + wait
        while (due := node.next_deadline()) is not None and due <= until:
            now = max(now, due)
            node.tick(now)
            steps += 1
            assert steps <= STEPS_A_SECOND * (1 + wait // 1_000), "it asks to be ticked again and again"
        now = until
        shows = [effect for effect in node.effects() if isinstance(effect, Show)]
        rings += sum(show.urgency is Urgency.RING and show.kind is ShowKind.SHOW for show in shows)
        assert all(show.urgency is not Urgency.RING for show in shows if show.view is not None and show.view.mine)
        up = [view for view in node.escalations(now) if view.mine and view.state in UP]
        assert len(up) <= 1
        me = node.me_view(now)
        if isinstance(told, SetPresence) and told.presence == slots.AWAY and policy.end_on_away:
            assert up == []
        if isinstance(told, LeaveSpace) and (told.for_good or policy.end_on_leave):
            assert (up, me.presence) == ([], slots.LEFT)
        if isinstance(told, Start) and told.max_age > wait:
            assert me.presence not in (slots.AWAY, slots.LEFT)
    assert rings <= 1 + 12 * len(said), "within the limit of rings, whatever repeats"
