import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import CommandRefused, LadderStep, Refusal
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.naming import Person, Plan, Verdict, find_members, judge, means, plan, together
from escalate_daemon.core.slots import Step, Target
from escalate_daemon.core.views import Why


def mid(number: int) -> MemberId:
    return MemberId(bytes([number]) * 16)


def person(
    number: int,
    name: str,
    *groups: str,
    host: str = "pc",
    presence: str = slots.AVAILABLE,
    room: str = "",
    label: str = "",
) -> Person:
    return Person(mid(number), name, host, groups, presence, room, label or name)


ME = person(1, "Ana", "team")
PEOPLE = (
    ME,
    person(2, "Ben", "team", host="desk"),
    person(3, "Ben", host="lab", label="Ben@lab"),
    person(4, "Émile", "Nacht", presence=slots.AWAY),
    person(5, "Team", presence=slots.BUSY),
    person(6, "Dora", presence=slots.ROOM, room="Blue"),
    person(7, "Gone", "team", presence=slots.LEFT),
)


def planned(*words: str) -> Plan:
    return plan(words, PEOPLE, ME.id)


def meant(*words: str) -> set[int]:
    return {member[0] for member in planned(*words).meant}


# --- WHO words -------------------------------------------------------------------------------------
def test_bare_name_means_all_members_of_that_name_and_is_signed_as_ids() -> None:
    assert planned("ben").targets == (Target(member=mid(2)), Target(member=mid(3)))
    assert planned("BEN").meant == {mid(2), mid(3)}


@pytest.mark.parametrize("word", ["ben@lab", "Ben@lab", mid(3).hex(), "ben~0303"])
def test_one_of_two_namesakes_is_named_by_host_id_or_label(word: str) -> None:
    assert meant(word) == {3}


def test_names_compare_after_nfc_and_casefold() -> None:
    assert meant("e\u0301MILE") == {4}


def test_word_is_signed_as_a_word() -> None:
    result = planned("@team", "@here", "@EVERYONE", "@room:Blue")
    assert [target.word for target in result.targets] == ["@team", "@here", "@everyone", "@room:Blue"]
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("word", "who"),
    [
        ("@team", {2, 7}),
        ("@nacht", {4}),
        ("@NACHT", {4}),
        ("@everyone", {2, 3, 4, 5, 6}),
        ("@here", {2, 3}),
        ("@room:blue", {6}),
        ("@dora", {6}),
    ],
)
def test_word_means(word: str, who: set[int]) -> None:
    assert meant(word) == who


def test_worn_group_goes_before_a_member_of_that_name() -> None:
    assert planned("@team").targets == (Target(word="@team"),)


def test_group_that_nobody_wears_is_raised_with_a_warning_and_the_nearest_names() -> None:
    result = planned("@teem")
    assert result.targets == (Target(word="@teem"),)
    assert result.meant == frozenset()
    (warning,) = result.warnings
    assert "@teem" in warning
    assert "@team" in warning


def test_unknown_name_is_refused_and_the_nearest_told() -> None:
    with pytest.raises(CommandRefused) as refused:
        planned("bem")
    assert refused.value.reason is Refusal.UNKNOWN_NAME
    assert "Ben" in refused.value.hint


