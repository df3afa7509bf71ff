import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.comparing import ENTRIES_A_FRAME, ROWS_A_PAGE
from escalate_daemon.core.ids import HandId, LinkId, MemberId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import BUCKETS, Replica, bucket_of
from escalate_daemon.core.wire import Have, Record, SlotKey, Want, WireError
from support.core_mouth import BEN, CAST, CEM, START, TO_BEN, TO_CEM, Mouth, entry, receipts, state


@pytest.fixture
def ana() -> Mouth:
    return Mouth()


# --- Questions -------------------------------------------------------------------------------------
def asked(ana: Mouth, other: Replica | None = None, start: int = 0) -> list[Have]:
    """What Ana answers to one who holds `other`."""
    digests = (other or Replica()).digests()
    ana.gossip.on_want(TO_BEN, Want((), digests, start))
    return [frame for link, frame, _ in ana.said() if link == TO_BEN and isinstance(frame, Have)]


def crowd(count: int) -> Replica:
    """So many members with a state each."""
    replica = Replica()
    for n in range(count):
        record = Record(MemberId(n.to_bytes(16, "big")), slots.STATE, 1, 1, b"bootboot", b"", b"")
        replica.put(CAST.held(record))
    return replica


def test_new_link_is_asked_what_differs() -> None:
    ana = Mouth()
    ana.replica.put(CAST.held(state()))
    ana.gossip.open(Link(LinkId(9), BEN, None, False, False, START, START, None))
    assert ana.said() == [(LinkId(9), Want((), ana.replica.digests()), False)]


def test_question_is_answered_with_the_rows_of_all_buckets_that_differ(ana: Mouth) -> None:
    for record in (state(), receipts(), state(who="cem")):
        ana.replica.put(CAST.held(record))
    other = Replica()
    other.put(CAST.held(state(who="cem")))
    assert bucket_of(state().key) != bucket_of(state(who="cem").key)
    assert asked(ana, other) == [Have((entry(state()), entry(receipts())), BUCKETS)]


def test_who_holds_the_same_hears_of_nothing_but_of_hands_for_their_age(ana: Mouth) -> None:
    up = CAST.record("ben", slots.STATE, slots.State(hand=slots.Hand(HandId("h"), slots.RED)), (1, 1))
    for record in (up, state(who="cem")):
        ana.replica.put(CAST.held(record))
    assert asked(ana, ana.replica) == [Have((entry(up),), BUCKETS)]


def test_links_have_buckets_of_their_own() -> None:
    member = CAST.id("ben")
    kinds = (slots.PROFILE, slots.STATE, slots.RECEIPTS, slots.GRANTS, slots.LINKS)
    found = [bucket_of(SlotKey(member, slot)) for slot in kinds]
    assert len(set(found[:-1])) == 1
    assert found[-1] not in found[:-1]
    assert all(0 <= bucket < BUCKETS for bucket in found)


def test_i_ask_at_most_once_in_5_s_a_link(ana: Mouth) -> None:
    told = []
    for _ in range(100):
        ana.gossip.heard_fingerprint(TO_BEN, b"other" * 3)
        told += ana.said(after=100)
    assert len(told) == 2
    assert {link for link, _, _ in told} == {TO_BEN}


def test_who_asks_without_end_is_answered_now_and_then(ana: Mouth) -> None:
    ana.replica.put(CAST.held(state()))
    answers = 0
    for _ in range(100):
        answers += len(asked(ana))
        ana.ctx.now += tuning.COMPARE_EVERY // 50
    assert answers <= 4


def test_long_answer_comes_in_pages_and_each_question_continues_the_last() -> None:
    ana = Mouth(replica=crowd(2 * ROWS_A_PAGE + 100))
    rows, pages, start = 0, 0, 0
    while start < BUCKETS:
        frames = asked(ana, start=start)
        assert [frame.told for frame in frames[:-1]] == [0] * (len(frames) - 1)
        assert sum(len(frame.entries) for frame in frames) <= ROWS_A_PAGE
        assert all(len(frame.entries) <= ENTRIES_A_FRAME for frame in frames)
        rows, pages, start = rows + sum(len(frame.entries) for frame in frames), pages + 1, frames[-1].told
    assert rows == 2 * ROWS_A_PAGE + 100
    assert pages in {3, 4}


def test_more_hands_up_than_a_page_holds_do_not_stop_an_answer() -> None:
    ana = Mouth()
    for n in range(ROWS_A_PAGE + 200):
        member = MemberId(n.to_bytes(16, "big"))
        body = wire.encode(slots.State(hand=slots.Hand(HandId("h"), slots.RED)))
        ana.replica.put(CAST.held(Record(member, slots.STATE, 1, 1, b"bootboot", body, b"")))
    for other in (Replica(), ana.replica):
        rows, start = 0, 0
        while start < BUCKETS:
            frames = asked(ana, other, start)
            assert frames[-1].told > start
            rows, start = rows + sum(len(frame.entries) for frame in frames), frames[-1].told
        assert rows == ROWS_A_PAGE + 200
        ana.ctx.now += tuning.COMPARE_EVERY


