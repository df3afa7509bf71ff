import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.effects import Send
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.wire import Have, HaveEntry, SlotKey, SlotsFrame, Want
from support.core_mouth import BEN, CAST, START, TO_BEN, TO_CEM, Mouth, receipts, state


@pytest.fixture
def ana() -> Mouth:
    return Mouth()


# --- Asking ----------------------------------------------------------------------------------------
def test_what_is_newer_is_asked_for_and_nothing_else(ana: Mouth) -> None:
    ana.replica.put(CAST.held(state(5)))
    ana.hears_of(TO_CEM, state(5), state(4), receipts())
    assert ana.said() == [(TO_CEM, Want(((BEN, slots.RECEIPTS),)), False)]


def test_what_one_link_was_asked_no_other_is(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts())
    ana.hears_of(TO_CEM, receipts())
    assert ana.said() == [(TO_BEN, Want(((BEN, slots.RECEIPTS),)), False)]


def test_late_answer_is_asked_for_elsewhere(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts())
    ana.hears_of(TO_CEM, receipts())
    ana.said()
    assert ana.gossip.next_deadline() == START + tuning.WANT_RETRY
    assert ana.said(after=tuning.WANT_RETRY) == [(TO_CEM, Want(((BEN, slots.RECEIPTS),)), False)]


def test_what_was_asked_of_a_link_that_broke_is_asked_of_another(ana: Mouth) -> None:
    ana.hears_of(TO_BEN, receipts())
    ana.hears_of(TO_CEM, receipts())
    ana.said()
    ana.gossip.close(TO_BEN)
    assert ana.said() == [(TO_CEM, Want(((BEN, slots.RECEIPTS),)), False)]


def test_64_kib_are_outstanding_a_link_at_most(ana: Mouth) -> None:
    many = [CAST.record(who, f"later-{n}", b"x") for who in ("ben", "cem", "dora") for n in range(3)]
    size = 16_000
    ana.hears_of(TO_BEN, *many, size=size)
    ((_, first, _),) = ana.said()
    assert isinstance(first, Want)
    assert len(first.keys) == -(-tuning.WANT_BYTES // size)
    ana.gossip.answered(TO_BEN, [SlotKey(*key) for key in first.keys])
    ((_, second, _),) = ana.said()
    assert isinstance(second, Want)
    assert set(first.keys) | set(second.keys) == {record.key for record in many}


@pytest.mark.parametrize("size", [0, 1, tuning.VERSION_MAX])
def test_size_that_a_peer_made_up_neither_blocks_nor_floods(ana: Mouth, size: int) -> None:
    lying = HaveEntry(BEN, slots.STATE, 1, 1, b"c" * 16, size, 0)
    ana.gossip.on_have(TO_BEN, Have((lying,)))
    assert ana.said() == [(TO_BEN, Want(((BEN, slots.STATE),)), False)]


def test_want_is_answered_with_the_newest_introducers_first(ana: Mouth) -> None:
    deep = sorted(CAST.names[1:], key=lambda name: (len(CAST.chain(name)), CAST.id(name)))
    for name in CAST.names[1:]:
        ana.replica.put(CAST.held(CAST.profile_record(name)))
        ana.replica.put(CAST.held(state(3, name)))
    keys = [(CAST.id(n), s) for n in reversed(deep) for s in (slots.STATE, slots.PROFILE)]
    ana.gossip.on_want(TO_BEN, Want((*keys, (MemberId(b"?" * 16), slots.STATE))))
    ((_, frame, urgent),) = ana.said()
    assert isinstance(frame, SlotsFrame)
    profiles = [record.member for record in frame.records if record.slot == slots.PROFILE]
    assert profiles == [CAST.id(name) for name in deep]
    assert [record.slot for record in frame.records] == [slots.PROFILE] * 3 + [slots.STATE] * 3
    assert not urgent


def test_long_answer_is_cut_into_frames(ana: Mouth) -> None:
    keys = []
    for name in CAST.names:
        for slot, length in ((slots.ANSWERS, 16_000), (slots.STATE, 3_900), (slots.GRANTS, 3_900)):
            ana.replica.put(CAST.held(CAST.record(name, slot, b"x" * length)))
            keys.append((CAST.id(name), slot))
    ana.gossip.on_want(TO_BEN, Want(tuple(keys)))
    sends = [s for s in ana.ctx.drain() if isinstance(s, Send)]
    assert len(sends) == 2
    assert all(len(s.data) <= tuning.FRAME_BYTES for s in sends)
