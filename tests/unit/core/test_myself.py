import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import CommandRefused, Refusal, SetProfile, Start
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.myself import ALIVE
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.slots import Grant, State
from escalate_daemon.core.views import EndReason, EscalationState
from support.core_self import ANA, CAST, RED, Self, disk_with, hand

YELLOW = Plan((), frozenset(), ())


@pytest.fixture
def ana() -> Self:
    return Self()


# --- Raising and ending ----------------------------------------------------------------------------
def test_raising_is_one_write_of_state(ana: Self) -> None:
    raised = ana.raise_red()
    assert ana.writes == [slots.STATE]
    assert ana.state.hand is not None
    assert (ana.state.hand.id, ana.state.hand.named, ana.state.end) == (raised, RED.targets, None)
    assert len(raised) == 16


def test_ending_is_one_write_and_tells_reason_note_and_age(ana: Self) -> None:
    raised = ana.raise_red()
    ana.ctx.now += 5_000
    assert ana.me.end_hand(EndReason.OWNER, "thanks") == raised
    assert ana.writes == [slots.STATE, slots.STATE]
    assert ana.state == State(end=slots.End(raised, "owner", "thanks", 5_000))
    assert ana.me.end_hand(EndReason.OWNER) is None
    assert len(ana.writes) == 2


def test_leaving_ends_the_hand_in_the_same_write(ana: Self) -> None:
    raised = ana.raise_red()
    ana.writes.clear()
    assert ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT) == raised
    assert ana.writes == [slots.STATE]
    assert (ana.state.presence, ana.state.hand) == (slots.LEFT, None)
    assert ana.state.end is not None
    assert (ana.state.end.id, ana.state.end.reason) == (raised, "left")
    assert ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT) is None
    assert ana.writes == [slots.STATE], "left already"


def test_coming_back_makes_available_and_brings_no_hand_back(ana: Self) -> None:
    ana.raise_red()
    ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT)
    ana.me.come_back()
    assert (ana.state.presence, ana.state.hand) == (slots.AVAILABLE, None)
    ana.writes.clear()
    ana.me.come_back()
    assert ana.writes == []


def test_raising_after_leaving_makes_available_in_the_same_write(ana: Self) -> None:
    ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT)
    ana.writes.clear()
    ana.raise_red()
    assert (ana.writes, ana.state.presence) == ([slots.STATE], slots.AVAILABLE)


@pytest.mark.parametrize("presence", [slots.BUSY, slots.ROOM])
def test_raising_while_busy_or_in_a_room_leaves_that_as_it_is(presence: str) -> None:
    ana = Self(disk=(CAST.record("ana", slots.STATE, State(presence=presence, room="Blue"), (5, 1)),))
    ana.raise_red()
    assert (ana.state.presence, ana.state.room) == (presence, "Blue")


def test_red_over_yellow_replaces_it_in_one_write(ana: Self) -> None:
    first = ana.me.start(Start(), "", YELLOW)
    ana.writes.clear()
    second = ana.raise_red()
    assert ana.writes == [slots.STATE]
    assert ana.state.hand is not None
    assert ana.state.end is not None
    assert (ana.state.hand.id, ana.state.end.id, ana.state.end.reason) == (second, first, "replaced")


@pytest.mark.parametrize(("first", "then"), [(RED, RED), (RED, YELLOW), (YELLOW, YELLOW)])
def test_one_that_is_up_refuses_another_unless_told_to_replace(ana: Self, first: Plan, then: Plan) -> None:
    ana.me.start(Start(), "", first)
    before = ana.state
    with pytest.raises(CommandRefused) as refused:
        ana.me.start(Start(), "", then)
    assert refused.value.reason is Refusal.ALREADY_ACTIVE
    assert ana.state == before
    ana.me.start(Start(replace=True), "", then)
    assert ana.state.hand != before.hand


@pytest.mark.parametrize("max_age", [0, -1, tuning.MAX_AGE_LIMIT + 1])
def test_maximum_age_out_of_range_is_refused(ana: Self, max_age: int) -> None:
    with pytest.raises(CommandRefused) as refused:
        ana.raise_red(max_age=max_age)
    assert refused.value.reason is Refusal.USAGE
    assert ana.state.hand is None


# --- Start -----------------------------------------------------------------------------------------
def test_new_member_writes_state_links_and_profile(ana: Self) -> None:
    assert ana.state == State()
    assert ana.replica.links(ANA) == ()
    assert (ana.profile.name, ana.profile.key, ana.profile.intro) == ("ana", CAST.key("ana"), CAST.chain("ana")[-1])


def test_restart_keeps_the_version_of_what_did_not_change() -> None:
    one = Self(disk=disk_with(hand(1)))
    assert one.version()[:2] == (5, 1)
    assert one.me.hand is not None
    assert one.me.hand.state is EscalationState.ACTIVE


