import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.wire import Have, SlotsFrame, Want
from support.core_mouth import BEN, CAST, CEM, DORA, START, TO_BEN, TO_CEM, TO_DORA, Mouth, receipts, state


@pytest.fixture
def ana() -> Mouth:
    return Mouth()


# --- Spreading -------------------------------------------------------------------------------------
@pytest.mark.parametrize("slot", [slots.STATE, slots.ANSWERS])
def test_urgent_slot_goes_whole_to_every_link_but_its_source_at_once(ana: Mouth, slot: str) -> None:
    record = CAST.record("ben", slot, b"x")
    ana.holds(record, BEN)
    frame = SlotsFrame((record,))
    assert ana.said() == [(TO_CEM, frame, True), (TO_DORA, frame, True)]
    assert ana.said(after=tuning.MINUTE) == []


def test_state_that_says_only_that_its_owner_is_there_waits_to_be_pulled(ana: Mouth) -> None:
    ana.holds(CAST.record("ben", slots.STATE, slots.State()), BEN)
    assert ana.said() == []
    assert {type(frame) for _, frame, _ in ana.said(after=tuning.HAVE_GATHER)} == {Have}


def test_own_urgent_slot_goes_to_all(ana: Mouth) -> None:
    ana.holds(state(who="ana"))
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_CEM, TO_DORA]


def test_links_that_an_urgent_slot_goes_to_are_to_be_heard_soon_or_asked(ana: Mouth) -> None:
    ana.holds(receipts())
    ana.said(after=tuning.HAVE_GATHER)
    assert [link.ask_at for link in ana.links.values()] == [None, None, None]
    ana.holds(state(), BEN)
    soon = ana.ctx.now + tuning.TOLD_UNHEARD
    assert [link.ask_at for link in ana.links.values()] == [None, soon, soon]


def test_age_travels_beside_the_record(ana: Mouth) -> None:
    ana.replica.put(CAST.held(state(), START - 5_000))
    ana.gossip.spread(state().key, BEN)
    ((_, frame, _), *_) = ana.said()
    assert isinstance(frame, SlotsFrame)
    assert [record.age for record in frame.records] == [5_000]


def test_other_slots_are_announced_together_after_a_moment(ana: Mouth) -> None:
    ana.holds(receipts(), BEN)
    ana.holds(receipts(who="cem"), CEM)
    assert ana.said() == []
    assert ana.gossip.next_deadline() == START + tuning.HAVE_GATHER
    said = ana.said(after=tuning.HAVE_GATHER)
    announced = {
        link: [(e.member, e.slot) for e in frame.entries] for link, frame, _ in said if isinstance(frame, Have)
    }
    both = sorted([(BEN, slots.RECEIPTS), (CEM, slots.RECEIPTS)])
    assert announced == {TO_BEN: [(CEM, slots.RECEIPTS)], TO_CEM: [(BEN, slots.RECEIPTS)], TO_DORA: both}
    assert not any(urgent or (isinstance(frame, Have) and frame.told) for _, frame, urgent in said)


def test_loss_of_a_link_is_announced_without_gathering(ana: Mouth) -> None:
    ana.holds(receipts(who="ana"))
    ana.gossip.hurry()
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_CEM, TO_DORA]


def test_forwarding_of_one_owner_is_limited_and_the_newest_wins(ana: Mouth) -> None:
    for seq in range(1, 101):
        ana.holds(state(seq), BEN)
    at_once = [f for link, f, _ in ana.said() if link == TO_CEM]
    assert len(at_once) == tuning.FORWARD_BURST
    later = [f for _ in range(50) for link, f, _ in ana.said(after=100) if link == TO_CEM]
    assert [r.seq for f in later if isinstance(f, SlotsFrame) for r in f.records] == [100]


def test_long_flood_of_one_owner_is_forwarded_five_times_a_second(ana: Mouth) -> None:
    frames = 0
    for seq in range(1, 1_001):
        ana.holds(state(seq), BEN)
        frames += sum(link == TO_CEM for link, _, _ in ana.said(after=10))
    assert frames <= tuning.FORWARD_BURST + 10 * tuning.FORWARD_RATE + 1
    ana.said(after=tuning.SECOND)
    assert ana.gossip.next_deadline() is None


