from dataclasses import dataclass, field

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.context import Context
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import (
    Answers,
    Claim,
    Grant,
    Grants,
    Line,
    Receipt,
    Receipts,
    State,
    Step,
    Target,
)
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView, Reach, Why
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem", "dora")
ANA, BEN, CEM, DORA = (CAST.id(name) for name in CAST.names)
START = 100_000_000
HAND = CAST.hand("ben", named=(Target(word="@everyone"),))


@dataclass
class Eyes:
    """Ana's viewer. All four are linked with all."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    replica: Replica = field(default_factory=Replica)
    reach: Reachability = field(default_factory=lambda: Reachability(ANA))
    seq: int = 10

    def __post_init__(self) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        for name in CAST.names:
            roster.admit_chain(CAST.chain(name))
            self.replica.put(CAST.held(CAST.profile_record(name), START))
        answering = Answering(self.ctx, self.replica, self.reach)
        self.viewer = Viewer(self.ctx, self.replica, self.reach, Pins(self.ctx, roster), answering)
        self.connect(*CAST.names)

    def connect(self, *names: str) -> None:
        there = {CAST.id(name) for name in names}
        self.reach.update(map(CAST.id, CAST.names), lambda m: there - {m} if m in there else (), self.ctx.now)

    def profile(self, who: str, /, **parts: object) -> MemberView:
        """The member's new profile, and how it is shown."""
        self.seq += 1
        self.replica.put(CAST.held(CAST.profile_record(who, (1, self.seq), **parts), self.ctx.now))
        return self.viewer.member(CAST.id(who))

    def writes(self, name: str, slot: str, body: slots.Body) -> None:
        self.seq += 1
        self.replica.put(CAST.held(CAST.record(name, slot, body, (1, self.seq)), self.ctx.now))

    def hand(self, hand: slots.Hand = HAND, state: EscalationState = EscalationState.ACTIVE) -> EscalationView:
        """How Ben's hand is shown."""
        return self.viewer.escalation(Known(HandId(hand.id), BEN, hand, START, START, state))


@pytest.fixture
def eyes() -> Eyes:
    return Eyes()


# --- Members ---------------------------------------------------------------------------------------
def test_members_are_listed_me_first_then_by_label(eyes: Eyes) -> None:
    eyes.profile("dora", name="Ben", host="lab")
    eyes.profile("ben", name="Ben", host="desk")
    assert [view.label for view in eyes.viewer.members()] == ["ana", "Ben@desk", "Ben@lab", "cem"]
    assert [view.me for view in eyes.viewer.members()] == [True, False, False, False]


def test_hostile_profile_is_cleaned_where_it_is_shown(eyes: Eyes) -> None:
    view = eyes.profile(
        "ben",
        name="B\u202een\x1b[31m\n" + "x" * 99,
        host="h\x00ost",
        groups=("te\nam", "\x1b", *(f"g{n}" for n in range(30))),
        location="\x9bhere",
        hears="everything",
        addresses=tuple(f"a\n{n}" for n in range(30)),
    )
    shown = "".join((view.name, view.host, view.label, view.location, *view.groups, *view.addresses))
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in shown)
    assert len(view.name) <= tuning.NAME_POINTS
    assert len(view.groups) <= tuning.GROUPS_MAX
    assert len(view.addresses) <= tuning.ADDRESSES_MAX
    assert view.hears == "none"


@pytest.mark.parametrize("name", ["", "\n", " "])
def test_member_without_a_name_is_shown_by_its_id(eyes: Eyes, name: str) -> None:
    assert eyes.profile("ben", name=name).name == BEN.hex()[:8]


@pytest.mark.parametrize("name", ["cem@pc", f"cem~{CEM.hex()[:4]}", "--help"])
def test_name_cannot_pose_as_anothers_label_or_as_an_option(eyes: Eyes, name: str) -> None:
    shown = eyes.profile("ben", name=name).name
    assert "@" not in shown
    assert "~" not in shown
    assert not shown.startswith("-")


def test_member_whose_profile_never_came_is_shown_by_its_id(eyes: Eyes) -> None:
    eyes.replica.forget(slots_key := CAST.profile_record("ben").key)
    view = eyes.viewer.member(slots_key.member)
    assert (view.name, view.presence, view.online) == (BEN.hex()[:8], slots.AVAILABLE, False)
    assert BEN not in {each.id for each in eyes.viewer.members()}


def test_lost_member_is_shown_as_lost_and_who_left_as_left(eyes: Eyes) -> None:
    eyes.connect("ana")
    eyes.ctx.now += tuning.LOST_AFTER
    eyes.reach.expire(eyes.ctx.now)
    eyes.writes("cem", slots.STATE, State(presence=slots.LEFT))
    assert (eyes.viewer.member(BEN).presence, eyes.viewer.member(BEN).online) == ("lost", False)
    assert (eyes.viewer.member(CEM).presence, eyes.viewer.member(CEM).online) == (slots.LEFT, False)
    assert (eyes.viewer.me().presence, eyes.viewer.member(ANA).online) == (slots.AVAILABLE, True)


