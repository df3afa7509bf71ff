"""What happens when slots under my own signature come back that this run did not write."""

import msgspec
import pytest

from escalate_daemon.core import slots
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.slots import Answers, Claim, Grant, Line, State
from escalate_daemon.core.views import EndReason, EscalationState
from escalate_daemon.core.wire import Version
from support.core_self import ANA, BEN, CAST, Self, disk_with, hand


# --- Reclaim: what others hold of me ---------------------------------------------------------------
def test_hand_of_a_restored_disk_ends_where_others_hold_a_newer_state_without_it() -> None:
    ana = Self(disk=disk_with(hand(1), (5, 1)))
    ana.comes_back(slots.STATE, State(end=slots.End(hand(1).id, "owner")), (7, 3))
    assert ana.me.hand is None
    assert ana.version()[:2] == (7, 3), "theirs is the newest already"
    known = ana.hands.get(HandId(hand(1).id))
    assert known is not None
    assert known.state is EscalationState.ENDED


def test_hand_that_others_hold_newer_comes_back_to_a_lost_disk() -> None:
    ana = Self(incarnation=1)
    ana.comes_back(slots.STATE, State(hand=hand(1)), (7, 3))
    assert ana.me.hand is not None
    assert ana.me.hand.id == hand(1).id


def test_next_write_is_newer_than_what_came_back() -> None:
    ana = Self(incarnation=6)
    ana.comes_back(slots.STATE, State(hand=hand(1)), (7, 3))
    ana.me.end_hand(EndReason.OWNER)
    assert ana.version()[:2] == (8, 1)


def test_hand_raised_this_boot_is_written_again_above_a_newer_state() -> None:
    ana = Self(incarnation=6)
    raised = ana.raise_red()
    ana.ctx.now += 1_000
    ana.comes_back(slots.STATE, State(hand=hand(9)), (7, 3))
    assert ana.version() > Version(7, 3, b"\xff" * 16)
    assert ana.state.hand is not None
    assert ana.state.end is not None
    assert (ana.state.hand.id, ana.state.hand.age) == (raised, 1_000)
    assert (ana.state.end.id, ana.state.end.reason) == (hand(9).id, "replaced")


def test_hand_ended_this_boot_stays_ended_though_a_newer_state_still_holds_it() -> None:
    ana = Self(incarnation=6, disk=disk_with(hand(1), (5, 1)))
    ana.me.end_hand(EndReason.OWNER, "over")
    ana.comes_back(slots.STATE, State(hand=hand(1)), (7, 3))
    assert ana.me.hand is None
    assert ana.state.hand is None
    assert ana.version() > Version(7, 3, b"\xff" * 16)


def test_hand_raised_and_ended_this_boot_is_not_raised_again_by_what_comes_back() -> None:
    ana = Self(incarnation=6)
    raised = ana.raise_red()
    ana.me.end_hand(EndReason.OWNER)
    ana.comes_back(slots.STATE, State(), (7, 3))
    assert ana.me.hand is None
    known = ana.hands.get(raised)
    assert known is not None
    assert known.state is EscalationState.ENDED


@pytest.mark.parametrize("boot", [b"formerly", b"\xff" * 8], ids=["one", "other"])
def test_twin_of_my_version_ends_what_only_one_of_the_two_holds(boot: bytes) -> None:
    ana = Self(disk=disk_with(hand(1), (5, 1)))
    twin = CAST.record("ana", slots.STATE, State(hand=None), (5, 1), boot=boot)
    ana.me.reclaim(CAST.held(twin, ana.ctx.now))
    assert (ana.me.hand, ana.state.hand) == (None, None)


def test_lower_twin_with_another_hand_ends_both_above_either() -> None:
    mine = CAST.held(CAST.record("ana", slots.STATE, State(hand=hand(1)), (5, 1)))
    theirs = next(
        held
        for n in range(2, 99)
        if (held := CAST.held(CAST.record("ana", slots.STATE, State(hand=hand(n)), (5, 1)))).version < mine.version
    )
    ana = Self(disk=(mine.record,))
    ana.me.reclaim(theirs)
    assert ana.state.hand is None
    assert ana.version()[:2] > (5, 1)


def test_lower_twin_with_the_same_hand_keeps_it_above_both() -> None:
    mine = CAST.held(CAST.record("ana", slots.STATE, State(hand=hand(1)), (5, 1)))
    theirs = next(
        held
        for n in range(99)
        if (
            held := CAST.held(CAST.record("ana", slots.STATE, State(hand=hand(1)), (5, 1), boot=n.to_bytes(8, "big")))
        ).version
        < mine.version
    )
    ana = Self(disk=(mine.record,))
    ana.me.reclaim(theirs)
    assert ana.state.hand is not None
    assert ana.state.hand.id == hand(1).id
    assert ana.version()[:2] > (5, 1)


