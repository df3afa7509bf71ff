import pytest

from escalate_daemon.core import ladder, slots, tuning
from escalate_daemon.core.slots import Hand, Step, Target

FIRST, SECOND, THIRD = (Target(word=f"@{word}") for word in ("team", "leads", "everyone"))
HAND = Hand("a1", slots.RED, named=(FIRST,), ladder=(Step(2_000, (SECOND,)), Step(5_000, (THIRD, FIRST))))


@pytest.mark.parametrize(
    ("age", "due", "named"),
    [
        (0, set(), (FIRST,)),
        (1_999, set(), (FIRST,)),
        (2_000, {0}, (FIRST, SECOND)),
        (5_000, {0, 1}, (FIRST, SECOND, THIRD)),
        (tuning.AGE_MAX, {0, 1}, (FIRST, SECOND, THIRD)),
    ],
)
def test_step_names_its_own_besides_from_its_age_on(age: int, due: set[int], named: tuple[Target, ...]) -> None:
    assert ladder.due(HAND, age) == due
    assert ladder.named_by(HAND, frozenset(due)) == named


def test_next_is_the_soonest_that_has_not_fired() -> None:
    assert ladder.next_after(HAND, frozenset()) == 2_000
    assert ladder.next_after(HAND, frozenset({0})) == 5_000
    assert ladder.next_after(HAND, frozenset({0, 1})) is None


def test_hand_without_a_ladder_has_no_steps() -> None:
    bare = Hand("a1", slots.YELLOW)
    assert (ladder.due(bare, 10**9), ladder.next_after(bare, frozenset())) == (frozenset(), None)


@pytest.mark.parametrize("after", [-1, -(2**63)])
def test_step_of_before_the_raise_is_due_at_once_and_never_before(after: int) -> None:
    hostile = Hand("a1", slots.RED, ladder=(Step(after, (SECOND,)),))
    assert ladder.due(hostile, 0) == {0}
    assert ladder.next_after(hostile, frozenset()) == 0


def test_hostile_ladder_has_no_more_steps_and_names_no_more_than_it_may() -> None:
    crowd = tuple(Target(word=f"@{n}") for n in range(99))
    hostile = Hand("a1", slots.RED, named=crowd, ladder=tuple(Step(n, crowd) for n in range(99)))
    fired = ladder.due(hostile, 10**9)
    assert fired == set(range(tuning.LADDER_MAX))
    assert len(ladder.named_by(hostile, fired)) == tuning.TARGETS_MAX