@pytest.mark.parametrize("word", ["", "  ", "nobody at all like this"])
def test_name_like_no_other_is_refused_with_the_way_on(word: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        planned(word)
    assert refused.value.reason is Refusal.UNKNOWN_NAME
    assert "escalate who" in refused.value.hint


@pytest.mark.parametrize("word", ["ana", "@ana"])
def test_naming_only_oneself_is_refused(word: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        planned(word)
    assert refused.value.reason is Refusal.UNKNOWN_NAME


def test_namesake_of_mine_is_meant_and_i_am_not() -> None:
    people = (*PEOPLE, person(8, "Ana"))
    assert plan(["ana"], people, ME.id).targets == (Target(member=mid(8)),)


@pytest.mark.parametrize("word", ["@", "@room:", "@" + "x" * 33, "@a\x00b", "@room:" + "r" * 33])
def test_word_that_no_group_may_have_is_wrong_usage(word: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        planned(word)
    assert refused.value.reason is Refusal.USAGE


def test_what_is_named_twice_is_signed_once() -> None:
    assert planned("ben", "Ben", "@team", "@team").targets == (*planned("ben").targets, Target(word="@team"))


def test_too_many_named_are_refused_with_both_counts() -> None:
    assert len(planned(*(f"@g{n}" for n in range(tuning.WORD_TARGETS_MAX))).targets) == tuning.WORD_TARGETS_MAX
    with pytest.raises(CommandRefused) as refused:
        planned(*(f"@g{n}" for n in range(tuning.WORD_TARGETS_MAX + 1)))
    assert refused.value.reason is Refusal.USAGE
    crowd = [Person(MemberId(n.to_bytes(16, "big")), "Sam", "", (), slots.AVAILABLE, "") for n in range(70)]
    with pytest.raises(CommandRefused):
        plan(["sam"], crowd, ME.id)


def test_nobody_named_is_a_plan_for_nobody() -> None:
    assert planned() == Plan((), frozenset(), ())


def test_finding_by_label_needs_no_right_case() -> None:
    assert [p.id for p in find_members("BEN@LAB", PEOPLE)] == [mid(3)]
    assert find_members("zoe", PEOPLE) == []


# --- The receiver's judgement ----------------------------------------------------------------------
def verdict(*named: Target, me: Person = ME, available_for: int | None = 10_000, hand_age: int = 0) -> Verdict:
    return judge(named, me, available_for=available_for, age=hand_age)


BUSY = person(1, "Ana", "team", presence=slots.BUSY)
AWAY = person(1, "Ana", "team", presence=slots.AWAY)
TEAM, EVERYONE, HERE = Target(word="@TEAM"), Target(word="@everyone"), Target(word="@here")


def test_nobody_named_is_not_me() -> None:
    assert verdict() == Verdict(named=False)
    assert verdict(Target(word="@others"), Target(member=mid(9))) == Verdict(named=False)


def test_name_rings_even_who_is_busy() -> None:
    assert verdict(Target(member=ME.id), me=BUSY, available_for=None) == Verdict(named=True)


def test_group_i_wear_names_me() -> None:
    assert verdict(TEAM) == Verdict(named=True)


@pytest.mark.parametrize("word", [TEAM, EVERYONE])
def test_words_do_not_ring_who_is_busy(word: Target) -> None:
    assert verdict(word, me=BUSY, available_for=None) == Verdict(named=True, why=Why.BUSY)


def test_group_rings_who_is_away() -> None:
    assert verdict(TEAM, me=AWAY, available_for=None) == Verdict(named=True)


@pytest.mark.parametrize(
    ("available_for", "hand_age", "why"),
    [(10_000, 9_000, None), (10_000, 10_000, None), (10_000, 10_001, Why.NOT_HERE), (None, 0, Why.NOT_HERE)],
)
def test_here_means_who_was_available_when_it_was_raised(
    available_for: int | None, hand_age: int, why: Why | None
) -> None:
    assert verdict(HERE, available_for=available_for, hand_age=hand_age) == Verdict(named=True, why=why)


def test_one_target_that_rings_is_enough() -> None:
    assert verdict(HERE, TEAM, available_for=None) == Verdict(named=True)
    assert verdict(HERE, Target(member=ME.id), me=BUSY, available_for=None) == Verdict(named=True)


def test_room_names_who_is_in_it() -> None:
    inside = person(1, "Ana", presence=slots.ROOM, room="Blue")
    assert verdict(Target(word="@room:BLUE"), me=inside, available_for=None) == Verdict(named=True)
    assert verdict(Target(word="@room:Red"), me=inside, available_for=None) == Verdict(named=False)
    assert not means(Target(word="@room:Blue"), ME)


@pytest.mark.parametrize(("named", "why"), [((TEAM,), Why.MUTED), ((TEAM, EVERYONE), None), ((TEAM, HERE), None)])
def test_silenced_word_does_not_ring_where_nothing_else_names_me(named: tuple[Target, ...], why: Why | None) -> None:
    judged = judge(named, ME, available_for=10_000, age=0, silences=lambda target: target == TEAM)
    assert judged == Verdict(named=True, why=why)


def test_name_rings_whatever_words_are_silenced() -> None:
    named = (TEAM, Target(member=ME.id))
    assert judge(named, ME, available_for=None, age=0, silences=lambda _: True).rings


def test_word_that_does_not_mean_me_is_no_reason_to_be_silent() -> None:
    judged = judge((Target(word="@others"), TEAM), ME, available_for=0, age=0, silences=lambda t: t.word == "@others")
    assert judged == Verdict(named=True)


NOT_ME, RINGS, BUSY_I_AM = Verdict(named=False), Verdict(named=True), Verdict(named=True, why=Why.BUSY)
MUTED = Verdict(named=True, why=Why.MUTED)


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ([], NOT_ME),
        ([NOT_ME, NOT_ME], NOT_ME),
        ([BUSY_I_AM, NOT_ME, RINGS], RINGS),
        ([NOT_ME, MUTED, BUSY_I_AM], MUTED),
    ],
)
def test_several_verdicts_are_one_and_the_one_that_rings_wins(several: list[Verdict], one: Verdict) -> None:
    assert together(several) == one


def test_hidden_rings_nobody() -> None:
    assert not Verdict(named=True, hidden=True).rings


# --- The ladder ------------------------------------------------------------------------------------
def laddered(*steps: tuple[int, tuple[str, ...]], named: tuple[str, ...] = ("ben@lab",)) -> Plan:
    return plan(named, PEOPLE, ME.id, [LadderStep(after, who) for after, who in steps])


def test_steps_are_resolved_like_the_rest_and_mean_nobody_yet() -> None:
    result = laddered((120_000, ("@team", "émile")), (300_000, ("@everyone",)))
    assert result.ladder == (
        Step(120_000, (Target(word="@team"), Target(member=mid(4)))),
        Step(300_000, (Target(word="@everyone"),)),
    )
    assert result.targets == (Target(member=mid(3)),)
    assert result.meant == {mid(3)}


def test_step_for_a_group_that_nobody_wears_is_warned_of_once() -> None:
    result = laddered((1_000, ("@teem",)), (2_000, ("@teem",)), named=("@teem",))
    assert len(result.warnings) == 1


@pytest.mark.parametrize(
    "steps",
    [
        [(1_000, ())],
        [(0, ("ben",))],
        [(-1, ("ben",))],
        [(2_000, ("ben",)), (2_000, ("@team",))],
        [(2_000, ("ben",)), (1_000, ("@team",))],
        [(tuning.MAX_AGE_LIMIT + 1, ("ben",))],
        [(n * 1_000, ("ben",)) for n in range(1, tuning.LADDER_MAX + 2)],
    ],
    ids=["names nobody", "at once", "before", "both at once", "backwards", "after its longest life", "too many"],
)
def test_ladder_that_makes_no_sense_is_wrong_usage(steps: list[tuple[int, tuple[str, ...]]]) -> None:
    with pytest.raises(CommandRefused) as refused:
        laddered(*steps)
    assert refused.value.reason is Refusal.USAGE


def test_unknown_name_in_a_step_refuses_all() -> None:
    with pytest.raises(CommandRefused) as refused:
        laddered((1_000, ("bem",)))
    assert refused.value.reason is Refusal.UNKNOWN_NAME


def test_limits_of_the_named_count_over_all_steps() -> None:
    words = [f"@g{n}" for n in range(tuning.WORD_TARGETS_MAX)]
    assert laddered((1_000, tuple(words[4:])), named=tuple(words[:4]))
    with pytest.raises(CommandRefused) as refused:
        laddered((1_000, tuple(words)), named=("@team",))
    assert refused.value.reason is Refusal.USAGE