def test_question_that_continues_no_answer_is_not_answered() -> None:
    ana = Mouth(replica=crowd(2 * ROWS_A_PAGE))
    (*_, first) = asked(ana)
    assert asked(ana, start=first.told + 1) == []
    assert asked(ana, start=first.told) != []
    assert asked(ana, start=first.told) == [], "that page was told"


def test_i_ask_on_from_where_an_answer_ended(ana: Mouth) -> None:
    ana.ctx.now += tuning.COMPARE_EVERY
    ana.gossip.compare(TO_BEN)
    ana.said()
    ana.gossip.on_have(TO_BEN, Have((), 20))
    assert ana.said() == [(TO_BEN, Want((), ana.replica.digests(), 20), False)]
    ana.gossip.on_have(TO_BEN, Have((), 20))
    assert ana.said() == [], "it led no further"
    assert ana.compared == []
    ana.gossip.on_have(TO_BEN, Have((), BUCKETS))
    assert ana.compared == [TO_BEN]


@pytest.mark.parametrize(
    "question",
    [
        Want((), (b"d" * 16,) * (BUCKETS - 1)),
        Want((), (b"d" * 15,) * BUCKETS),
        Want((), (b"d" * 16,) * BUCKETS, BUCKETS),
        Want((), (b"d" * 16,) * BUCKETS, -1),
    ],
    ids=["a bucket short", "short digests", "beyond the last", "before the first"],
)
def test_question_that_no_honest_daemon_puts_is_the_peers_fault(ana: Mouth, question: Want) -> None:
    with pytest.raises(WireError):
        ana.gossip.on_want(TO_BEN, question)


# --- Compared --------------------------------------------------------------------------------------
def test_equal_fingerprints_are_a_comparison(ana: Mouth) -> None:
    ana.gossip.heard_fingerprint(TO_BEN, ana.replica.fingerprint())
    ana.gossip.heard_fingerprint(TO_BEN, ana.replica.fingerprint())
    assert ana.compared == [TO_BEN]
    assert ana.said() == []


def test_link_is_compared_when_all_of_its_table_that_was_newer_has_come(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts(), state(), full=True)
    assert ana.compared == []
    for record in (receipts(), state()):
        ana.replica.put(CAST.held(record))
        ana.gossip.answered(TO_BEN, [record.key])
    assert ana.compared == [TO_BEN]


def test_link_waits_for_what_another_was_asked_of_its_table(ana: Mouth) -> None:
    ana.hears_of(TO_CEM, receipts())
    ana.hears_of(TO_BEN, receipts(), full=True)
    assert ana.compared == []
    ana.replica.put(CAST.held(receipts()))
    ana.gossip.spread(receipts().key, CEM)
    ana.gossip.answered(TO_CEM, [receipts().key])
    assert ana.compared == [TO_BEN]


def test_first_part_of_a_table_is_no_comparison(ana: Mouth) -> None:
    ana.gossip.on_have(TO_BEN, Have((entry(receipts()),)))
    ana.gossip.on_have(TO_BEN, Have((), BUCKETS - 1))
    assert ana.compared == []


def test_age_that_a_peer_tells_of_the_same_version_is_passed_on(ana: Mouth) -> None:
    ana.replica.put(CAST.held(state(5)))
    ana.hears_of(TO_BEN, state(5), state(4))
    assert ana.ages == [(TO_BEN, entry(state(5)))]


def test_older_twin_of_my_own_version_is_asked_for(ana: Mouth) -> None:
    twins = [CAST.record("ana", slots.STATE, slots.State(p), (1, 1)) for p in (slots.AVAILABLE, slots.BUSY)]
    low, high = sorted(twins, key=lambda r: wire.version_of(CAST.charter.space, r))
    ana.replica.put(CAST.held(high))
    ana.hears_of(TO_BEN, low)
    assert ana.said() == [(TO_BEN, Want(((CAST.id("ana"), slots.STATE),)), False)]


def test_frames_on_a_link_that_is_closed_change_nothing(ana: Mouth) -> None:
    ana.gossip.close(TO_BEN)
    ana.hears_of(TO_BEN, receipts(), full=True)
    ana.gossip.on_want(TO_BEN, Want(((BEN, slots.STATE),)))
    ana.gossip.answered(TO_BEN, [])
    ana.gossip.heard_fingerprint(TO_BEN, b"x")
    ana.gossip.compare(TO_BEN)
    assert (ana.said(after=tuning.MINUTE), ana.compared) == ([], [])
