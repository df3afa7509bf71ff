from dataclasses import dataclass, field

import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.gossip import ENTRIES_A_FRAME, Gossip
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.wire import AnyFrame, Have, HaveEntry, Record, SlotKey, SlotsFrame, Want
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem", "dora")
BEN, CEM, DORA = (CAST.id(name) for name in CAST.names[1:])
START = 1_000_000
TO_BEN, TO_CEM, TO_DORA = LinkId(1), LinkId(2), LinkId(3)


@dataclass
class Mouth:
    """Ana's gossip with three links, their first tables said already."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    replica: Replica = field(default_factory=Replica)
    compared: list[LinkId] = field(default_factory=list)
    ages: list[tuple[LinkId, HaveEntry]] = field(default_factory=list)

    def __post_init__(self) -> None:
        roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
        for name in CAST.names:
            roster.admit_chain(CAST.chain(name))
        self.gossip = Gossip(
            self.ctx,
            self.replica,
            roster,
            lambda link: self.compared.append(link.id),
            lambda link, entry: self.ages.append((link.id, entry)),
        )
        for number, peer in ((TO_BEN, BEN), (TO_CEM, CEM), (TO_DORA, DORA)):
            self.gossip.open(Link(number, peer, None, False, False, START, START, None))
        self.said()

    def said(self, after: int = 0) -> list[tuple[LinkId, AnyFrame, bool]]:
        """What is sent, also by a flush `after` ms: link, frame, urgent."""
        self.ctx.now += after
        self.gossip.flush()
        sends = self.ctx.drain()
        assert all(isinstance(s, Send) for s in sends)
        return [(s.link, wire.decode_frame(s.data), s.urgent) for s in sends if isinstance(s, Send)]

    def holds(self, record: Record, came_over: LinkId | None = None) -> None:
        """A record was merged."""
        self.replica.put(CAST.held(record, self.ctx.now))
        self.gossip.spread(record.key, came_over)

    def hears_of(self, link: LinkId, *records: Record, full: bool = False, size: int | None = None) -> None:
        """A peer announces these."""
        entries = tuple(entry(record, size) for record in records)
        self.gossip.on_have(link, Have(entries, full=full, last=full))


def entry(record: Record, size: int | None = None) -> HaveEntry:
    version = wire.version_of(CAST.charter.space, record)
    return HaveEntry(record.member, record.slot, *version, size or wire.wire_size(record), record.age)


def state(seq: int = 1, who: str = "ben") -> Record:
    return CAST.record(who, slots.STATE, slots.State(), (1, seq))


def receipts(seq: int = 1, who: str = "ben") -> Record:
    return CAST.record(who, slots.RECEIPTS, slots.Receipts(), (1, seq))


@pytest.fixture
def ana() -> Mouth:
    return Mouth()


# --- Spreading -------------------------------------------------------------------------------------
@pytest.mark.parametrize("slot", [slots.STATE, slots.ANSWERS])
def test_urgent_slot_goes_whole_to_every_link_but_its_source_at_once(ana: Mouth, slot: str) -> None:
    record = CAST.record("ben", slot, b"x")
    ana.holds(record, TO_BEN)
    frame = SlotsFrame((record,))
    assert ana.said() == [(TO_CEM, frame, True), (TO_DORA, frame, True)]
    assert ana.said(after=tuning.MINUTE) == []


def test_own_urgent_slot_goes_to_all(ana: Mouth) -> None:
    ana.holds(state(who="ana"))
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_CEM, TO_DORA]


def test_age_travels_beside_the_record(ana: Mouth) -> None:
    ana.replica.put(CAST.held(state(), START - 5_000))
    ana.gossip.spread(state().key, TO_BEN)
    ((_, frame, _), *_) = ana.said()
    assert isinstance(frame, SlotsFrame)
    assert [record.age for record in frame.records] == [5_000]


def test_other_slots_are_announced_together_after_a_moment(ana: Mouth) -> None:
    ana.holds(receipts(), TO_BEN)
    ana.holds(receipts(who="cem"), TO_CEM)
    assert ana.said() == []
    assert ana.gossip.next_deadline() == START + tuning.HAVE_GATHER
    said = ana.said(after=tuning.HAVE_GATHER)
    announced = {
        link: [(e.member, e.slot) for e in frame.entries] for link, frame, _ in said if isinstance(frame, Have)
    }
    both = sorted([(BEN, slots.RECEIPTS), (CEM, slots.RECEIPTS)])
    assert announced == {TO_BEN: [(CEM, slots.RECEIPTS)], TO_CEM: [(BEN, slots.RECEIPTS)], TO_DORA: both}
    assert not any(urgent or (isinstance(frame, Have) and frame.full) for _, frame, urgent in said)


def test_loss_of_a_link_is_announced_without_gathering(ana: Mouth) -> None:
    ana.holds(receipts(who="ana"))
    ana.gossip.hurry()
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_CEM, TO_DORA]


def test_forwarding_of_one_owner_is_limited_and_the_newest_wins(ana: Mouth) -> None:
    for seq in range(1, 101):
        ana.holds(state(seq), TO_BEN)
    at_once = [f for link, f, _ in ana.said() if link == TO_CEM]
    assert len(at_once) == tuning.FORWARD_BURST
    later = [f for _ in range(50) for link, f, _ in ana.said(after=100) if link == TO_CEM]
    assert [r.seq for f in later if isinstance(f, SlotsFrame) for r in f.records] == [100]


def test_long_flood_of_one_owner_is_forwarded_five_times_a_second(ana: Mouth) -> None:
    frames = 0
    for seq in range(1, 1_001):
        ana.holds(state(seq), TO_BEN)
        frames += sum(link == TO_CEM for link, _, _ in ana.said(after=10))
    assert frames <= tuning.FORWARD_BURST + 10 * tuning.FORWARD_RATE + 1
    ana.said(after=tuning.SECOND)
    assert ana.gossip.next_deadline() is None


def test_flood_of_one_owner_delays_no_other_and_not_my_own(ana: Mouth) -> None:
    for seq in range(1, 101):
        ana.holds(state(seq), TO_BEN)
    ana.said()
    ana.holds(state(who="cem"), TO_CEM)
    assert [link for link, _, _ in ana.said()] == [TO_BEN, TO_DORA]
    for seq in range(1, 51):
        ana.holds(state(seq, "ana"))
    assert len(ana.said()) == 3 * 50


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


# --- Tables ----------------------------------------------------------------------------------------
def test_new_link_is_told_the_whole_table() -> None:
    ana = Mouth()
    ana.replica.put(CAST.held(state()))
    ana.gossip.open(Link(LinkId(9), BEN, None, False, False, START, START, None))
    ((link, frame, _),) = ana.said()
    assert (link, frame) == (LinkId(9), Have((entry(state()),), full=True, last=True))


def test_empty_table_is_told_too() -> None:
    ana = Mouth()
    ana.gossip.open(Link(LinkId(9), BEN, None, False, False, START, START, None))
    assert ana.said() == [(LinkId(9), Have((), full=True, last=True), False)]


def test_table_is_told_at_most_once_in_5_s_a_link(ana: Mouth) -> None:
    told = []
    for _ in range(100):
        ana.gossip.heard_fingerprint(TO_BEN, b"other" * 3)
        told += ana.said(after=100)
    assert len(told) == 2
    assert {link for link, _, _ in told} == {TO_BEN}


def test_long_table_is_cut_and_only_its_last_part_says_so(ana: Mouth) -> None:
    for n in range(ENTRIES_A_FRAME + 1):
        member = MemberId(n.to_bytes(16, "big"))
        record = Record(member, slots.STATE, 1, 1, b"bootboot", b"", b"")
        ana.replica.put(CAST.held(record))
    ana.ctx.now += tuning.COMPARE_EVERY
    ana.gossip.compare(TO_BEN)
    frames = [frame for _, frame, _ in ana.said() if isinstance(frame, Have)]
    assert [(len(f.entries), f.full, f.last) for f in frames] == [(ENTRIES_A_FRAME, True, False), (1, True, True)]


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
    ana.gossip.spread(receipts().key, TO_CEM)
    ana.gossip.answered(TO_CEM, [receipts().key])
    assert ana.compared == [TO_BEN]


def test_first_part_of_a_table_is_no_comparison(ana: Mouth) -> None:
    ana.gossip.on_have(TO_BEN, Have((), full=True, last=False))
    ana.gossip.on_have(TO_BEN, Have((entry(receipts()),)))
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