def test_presence_set_this_boot_wins_over_what_comes_back() -> None:
    ana = Self(incarnation=6)
    ana.me.set_presence(slots.LEFT, ends=EndReason.LEFT)
    ana.comes_back(slots.STATE, State(), (7, 3))
    assert ana.state.presence == slots.LEFT
    other = Self(incarnation=6)
    other.comes_back(slots.STATE, State(presence=slots.BUSY), (7, 3))
    assert other.state.presence == slots.BUSY


def test_groups_that_others_hold_of_me_come_back_with_this_boots_changes() -> None:
    ana = Self(incarnation=1)
    ana.me.change_group("new", wear=True)
    ana.me.change_group("old", wear=False)
    ana.comes_back(slots.PROFILE, CAST.profile("ana", groups=("team", "old"), host="desk"), (7, 3))
    assert ana.profile.groups == ("team", "new")
    assert ana.profile.host == "desk"
    assert ana.version(slots.PROFILE) > Version(7, 3, b"\xff" * 16)


def test_grants_of_both_lives_are_kept() -> None:
    ana = Self(incarnation=1)
    ana.me.add_grant(Grant("new", b"n", lifetime=10_000))
    ana.comes_back(slots.GRANTS, slots.Grants((Grant("old", b"o", lifetime=10_000),)), (7, 3))
    assert {g.id for g in ana.replica.grants(ANA)} == {"old", "new"}


def test_revocation_of_this_boot_survives_what_comes_back() -> None:
    ana = Self(incarnation=1)
    ana.me.add_grant(Grant("g", b"n", lifetime=10_000))
    ana.me.revoke_grant("g")
    ana.comes_back(slots.GRANTS, slots.Grants((Grant("g", b"n", lifetime=10_000),)), (7, 3))
    assert [g.revoked for g in ana.replica.grants(ANA)] == [True]


def test_links_and_receipts_of_a_former_life_are_overwritten() -> None:
    ana = Self(incarnation=1)
    ana.comes_back(slots.LINKS, slots.Links((BEN,)), (7, 3))
    assert ana.replica.links(ANA) == ()
    assert ana.version(slots.LINKS) > Version(7, 3, b"\xff" * 16)


def test_unreadable_state_of_a_former_life_ends_what_only_the_disk_remembers() -> None:
    ana = Self(disk=disk_with(hand(1), (5, 1)))
    record = CAST.record("ana", slots.STATE, b"\xc1", (7, 3))
    ana.me.reclaim(CAST.held(record, ana.ctx.now))
    assert ana.me.hand is None
    assert msgspec.structs.asdict(ana.replica.state(ANA) or State())["hand"] is None


def test_answers_that_others_hold_of_me_come_back_to_a_lost_disk() -> None:
    ana = Self(incarnation=1)
    theirs = Answers((Claim("b1", BEN),), (Line("b1", BEN, 0, "coming"),))
    ana.comes_back(slots.ANSWERS, theirs, (7, 3))
    assert (ana.replica.answers(ANA), ana.version(slots.ANSWERS)[:2]) == (theirs, (7, 3))


def test_lower_answers_of_a_former_life_change_nothing_but_the_next_version() -> None:
    mine = CAST.record("ana", slots.ANSWERS, Answers((Claim("b1", BEN),)), (8, 1))
    ana = Self(disk=(*disk_with(None), mine))
    ana.comes_back(slots.ANSWERS, Answers(), (7, 3))
    assert ana.replica.answers(ANA).claims == (Claim("b1", BEN),)


def test_unreadable_answers_of_a_former_life_leave_what_this_boot_knows() -> None:
    ana = Self(incarnation=1)
    ana.me.reclaim(CAST.held(CAST.record("ana", slots.ANSWERS, b"\xc1", (7, 3)), ana.ctx.now))
    assert ana.replica.answers(ANA) == Answers()


def test_presence_of_this_boot_stands_with_its_room_and_ends_what_it_ends() -> None:
    ana = Self(incarnation=1)
    ana.me.set_presence(slots.ROOM, "Blue", ends=EndReason.ROOM)
    ana.comes_back(slots.STATE, State(slots.ROOM, "Red", hand(1)), (7, 3))
    assert (ana.state.presence, ana.state.room, ana.state.hand) == (slots.ROOM, "Blue", None)
    assert ana.state.end is not None
    assert (ana.state.end.id, ana.state.end.reason) == (hand(1).id, "room")
