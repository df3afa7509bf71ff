import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.myanswers import STALE_KEPT
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.slots import Answers
from support.core_answers import claim, line
from support.core_self import ANA, BEN, CAST, Self

ONE, TWO = (HandId(CAST.hand("ben", number).id) for number in (1, 2))


class Ana(Self):
    """Ana, who knows Ben's hands."""

    seq = 0

    def ben(self, number: int | None) -> None:
        """Ben's hand of that number is the one that is up; None: none is."""
        self.seq += 1
        state = slots.State(hand=None if number is None else CAST.hand("ben", number))
        self.replica.put(CAST.held(CAST.record("ben", slots.STATE, state, (1, self.seq)), self.ctx.now))
        self.hands.state_changed(BEN, direct=True)

    @property
    def mine(self) -> Answers:
        return self.replica.answers(ANA)

    @property
    def said(self) -> list[tuple[int, str]]:
        return [(each.number, each.text) for each in self.mine.lines]

    @property
    def coming(self) -> list[str]:
        return [each.hand for each in self.mine.claims]


@pytest.fixture
def ana() -> Ana:
    ana = Ana()
    ana.ben(1)
    return ana


# --- Claims ----------------------------------------------------------------------------------------
def test_claim_is_one_write_with_the_age_of_its_hand(ana: Ana) -> None:
    ana.ctx.now += 4_000
    ana.me.answers.claim(ONE)
    assert ana.writes == [slots.ANSWERS]
    assert ana.mine.claims == (claim(ONE, BEN, 4_000),)
    ana.me.answers.claim(ONE)
    assert ana.writes == [slots.ANSWERS], "said again it changes nothing"


def test_claim_withdrawn_is_gone_and_nothing_else(ana: Ana) -> None:
    ana.me.answers.claim(ONE)
    ana.me.answers.say(ONE, "wait")
    ana.me.answers.withdraw(ONE)
    assert (ana.coming, ana.said) == ([], [(0, "wait")])
    with pytest.raises(CommandRefused) as refused:
        ana.me.answers.withdraw(ONE)
    assert refused.value.reason is Refusal.NOTHING_TO_CLAIM


def test_nobody_claims_what_ended_is_unknown_or_is_their_own(ana: Ana) -> None:
    mine = ana.raise_red()
    ana.ben(None)
    for hand in (ONE, TWO, mine):
        with pytest.raises(CommandRefused) as refused:
            ana.me.answers.claim(hand)
        assert refused.value.reason is Refusal.NOTHING_TO_CLAIM
    assert ana.mine == Answers()


# --- Threads ---------------------------------------------------------------------------------------
def test_lines_are_numbered_from_0_in_each_thread(ana: Ana) -> None:
    mine = ana.raise_red()
    for hand, words in ((ONE, "a"), (mine, "b"), (ONE, "c")):
        ana.me.answers.say(hand, words)
    assert ana.said == [(0, "a"), (0, "b"), (1, "c")]