def test_room_is_shown_while_one_is_in_it(eyes: Eyes) -> None:
    eyes.writes("ben", slots.STATE, State(slots.ROOM, "Blue"))
    eyes.writes("cem", slots.STATE, State(slots.BUSY, "Blue"))
    eyes.writes("dora", slots.STATE, State("on the moon", "Blue"))
    assert [(v.presence, v.room) for v in map(eyes.viewer.member, (BEN, CEM, DORA))] == [
        (slots.ROOM, "Blue"),
        (slots.BUSY, ""),
        (slots.AVAILABLE, ""),
    ]


# --- Escalations -----------------------------------------------------------------------------------
def test_reach_counts_the_named_and_what_they_report(eyes: Eyes) -> None:
    eyes.connect("ana", "ben", "cem")
    eyes.writes("cem", slots.RECEIPTS, Receipts((Receipt(HAND.id, BEN, 10, 20, 30, 40),)))
    eyes.writes("dora", slots.RECEIPTS, Receipts((Receipt(HAND.id, BEN, 10, why="failed"),)))
    eyes.ctx.now += 1_000
    view = eyes.hand()
    assert view.reach == Reach(named=3, online=2, delivered=2, shown=1, sounded=1, seen=1)
    by_name = {receipt.member.name: receipt for receipt in view.receipts}
    assert set(by_name) == {"ana", "cem", "dora"}, "who is named and silent is shown too"
    assert (by_name["cem"].delivered_ago, by_name["cem"].seen_ago, by_name["cem"].why) == (990, 960, None)
    assert (by_name["dora"].shown_ago, by_name["dora"].why) == (None, Why.FAILED)
    assert by_name["ana"].delivered_ago is None


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(HAND.id, CEM, 1, 1, 1, 1),
        Receipt("another hand", BEN, 1, 1, 1, 1),
        Receipt(HAND.id, BEN, -5, -1, -9, -1, "because"),
    ],
    ids=["another owner", "another hand", "nothing happened"],
)
def test_receipt_that_says_nothing_of_this_hand_counts_nothing(eyes: Eyes, receipt: Receipt) -> None:
    eyes.writes("cem", slots.RECEIPTS, Receipts((receipt,)))
    view = eyes.hand()
    assert (view.reach.delivered, view.reach.shown, view.reach.sounded, view.reach.seen) == (0, 0, 0, 0)
    assert {each.why for each in view.receipts} == {None}


def test_owner_is_never_among_the_named(eyes: Eyes) -> None:
    eyes.writes("ben", slots.RECEIPTS, Receipts((Receipt(HAND.id, BEN, 1, 1, 1, 1),)))
    assert "ben" not in {receipt.member.name for receipt in eyes.hand().receipts}
    assert eyes.hand(CAST.hand("ben", named=(Target(member=BEN),))).reach.named == 0


def test_who_is_not_named_does_not_count_by_sending_receipts(eyes: Eyes) -> None:
    eyes.writes("dora", slots.RECEIPTS, Receipts((Receipt(HAND.id, BEN, 1, 1, 1, 1),)))
    assert eyes.hand(CAST.hand("ben", named=(Target(member=CEM),))).reach == Reach(named=1, online=1)


def test_yellow_has_no_reach(eyes: Eyes) -> None:
    view = eyes.hand(CAST.hand("ben", level=slots.YELLOW))
    assert (view.level, view.reach, view.receipts, view.named, view.named_me) == ("yellow", Reach(), (), (), False)


def test_unknown_level_is_yellow(eyes: Eyes) -> None:
    assert eyes.hand(CAST.hand("ben", level="ultraviolet", named=HAND.named)).level == "yellow"


def test_named_are_told_as_labels_and_words(eyes: Eyes) -> None:
    named = (Target(member=CEM), Target(word="@te\x1bam"), Target(member=ANA))
    view = eyes.hand(CAST.hand("ben", named=named, message="no\x07w\n!"))
    assert view.named[0::2] == ("cem", "ana")
    assert view.named[1].startswith("@te")
    assert view.named_me
    assert not any(ord(c) < 32 for c in view.message + "".join(view.named))


def test_ids_that_nobody_has_fill_no_memory(eyes: Eyes) -> None:
    for number in range(50):
        named = tuple(Target(member=MemberId(bytes([number, n]) * 8)) for n in range(60))
        assert len(eyes.hand(CAST.hand("ben", named=named)).receipts) == 60
    sizes = [len(kept) for kept in vars(eyes.viewer).values() if isinstance(kept, dict)]
    assert max(sizes) <= 50, "one for each hand at most, and none for each id"


def test_contact_lost_is_told_with_its_time(eyes: Eyes) -> None:
    eyes.connect("ana")
    eyes.ctx.now += 40_000
    assert eyes.hand(state=EscalationState.LOST).lost_for == 40_000
    assert eyes.hand().lost_for is None


