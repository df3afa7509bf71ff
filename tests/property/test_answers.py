"""Laws of answers: the index is what one would count anew, and the order in which slots come does not matter."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from escalate_daemon.core import slots
from escalate_daemon.core.answering import Answering, HandAnswers
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Answers, Claim, Line
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
LAWS = settings(deadline=None, max_examples=60)
HANDS = [(CAST.hand(who, number).id, CAST.id(who)) for who in ("ana", "ben") for number in (1, 2)]
TO = st.sampled_from(HANDS)
AGES = st.integers(-10, 50)
ANSWERS = st.builds(
    Answers,
    st.lists(st.builds(lambda to, age: Claim(to[0], to[1], age), TO, AGES), max_size=6).map(tuple),
    st.lists(
        st.builds(lambda to, age, n: Line(to[0], to[1], age, f"line {n}", n), TO, AGES, st.integers(-3, 30)),
        max_size=8,
    ).map(tuple),
)
WRITES = st.lists(st.tuples(st.sampled_from(CAST.names), st.one_of(ANSWERS, st.just(Answers()))), max_size=8)


def put(replica: Replica, who: str, answers: Answers, seq: int) -> None:
    replica.put(CAST.held(CAST.record(who, slots.ANSWERS, answers, (1, seq))))


def fresh(replica: Replica) -> Answering:
    return Answering(CAST.context("ana"), replica, Reachability(CAST.id("ana")))


def counted(replica: Replica, hand: str, owner: MemberId) -> HandAnswers:
    """The same, without an index."""
    claims, lines, forgotten = [], [], 0
    for member in map(CAST.id, CAST.names):
        answers = replica.answers(member)
        mine = [c for c in answers.claims if (c.hand, c.owner) == (hand, owner) and member != owner]
        claims += [(member, c) for c in mine[:1]]
        said = [x for x in answers.lines if (x.hand, x.owner) == (hand, owner)]
        lines += [(member, x) for x in said]
        forgotten += max(0, min((x.number for x in said), default=0))
    claims.sort(key=lambda each: (each[1].age, each[0]))
    lines.sort(key=lambda each: (each[1].age, each[0], each[1].number))
    return HandAnswers(tuple(claims), tuple(lines), forgotten)


@LAWS
@given(WRITES, st.data())
def test_index_is_what_is_counted_anew_whenever_it_is_asked(
    writes: list[tuple[str, Answers]], data: st.DataObject
) -> None:
    replica = Replica()
    index = fresh(replica)
    for seq, (who, answers) in enumerate(writes, 1):
        put(replica, who, answers, seq)
        if data.draw(st.booleans()):
            for hand, owner in HANDS:
                assert index.of(hand, owner) == counted(replica, hand, owner)
    for hand, owner in HANDS:
        assert index.of(hand, owner) == counted(replica, hand, owner)


@LAWS
@given(WRITES, st.randoms(use_true_random=False))
def test_order_in_which_slots_come_does_not_matter(writes: list[tuple[str, Answers]], rng: random.Random) -> None:
    newest = {who: (seq, answers) for seq, (who, answers) in enumerate(writes, 1)}
    indexes = []
    for _ in range(2):
        replica = Replica()
        for who, (seq, answers) in rng.sample(sorted(newest.items()), len(newest)):
            put(replica, who, answers, seq)
        indexes.append(fresh(replica))
    assert [indexes[0].of(*key) for key in HANDS] == [indexes[1].of(*key) for key in HANDS]


@LAWS
@given(WRITES)
def test_news_name_all_that_is_new_and_nothing_that_was_there(writes: list[tuple[str, Answers]]) -> None:
    replica = Replica()
    index = fresh(replica)
    for seq, (who, answers) in enumerate(writes, 1):
        before = {key: counted(replica, *key) for key in HANDS}
        put(replica, who, answers, seq)
        news = {(each.hand, each.owner): each for each in index.take_news()}
        for key in HANDS:
            after = counted(replica, *key)
            claimed = {m for m, _ in after.claims} - {m for m, _ in before[key].claims}
            told = news[key].claimed if key in news else set()
            assert claimed == told - {key[1]}
            words = {(m, x.number, x.text) for m, x in after.lines} - {
                (m, x.number, x.text) for m, x in before[key].lines
            }
            assert {m for m, *_ in words} == (news[key].said if key in news else set())


@LAWS
@given(WRITES)
def test_nobody_is_claimed_by_itself(writes: list[tuple[str, Answers]]) -> None:
    replica = Replica()
    index = fresh(replica)
    for seq, (who, answers) in enumerate(writes, 1):
        put(replica, who, answers, seq)
    assert all(owner not in dict(index.of(hand, owner).claims) for hand, owner in HANDS)