@pytest.mark.parametrize("words", ["", "  \n ", "x" * (tuning.LINE_POINTS + 1), "a\x1b[31m"])
def test_line_that_cannot_be_said_is_wrong_usage(ana: Ana, words: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        ana.me.answers.say(ONE, words)
    assert (refused.value.reason, ana.mine) == (Refusal.USAGE, Answers())


def test_newest_lines_are_kept_and_go_on_counting(ana: Ana) -> None:
    for number in range(tuning.LINES_KEPT + 5):
        ana.me.answers.say(ONE, f"line {number}")
    assert len(ana.said) == tuning.LINES_KEPT
    assert (ana.said[0], ana.said[-1]) == ((5, "line 5"), (24, "line 24"))


def test_as_many_answers_as_may_be_fit_into_the_slot(ana: Ana) -> None:
    wide = "\U0001f198" * (tuning.LINE_BYTES // 4)
    claims = tuple(claim(ONE, BEN, tuning.AGE_MAX) for _ in range(tuning.CLAIMS_MAX))
    lines = tuple(line(wide, tuning.VERSION_MAX, age=tuning.AGE_MAX) for _ in range(tuning.LINES_KEPT))
    record = CAST.record("ana", slots.ANSWERS, Answers(claims, lines), (2**53, 2**53))
    assert len(wire.encode(record)) <= tuning.SLOT_BYTES["answers"]


# --- What answers nothing any more -----------------------------------------------------------------
def test_answer_to_what_ended_goes_a_minute_later_in_one_write(ana: Ana) -> None:
    ana.me.answers.claim(ONE)
    ana.me.answers.say(ONE, "coming")
    ana.ben(None)
    ana.writes.clear()
    ana.me.answers.follow(compared=True)
    assert ana.me.answers.next_deadline() == ana.ctx.now + STALE_KEPT
    ana.ctx.now += STALE_KEPT - 1
    ana.me.answers.follow(compared=True)
    assert ana.writes == []
    ana.ctx.now += 1
    ana.me.answers.follow(compared=True)
    assert (ana.writes, ana.mine, ana.me.answers.next_deadline()) == ([slots.ANSWERS], Answers(), None)


def test_years_of_answers_fill_no_memory(ana: Ana) -> None:
    for number in range(1, 40):
        ana.ben(number)
        hand = HandId(CAST.hand("ben", number).id)
        ana.me.answers.claim(hand)
        ana.me.answers.say(hand, "coming")
        ana.ben(None)
        for _ in range(2):
            ana.me.answers.follow(compared=True)
            ana.ctx.now += STALE_KEPT
    kept = [value for value in vars(ana.me.answers).values() if isinstance(value, dict | set)]
    assert (len(kept), [len(each) for each in kept]) == (3, [0, 0, 0])


def test_answer_to_a_hand_of_which_a_fresh_daemon_has_not_heard_waits_for_a_comparison() -> None:
    disk = (CAST.profile_record("ana"), CAST.record("ana", slots.ANSWERS, Answers((claim(ONE),)), (5, 1)))
    ana = Ana(disk=disk)
    for _ in range(2):
        ana.me.answers.follow(compared=False)
        ana.ctx.now += STALE_KEPT
    assert ana.coming == [ONE]
    ana.ben(1)
    ana.me.answers.follow(compared=True)
    assert (ana.coming, ana.me.answers.next_deadline()) == ([ONE], None)


def test_next_answer_takes_out_what_answers_nothing(ana: Ana) -> None:
    ana.me.answers.claim(ONE)
    ana.ben(2)
    ana.me.answers.claim(TWO)
    assert ana.coming == [TWO]


def test_at_most_so_many_claims_at_once_and_the_newest_of_them(ana: Ana) -> None:
    known = ana.hands.get(ONE)
    assert known is not None
    others = tuple(claim(HandId(f"{n:016x}")) for n in range(tuning.CLAIMS_MAX))
    own = OwnSlots(ana.ctx, ana.replica, 50, lambda key: None)
    own.write(slots.ANSWERS, Answers(others))
    ana.me.answers.claim(ONE)
    assert len(ana.coming) <= tuning.CLAIMS_MAX
    assert ana.coming[-1] == ONE


# --- After a lost disk -----------------------------------------------------------------------------
def test_claims_and_lines_that_others_hold_come_back_with_this_boots_own() -> None:
    ana = Ana(incarnation=1)
    ana.ben(1)
    ana.me.answers.say(ONE, "now")
    ana.comes_back(slots.ANSWERS, Answers((claim(ONE),), (line("then", 0, hand=ONE),)), (7, 3))
    assert (ana.coming, ana.said) == ([ONE], [(0, "then"), (1, "now")])
    assert ana.version(slots.ANSWERS)[:2] > (7, 3)


def test_claim_withdrawn_this_boot_does_not_come_back() -> None:
    ana = Ana(incarnation=1)
    ana.ben(1)
    ana.me.answers.claim(ONE)
    ana.me.answers.withdraw(ONE)
    ana.comes_back(slots.ANSWERS, Answers((claim(ONE),)), (7, 3))
    assert ana.coming == []


def test_claim_of_this_boot_is_given_again_above_what_comes_back() -> None:
    ana = Ana(incarnation=1)
    ana.ben(1)
    ana.me.answers.claim(ONE)
    ana.comes_back(slots.ANSWERS, Answers(), (7, 3))
    assert ana.coming == [ONE]


def test_claim_that_only_an_older_disk_remembers_is_not_given_again() -> None:
    disk = (CAST.profile_record("ana"), CAST.record("ana", slots.ANSWERS, Answers((claim(ONE),)), (5, 1)))
    ana = Ana(disk=disk)
    ana.ben(1)
    ana.comes_back(slots.ANSWERS, Answers(), (7, 3))
    assert ana.coming == []


def test_line_that_moved_behind_anothers_place_is_still_there_when_more_comes_back() -> None:
    ana = Ana(incarnation=1)
    ana.ben(1)
    ana.me.answers.say(ONE, "now")
    ana.comes_back(slots.ANSWERS, Answers((), (line("then", 0, hand=ONE),)), (7, 3))
    ana.comes_back(slots.ANSWERS, Answers((), (line("then", 0, hand=ONE), line("after", 1, hand=ONE))), (9, 3))
    assert [words for _, words in ana.said] == ["then", "after", "now"]


def test_newest_lines_of_all_threads_are_kept_when_more_come_back_than_may_be() -> None:
    ana = Ana(incarnation=1)
    ana.ben(1)
    long_ago = tuple(line("old", number, hand=ONE, age=number) for number in range(100, 100 + tuning.LINES_KEPT))
    ana.ctx.now += tuning.MINUTE
    mine = ana.raise_red()
    ana.me.answers.say(mine, "new")
    ana.comes_back(slots.ANSWERS, Answers((), long_ago), (7, 3))
    assert len(ana.said) == tuning.LINES_KEPT
    assert ana.said[-1] == (0, "new")
