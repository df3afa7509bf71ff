"""Commands as a person, the shell and the notifier give them, on one node alone."""

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import (
    AddGrant,
    AddressFound,
    Approach,
    Command,
    CommandRefused,
    DialFailed,
    Dismiss,
    EndMine,
    JoinGroup,
    LadderStep,
    LeaveGroup,
    LeaveSpace,
    Mute,
    NetworkChanged,
    Refusal,
    ReportClosed,
    ReportLost,
    ReportMended,
    ReportNotShown,
    ReportNotSounded,
    ReportSeen,
    ReportShown,
    ReportSounded,
    ReturnToSpace,
    RevokeGrant,
    Say,
    SetPolicy,
    SetPresence,
    SetProfile,
    Start,
    TrustMember,
    Unmute,
    Withdraw,
)
from escalate_daemon.core.effects import Bucket, Dial, Effect, Store
from escalate_daemon.core.facts import EscalationEnded, EscalationRaised, Fact
from escalate_daemon.core.ids import DialId, HandId
from escalate_daemon.core.node import Node
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.views import EndReason
from support.core_cast import cast_of
from support.core_wire import Wire

CAST = cast_of("ana", "ben", "cem")
START = 1_000_000
NONE = HandId("00000000000000a1")


class Alone:
    """Ana's node with nobody near."""

    def __init__(self) -> None:
        self.node = Node(CAST.config("ana"), {}, now=START, unix_s=1_000)
        self.now = START
        self.node.effects()

    def say(self, command: Command) -> tuple[HandId | None, list[Effect | Fact]]:
        given = self.node.command(command, self.now)
        return given, self.node.effects()


@pytest.fixture
def ana() -> Alone:
    return Alone()


def stored(effects: list[Effect | Fact], bucket: Bucket = Bucket.SLOTS) -> list[bytes]:
    return [e.key.rpartition(b"/")[2] for e in effects if isinstance(e, Store) and e.bucket is bucket]


def test_start_gives_the_hand_and_stores_it_before_telling_of_it(ana: Alone) -> None:
    hand, effects = ana.say(Start("help"))
    assert [type(effect) for effect in effects] == [Store, EscalationRaised]
    assert stored(effects) == [b"state"]
    assert [view.id for view in ana.node.escalations(ana.now)] == [hand]


def test_end_gives_the_hand_that_ended_and_none_where_there_is_none(ana: Alone) -> None:
    hand, _ = ana.say(Start("help"))
    ended, effects = ana.say(EndMine("thanks"))
    assert ended == hand
    assert [type(effect) for effect in effects] == [Store, EscalationEnded]
    assert ana.say(EndMine()) == (None, [])


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Start("x" * (tuning.MESSAGE_POINTS + 1)), Refusal.USAGE),
        (Start("a\x1b[31m"), Refusal.USAGE),
        (Start("help", ("nobody",)), Refusal.UNKNOWN_NAME),
        (Start("help", ("ana",)), Refusal.UNKNOWN_NAME),
        (Start("help", ("@",)), Refusal.USAGE),
        (Start("help", max_age=0), Refusal.USAGE),
        (EndMine("x" * 51), Refusal.USAGE),
        (JoinGroup(""), Refusal.USAGE),
        (LeaveGroup("a b"), Refusal.USAGE),
        (RevokeGrant("none"), Refusal.UNKNOWN_NAME),
        (Start("help", ladder=(LadderStep(0, ("@team",)),)), Refusal.USAGE),
        (Approach(NONE), Refusal.NOTHING_TO_CLAIM),
        (Withdraw(NONE), Refusal.NOTHING_TO_CLAIM),
        (Say(NONE, "hello"), Refusal.NOTHING_TO_CLAIM),
        (Say(NONE, ""), Refusal.USAGE),
        (SetPresence("asleep"), Refusal.USAGE),
        (SetPresence(slots.ROOM), Refusal.USAGE),
        (SetPresence(slots.ROOM, "a\x07b"), Refusal.USAGE),
        (Mute("nobody"), Refusal.UNKNOWN_NAME),
        (Mute("all", 0), Refusal.USAGE),
        (Unmute("all"), Refusal.UNKNOWN_NAME),
    ],
    ids=str,
)
def test_refused_command_stores_and_tells_nothing(ana: Alone, command: Command, reason: Refusal) -> None:
    with pytest.raises(CommandRefused) as refused:
        ana.node.command(command, ana.now)
    assert refused.value.reason is reason
    assert str(refused.value)
    assert ana.node.effects() == []