@pytest.mark.parametrize(
    ("stamp", "down", "available_for"),
    [
        (60_000, 30_000, 90_000),
        (60_000, tuning.HERE_GRACE - 1, 60_000 + tuning.HERE_GRACE - 1),
        (60_000, tuning.HERE_GRACE, 0),
    ],
    ids=["short", "just", "too long"],
)
def test_short_downtime_does_not_count_as_absent(stamp: int, down: int, available_for: int) -> None:
    ana = Self(disk=disk_with(None), alive=Stored(str(stamp).encode(), down))
    assert ana.me.available_for() == available_for


def test_who_is_not_available_is_not_here() -> None:
    away = Self(disk=(CAST.record("ana", slots.STATE, State(presence=slots.AWAY), (5, 1)),))
    assert away.me.available_for() is None


def test_damaged_stamp_counts_as_absent() -> None:
    assert Self(disk=disk_with(None), alive=Stored(b"junk", 1)).me.available_for() == 0


def test_stamp_of_being_alive_is_stored_now_and_then(ana: Self) -> None:
    ana.ctx.drain()
    ana.me.tick()
    assert ana.ctx.drain() == [Store(Bucket.META, ALIVE, b"0")]
    ana.me.tick()
    ana.ctx.now += tuning.ALIVE_STAMP
    assert ana.me.next_deadline() == ana.ctx.now
    ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT)
    ana.ctx.drain()
    ana.me.tick()
    assert ana.ctx.drain() == [Store(Bucket.META, ALIVE, None)]


# --- Profile and groups ----------------------------------------------------------------------------
def test_profile_is_written_only_where_it_changes(ana: Self) -> None:
    ana.me.set_profile(SetProfile(host="desk", addresses=("a:1",)))
    ana.me.set_profile(SetProfile(host="desk"))
    assert ana.writes == [slots.PROFILE]
    assert (ana.profile.host, ana.profile.addresses) == ("desk", ("a:1",))


def test_surplus_addresses_are_left_out(ana: Self) -> None:
    ana.me.set_profile(SetProfile(addresses=tuple(f"a:{n}" for n in range(20))))
    assert len(ana.profile.addresses) == tuning.ADDRESSES_MAX


def test_group_is_put_on_once_whatever_its_case(ana: Self) -> None:
    for name in ("Team", "@TEAM", "team"):
        ana.me.change_group(name, wear=True)
    assert list(ana.profile.groups) == ["Team"]
    ana.me.change_group("tEAM", wear=False)
    assert list(ana.profile.groups) == []
    ana.me.change_group("never-worn", wear=False)
    assert ana.writes == [slots.PROFILE, slots.PROFILE]


@pytest.mark.parametrize("name", ["", "@", "x" * 33, "a\x07b"])
def test_bad_group_name_is_wrong_usage(ana: Self, name: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        ana.me.change_group(name, wear=True)
    assert refused.value.reason is Refusal.USAGE


def test_more_than_16_groups_are_refused(ana: Self) -> None:
    for number in range(tuning.GROUPS_MAX):
        ana.me.change_group(f"g{number}", wear=True)
    with pytest.raises(CommandRefused) as refused:
        ana.me.change_group("one-more", wear=True)
    assert refused.value.reason is Refusal.NOT_ALLOWED
    ana.me.change_group("G0", wear=True)
    assert len(ana.profile.groups) == tuning.GROUPS_MAX


# --- Invites ---------------------------------------------------------------------------------------
def test_grant_ages_with_its_rewriting_and_is_forgotten_a_day_after_its_end(ana: Self) -> None:
    ana.me.add_grant(Grant("g1", b"s" * 16, lifetime=1_000))
    ana.ctx.now += 400
    ana.me.add_grant(Grant("g2", b"t" * 16, lifetime=10**12))
    assert [(g.id, g.age) for g in ana.replica.grants(ANA)] == [("g1", 400), ("g2", 0)]
    ana.ctx.now += 24 * tuning.HOUR + 1_000
    ana.me.revoke_grant("g2")
    assert [(g.id, g.revoked) for g in ana.replica.grants(ANA)] == [("g2", True)]


def test_unknown_grant_cannot_be_revoked(ana: Self) -> None:
    with pytest.raises(CommandRefused) as refused:
        ana.me.revoke_grant("none")
    assert refused.value.reason is Refusal.UNKNOWN_NAME


# --- Age of mine -----------------------------------------------------------------------------------
def test_peers_word_on_my_hand_from_disk_is_taken_where_higher() -> None:
    ana = Self(disk=disk_with(hand(1)))
    ana.me.peers_word(60_000)
    assert ana.me.hand is not None
    assert ana.me.hand.age(ana.ctx.now) == 60_000
    ana.me.peers_word(5)
    assert ana.me.hand.age(ana.ctx.now) == 60_000


def test_peers_word_on_a_hand_of_this_boot_is_not(ana: Self) -> None:
    ana.raise_red()
    ana.me.peers_word(60_000)
    assert ana.me.hand is not None
    assert ana.me.hand.age(ana.ctx.now) == 0