# --- Answers ---------------------------------------------------------------------------------------
def test_claims_are_shown_by_name_with_their_time_and_whether_they_count(eyes: Eyes) -> None:
    eyes.writes("cem", slots.ANSWERS, Answers((Claim(HAND.id, BEN, 400),)))
    eyes.writes("dora", slots.ANSWERS, Answers((Claim(HAND.id, BEN, 900),)))
    eyes.connect("ana", "ben", "cem")
    eyes.ctx.now += 1_000
    assert [(c.member.name, c.ago, c.counts) for c in eyes.hand().claims] == [("cem", 600, True), ("dora", 100, True)]
    eyes.ctx.now += tuning.CLAIM_OUTLIVES
    assert [(c.member.name, c.counts) for c in eyes.hand().claims] == [("cem", True), ("dora", False)]
    assert eyes.hand().claimed


def test_hand_is_not_claimed_by_claims_that_do_not_count(eyes: Eyes) -> None:
    eyes.writes("dora", slots.ANSWERS, Answers((Claim(HAND.id, BEN),)))
    eyes.writes("dora", slots.STATE, State(slots.LEFT))
    view = eyes.hand()
    assert (len(view.claims), view.claimed) == (1, False)


def test_thread_is_cleaned_and_tells_how_many_lines_are_not_kept(eyes: Eyes) -> None:
    lines = (Line(HAND.id, BEN, 10, "no\x1b[31mw\n!", 3), Line(HAND.id, BEN, 20, "x" * 999, 4))
    eyes.writes("cem", slots.ANSWERS, Answers((), lines))
    eyes.ctx.now += 100
    view = eyes.hand()
    assert ([line.ago for line in view.thread], view.forgotten) == ([90, 80], 3)
    assert not any(ord(c) < 32 for line in view.thread for c in line.text)
    assert max(len(line.text) for line in view.thread) <= tuning.LINE_POINTS


@pytest.mark.parametrize("age", [-5, -(2**63), 2**63 - 1])
def test_answer_of_an_absurd_time_was_given_between_the_raise_and_now(eyes: Eyes, age: int) -> None:
    eyes.writes("cem", slots.ANSWERS, Answers((Claim(HAND.id, BEN, age),), (Line(HAND.id, BEN, age, "x"),)))
    eyes.ctx.now += 1_000
    view = eyes.hand()
    assert 0 <= view.claims[0].ago <= 1_000
    assert 0 <= view.thread[0].ago <= 1_000


def test_ladder_is_shown_with_labels_and_what_has_fired(eyes: Eyes) -> None:
    steps = (Step(5_000, (Target(member=CEM),)), Step(9_000, (Target(word="@le\x1bads"),)))
    hand = CAST.hand("ben", level=slots.YELLOW, ladder=steps)
    known = Known(HandId(hand.id), BEN, hand, START, START, EscalationState.ACTIVE)
    before = eyes.viewer.escalation(known)
    assert [(s.after, s.named, s.fired) for s in before.ladder] == [
        (5_000, ("cem",), False),
        (9_000, before.ladder[1].named, False),
    ]
    assert not any(ord(c) < 32 for c in before.ladder[1].named[0])
    assert (before.level, before.named, before.reach.named) == ("yellow", (), 0)
    known.fired = frozenset({0})
    after = eyes.viewer.escalation(known)
    assert [s.fired for s in after.ladder] == [True, False]
    assert (after.level, after.named, after.reach.named) == ("red", ("cem",), 1)


def test_ended_hand_keeps_the_answers_that_it_had(eyes: Eyes) -> None:
    eyes.writes("cem", slots.ANSWERS, Answers((Claim(HAND.id, BEN),), (Line(HAND.id, BEN, 0, "coming"),)))
    known = Known(HandId(HAND.id), BEN, HAND, START, START, EscalationState.ACTIVE)
    answering = Answering(eyes.ctx, Replica(), eyes.reach)
    assert len(eyes.viewer.escalation(known).thread) == 1
    known.answers = answering.of(HAND.id, BEN)
    assert eyes.viewer.escalation(known).thread == ()


# --- Invites ---------------------------------------------------------------------------------------
def test_grants_of_all_are_told_with_what_remains(eyes: Eyes) -> None:
    eyes.writes("ana", slots.GRANTS, Grants((Grant("g1", b"s", lifetime=10_000, age=1_000),)))
    eyes.writes("ben", slots.GRANTS, Grants((Grant("g2", b"t", lifetime=500, revoked=True),)))
    eyes.ctx.now += 2_000
    assert [(g.id, g.remaining, g.mine, g.revoked) for g in eyes.viewer.grants()] == [
        ("g1", 7_000, True, False),
        ("g2", -1_500, False, True),
    ]


@pytest.mark.parametrize(("lifetime", "age"), [(2**63, 0), (-(2**63), 0), (0, -(2**63)), (0, 2**63)])
def test_grant_of_absurd_times_stays_within_bounds(eyes: Eyes, lifetime: int, age: int) -> None:
    eyes.writes("ben", slots.GRANTS, Grants((Grant("g", b"s", lifetime, age),)))
    (grant,) = eyes.viewer.grants()
    assert abs(grant.remaining) <= tuning.AGE_MAX