def test_too_long_message_is_refused_with_its_count(ana: Alone) -> None:
    with pytest.raises(CommandRefused, match="51"):
        ana.node.command(Start("x" * 51), ana.now)


def test_message_is_cleaned_as_it_is_raised(ana: Alone) -> None:
    ana.say(Start("  e\u0301s\nbrennt  "))
    assert [view.message for view in ana.node.escalations(ana.now)] == ["\u00e9s brennt"]


def test_leaving_and_coming_back(ana: Alone) -> None:
    hand, _ = ana.say(Start())
    assert ana.say(LeaveSpace())[0] == hand
    assert ana.node.me_view(ana.now).presence == slots.LEFT
    assert ana.say(ReturnToSpace())[0] is None
    assert ana.node.me_view(ana.now).presence == slots.AVAILABLE


def test_groups_and_profile_show_in_my_view(ana: Alone) -> None:
    ana.say(JoinGroup("@team"))
    ana.say(SetProfile(host="desk", location="row B", hears="sound"))
    me = ana.node.me_view(ana.now)
    assert (me.groups, me.host, me.location, me.hears) == (("team",), "desk", "row B", "sound")
    ana.say(LeaveGroup("TEAM"))
    assert ana.node.me_view(ana.now).groups == ()


def test_grants_are_given_and_taken_back(ana: Alone) -> None:
    _, effects = ana.say(AddGrant(slots.Grant("g1", b"s" * 16, 60_000)))
    assert stored(effects) == [b"grants"]
    ana.say(RevokeGrant("g1"))
    assert [(g.id, g.mine, g.revoked) for g in ana.node.grants(ana.now)] == [("g1", True, True)]


def test_trusting_a_member_is_stored(ana: Alone) -> None:
    _, effects = ana.say(TrustMember(CAST.id("ben")))
    assert len(stored(effects, Bucket.PINS)) == 1


def test_hint_is_dialled_at_once_and_again_after_a_failure(ana: Alone) -> None:
    _, effects = ana.say(AddressFound("b:1"))
    (dial,) = [e for e in effects if isinstance(e, Dial)]
    assert dial.address == "b:1"
    _, effects = ana.say(DialFailed(dial.dial, "refused"))
    assert effects == []
    _, effects = ana.say(NetworkChanged())
    assert [e.address for e in effects if isinstance(e, Dial)] == ["b:1"]


def test_own_address_is_not_dialled_again_until_the_network_changes(ana: Alone) -> None:
    _, effects = ana.say(AddressFound("me:1"))
    (dial,) = [e for e in effects if isinstance(e, Dial)]
    ana.say(DialFailed(dial.dial, myself=True))
    for _ in range(60):
        ana.now += tuning.SECOND
        ana.node.tick(ana.now)
    assert [e for e in ana.node.effects() if isinstance(e, Dial)] == []
    _, effects = ana.say(NetworkChanged())
    assert len([e for e in effects if isinstance(e, Dial)]) == 1


def test_new_network_has_every_link_asked_at_once_and_what_answers_gets_no_second_link() -> None:
    wire = Wire("ana", "ben", "cem")
    wire.run(3_000)
    ana = wire["ana"]
    links, sent = ana.live.link_count, ana.sent
    ana.say(NetworkChanged())
    assert ana.sent == sent + links > sent
    wire.run(2 * tuning.ASKED_DOUBTFUL_AFTER)
    assert ana.live.link_count == links


@pytest.mark.parametrize(
    "report",
    [
        ReportShown(NONE, "h", "popup"),
        ReportNotShown(NONE, "no"),
        ReportSounded(NONE),
        ReportNotSounded(NONE, "no"),
        ReportClosed(NONE),
        ReportSeen(NONE),
        ReportLost(NONE),
        ReportMended(),
        Dismiss(NONE),
        DialFailed(DialId(99)),
    ],
    ids=lambda report: type(report).__name__,
)
def test_report_on_what_nobody_knows_changes_nothing(ana: Alone, report: Command) -> None:
    assert ana.say(report)[1] == []