def test_flood_of_one_owner_delays_no_other_and_not_my_own(ana: Mouth) -> None:
    for seq in range(1, 101):
        ana.holds(state(seq), BEN)
    ana.said()
    ana.holds(state(who="cem"), CEM)
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_DORA]
    for seq in range(1, 51):
        ana.holds(state(seq, "ana"))
    assert len(ana.said()) == 3 * 50


def test_peer_that_told_of_a_write_is_not_told_of_it(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts(2, "dora"))
    ana.hears_of(TO_CEM, receipts(2, "dora"))
    ana.said()
    ana.holds(receipts(2, "dora"), BEN)
    ana.said()
    assert [link for link, _, _ in ana.said(after=tuning.HAVE_GATHER)] == [TO_DORA]


def test_peer_that_tells_of_a_write_meanwhile_is_not_told_of_it(ana: Mouth) -> None:
    ana.holds(receipts(2, "dora"), BEN)
    ana.hears_of(TO_CEM, receipts(2, "dora"))
    assert [link for link, _, _ in ana.said(after=tuning.HAVE_GATHER)] == [TO_DORA]


def test_peer_that_told_of_an_older_write_is_told(ana: Mouth) -> None:
    ana.holds(receipts(2, "dora"), BEN)
    ana.hears_of(TO_CEM, receipts(1, "dora"))
    assert [link for link, _, _ in ana.said(after=tuning.HAVE_GATHER)] == [TO_CEM, TO_DORA]


def test_what_is_newer_still_goes_on_being_wanted(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts(3, "dora"))
    ana.hears_of(TO_CEM, receipts(3, "dora"))
    ana.said()
    ana.holds(receipts(2, "dora"), DORA)
    ana.gossip.close(TO_BEN)
    assert (TO_CEM, Want(((DORA, slots.RECEIPTS),)), False) in ana.said()


def test_write_of_a_peer_comes_back_to_it_on_no_parallel_link(ana: Mouth) -> None:
    ana.gossip.open(Link(LinkId(9), BEN, None, False, False, START, START, None))
    ana.said()
    ana.holds(state(who="ben"), BEN)
    assert [link for link, _, _ in ana.said()] == [TO_CEM, TO_DORA]
    ana.holds(state(who="cem"), CEM)
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_DORA, LinkId(9)]


# --- Second-hand copies ----------------------------------------------------------------------------
def linked_with(ana: Mouth, who: str, *others: MemberId) -> None:
    """`who` lists links with these."""
    ana.replica.put(CAST.held(CAST.record(who, slots.LINKS, slots.Links(others), (1, 1))))


def test_who_is_linked_with_the_one_it_came_from_gets_a_copy_a_moment_later(ana: Mouth) -> None:
    linked_with(ana, "ben", CEM)
    ana.holds(state(2), BEN)
    assert [link for link, _, _ in ana.said()] == [TO_DORA]
    late = ana.said(after=2 * tuning.SECOND_HAND)
    assert [(link, urgent) for link, _, urgent in late] == [(TO_CEM, True)]
    assert ana.said(after=tuning.SECOND) == []


def test_who_sent_it_too_meanwhile_gets_no_copy(ana: Mouth) -> None:
    linked_with(ana, "ben", CEM, DORA)
    ana.holds(state(2), BEN)
    ana.gossip.known_by(CEM, state(2).key)
    assert [link for link, _, _ in ana.said(after=2 * tuning.SECOND_HAND)] == [TO_DORA]


def test_copy_that_follows_is_of_the_newest(ana: Mouth) -> None:
    linked_with(ana, "ben", CEM)
    ana.holds(state(2), BEN)
    ana.replica.put(CAST.held(state(3)))
    late = [frame for link, frame, _ in ana.said(after=2 * tuning.SECOND_HAND) if link == TO_CEM]
    assert [r.seq for frame in late if isinstance(frame, SlotsFrame) for r in frame.records] == [3]


def test_own_write_waits_for_nobody(ana: Mouth) -> None:
    linked_with(ana, "ana", BEN, CEM, DORA)
    ana.holds(state(2, "ana"))
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_CEM, TO_DORA]