def test_plan_tells_who_would_hear_and_raises_nothing(ana: Alone) -> None:
    plan = ana.node.rehearse(Start(named=("@team",)), ana.now)
    assert (plan.meant, len(plan.warnings)) == (frozenset(), 1)
    with pytest.raises(CommandRefused):
        ana.node.rehearse(Start(named=("nobody",)), ana.now)
    assert ana.node.effects() == []
    assert ana.node.escalations(ana.now) == []


def test_new_hand_forgets_the_receipts_kept_for_the_one_before() -> None:
    wire = Wire("ana", "ben")
    wire.run(3_000)
    wire["ana"].say(Start("one", ("ben",)))
    wire.run(1_000)
    assert len(wire["ana"].disk.table(Bucket.RECEIPTS)) == 1
    wire["ana"].say(EndMine())
    wire["ana"].say(Start("two", ("ben",)))
    assert len(wire["ana"].disk.table(Bucket.RECEIPTS)) == 0


@pytest.mark.parametrize("presence", [slots.BUSY, slots.AWAY, slots.AVAILABLE])
def test_presence_is_said_and_is_one_write_where_it_changes(ana: Alone, presence: str) -> None:
    _, effects = ana.say(SetPresence(presence))
    assert stored(effects) == ([] if presence == slots.AVAILABLE else [b"state"])
    assert ana.node.me_view(ana.now).presence == presence
    assert stored(ana.say(SetPresence(presence))[1]) == []


def test_room_is_cleaned_as_it_is_entered(ana: Alone) -> None:
    ana.say(SetPresence(slots.ROOM, "  Blue  "))
    me = ana.node.me_view(ana.now)
    assert (me.presence, me.room) == (slots.ROOM, "Blue")


def test_mute_is_kept_and_told_in_the_profile_only_where_it_is_for_all(ana: Alone) -> None:
    _, effects = ana.say(Mute("@team"))
    assert (stored(effects, Bucket.META), stored(effects)) == ([b"mutes"], [])
    _, effects = ana.say(Mute("ALL", 60_000))
    assert (stored(effects, Bucket.META), stored(effects)) == ([b"mutes"], [b"profile"])
    assert [(each.who, each.left) for each in ana.node.muted(ana.now)] == [("@team", None), ("all", 60_000)]
    assert ana.node.me_view(ana.now).undisturbed
    ana.say(Unmute("all"))
    assert not ana.node.me_view(ana.now).undisturbed


def test_policy_is_stored_nowhere_and_told_nowhere_but_in_quiet_hours(ana: Alone) -> None:
    assert ana.say(SetPolicy(Policy(repeat=5, muted=("ben",), end_on_away=False)))[1] == []
    assert stored(ana.say(SetPolicy(Policy(quiet=True)))[1]) == [b"profile"]
    assert ana.node.me_view(ana.now).undisturbed


def test_line_of_mine_stands_in_my_own_thread(ana: Alone) -> None:
    hand, _ = ana.say(Start("help"))
    assert hand is not None
    given, effects = ana.say(Say(hand, " in the  lab\n"))
    assert (given, stored(effects)) == (hand, [b"answers"])
    (view,) = ana.node.escalations(ana.now)
    assert [(line.member.name, line.text) for line in view.thread] == [("ana", "in the  lab")]


def test_answers_to_what_ended_are_refused_and_what_stood_stays_to_be_read(ana: Alone) -> None:
    hand, _ = ana.say(Start("help"))
    assert hand is not None
    ana.say(Say(hand, "anybody?"))
    ana.say(EndMine())
    with pytest.raises(CommandRefused) as refused:
        ana.node.command(Say(hand, "too late"), ana.now)
    assert refused.value.reason is Refusal.NOTHING_TO_CLAIM
    ana.now += tuning.HOUR
    ana.node.tick(ana.now)
    (view,) = ana.node.escalations(ana.now)
    assert [line.text for line in view.thread] == ["anybody?"]


def test_hand_that_nobody_ends_lasts_8_hours(ana: Alone) -> None:
    hand, _ = ana.say(Start("help"))
    ana.now += 8 * 60 * 60 * 1_000 - 1
    ana.node.tick(ana.now)
    (view,) = ana.node.escalations(ana.now)
    assert (view.id, view.end_reason) == (hand, None)
    ana.now += 1
    ana.node.tick(ana.now)
    (view,) = ana.node.escalations(ana.now)
    assert view.end_reason is EndReason.MAX_AGE
