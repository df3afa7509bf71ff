"""What each frame does to a node, frame by frame, with the exact answers."""

import msgspec
import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.effects import Close, Effect, Send, Store
from escalate_daemon.core.facts import Fact, MemberChanged, PeerRefused
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.slots import State
from escalate_daemon.core.wire import AnyFrame, Have, Hello, Ping, Pong, SlotsFrame, Want
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
BEN = CAST.id("ben")
TO_BEN, TO_CEM = LinkId(1), LinkId(2)


class Two:
    """Ana's node, linked with Ben and Cem, whose answers she has not heard."""

    def __init__(self, *, probe: bool = False) -> None:
        self.now = 1_000_000
        self.node = Node(CAST.config("ana"), {}, now=self.now, unix_s=1_000)
        for link, name in ((TO_BEN, "ben"), (TO_CEM, "cem")):
            hello = Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain(name), probe=probe)
            member = self.node.judge_hello(hello, CAST.key(name))
            self.node.link_up(link, PeerHello(member, hello), self.now, None)
        self.node.effects()

    def hears(self, frame: AnyFrame | bytes, link: LinkId = TO_BEN) -> list[Effect | Fact]:
        data = frame if isinstance(frame, bytes) else wire.encode(frame)
        self.node.receive(link, data, self.now)
        return self.node.effects()

    def later(self, ms: int) -> list[Effect | Fact]:
        self.now += ms
        self.node.tick(self.now)
        return self.node.effects()


@pytest.fixture
def ana() -> Two:
    return Two()


def sent(effects: list[Effect | Fact]) -> list[tuple[LinkId, AnyFrame]]:
    return [(e.link, wire.decode_frame(e.data)) for e in effects if isinstance(e, Send)]


def fingerprint(ana: Two) -> bytes:
    ((_, pong),) = sent(ana.hears(Ping(0, b"")))
    assert isinstance(pong, Pong)
    return pong.fingerprint


def test_ping_is_answered_at_once_with_its_nonce_and_my_fingerprint(ana: Two) -> None:
    ((link, first),) = sent(ana.hears(Ping(7, bytes(16))))
    ((_, second),) = sent(ana.hears(Ping(8, bytes(16))))
    assert isinstance(first, Pong)
    assert (link, first.nonce) == (TO_BEN, 7)
    assert second == Pong(8, first.fingerprint)


def is_question(frame: AnyFrame) -> bool:
    return isinstance(frame, Want) and frame.digests != ()


def test_other_fingerprint_makes_me_ask_what_differs_once_in_5_s(ana: Two) -> None:
    questions = 0
    for number in range(100):
        effects = ana.hears(Ping(number, b"other")) + ana.later(100)
        questions += sum(
            isinstance(frame, Want) and frame.digests != () for link, frame in sent(effects) if link == TO_BEN
        )
    assert questions == 2


def test_newer_slot_is_stored_passed_on_and_told_in_this_order(ana: Two) -> None:
    ana.hears(SlotsFrame((CAST.profile_record("ben"),)))
    record = CAST.record("ben", slots.STATE, State(slots.BUSY))
    effects = ana.hears(SlotsFrame((record,)))
    assert [type(effect) for effect in effects] == [Store, Send, MemberChanged]
    assert sent(effects) == [(TO_CEM, SlotsFrame((record,)))]


def test_old_slot_changes_nothing(ana: Two) -> None:
    frame = SlotsFrame((CAST.profile_record("ben"), CAST.record("ben", slots.STATE, State())))
    ana.hears(frame)
    before = fingerprint(ana)
    assert ana.hears(frame) == []
    assert fingerprint(ana) == before


def test_introductions_beside_slots_admit_their_writers(ana: Two) -> None:
    big = cast_of(*"abcdefgh")
    deepest = max(big.names, key=lambda name: len(big.chain(name)))
    node = Node(big.config("a"), {}, now=0, unix_s=1)
    hello = Hello(wire.PROTOCOL, big.charter.space, b"bootboot", big.chain("b"))
    node.link_up(TO_BEN, PeerHello(node.judge_hello(hello, big.key("b")), hello), 0, None)
    frame = SlotsFrame((big.profile_record(deepest),), big.chain(deepest)[:-1])
    node.receive(TO_BEN, wire.encode(frame), 0)
    assert deepest in {view.name for view in node.members(0)}


FAULTS: list[tuple[str, AnyFrame | bytes]] = [
    ("no frame", b"GET / HTTP/1.1\r\n\r\n"),
    ("too large", b"\x00" * (tuning.FRAME_BYTES + 1)),
    ("second hello", Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain("ben"))),
    ("malformed record", SlotsFrame((msgspec.structs.replace(CAST.profile_record("ben"), seq=-1),))),
    ("forged record", SlotsFrame((msgspec.structs.replace(CAST.profile_record("ben"), sig=b"forged"),))),
    ("malformed row", Have((wire.HaveEntry(MemberId(b"x"), slots.STATE, 1, 1, b"c" * 16, 1, 1),))),
]


@pytest.mark.parametrize("frame", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_peers_fault_closes_its_link_and_changes_nothing_else(ana: Two, frame: AnyFrame | bytes) -> None:
    effects = ana.hears(frame)
    told = [e for e in effects if isinstance(e, PeerRefused | Close)]
    assert [type(e) for e in told] == [PeerRefused, Close]
    assert isinstance(told[0], PeerRefused)
    assert told[0].member == BEN
    assert not any(isinstance(e, Store) for e in effects)
    assert ana.node.link_count == 1
    assert ana.hears(Ping(1, b"")) == [], "the link is no more"


def test_good_records_before_a_bad_one_are_kept(ana: Two) -> None:
    good, bad = CAST.profile_record("ben"), msgspec.structs.replace(CAST.profile_record("cem"), seq=-1)
    ana.hears(SlotsFrame((good, bad)))
    assert {view.name for view in ana.node.members(ana.now)} == {"ana", "ben"}


def test_want_is_answered_with_what_is_held(ana: Two) -> None:
    ana.hears(SlotsFrame((CAST.profile_record("ben"),)))
    effects = ana.hears(Want(((BEN, slots.PROFILE), (BEN, "unheard of"))), TO_CEM)
    ((link, frame),) = sent(effects)
    assert isinstance(frame, SlotsFrame)
    assert (link, [record.key for record in frame.records]) == (TO_CEM, [(BEN, slots.PROFILE)])


def test_announced_slot_is_asked_for(ana: Two) -> None:
    entry = wire.HaveEntry(BEN, slots.PROFILE, 1, 1, b"c" * 16, 300, 0)
    assert sent(ana.hears(Have((entry,)))) == [(TO_BEN, Want(((BEN, slots.PROFILE),)))]


def test_one_peer_holds_four_links_at_most(ana: Two) -> None:
    hello = Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain("ben"))
    for number in range(10, 20):
        ana.node.link_up(LinkId(number), PeerHello(BEN, hello), ana.now, None)
    assert ana.node.link_count == tuning.LINKS_A_PEER + 1
    closed = [e.link for e in ana.node.effects() if isinstance(e, Close)]
    assert LinkId(19) not in closed, "the newest stays: an older one may be dead without knowing"


# --- Probes ----------------------------------------------------------------------------------------
def test_probe_is_asked_nothing_until_it_is_worth_it() -> None:
    ana = Two(probe=True)
    assert sent(ana.later(1)) == []
    effects = ana.hears(Ping(1, b"other"))
    assert any(isinstance(frame, Want) and frame.digests != () for _, frame in sent(effects)), (
        "another fingerprint: it stays"
    )


def test_probe_on_which_nothing_is_said_is_closed() -> None:
    ana = Two(probe=True)
    effects = ana.later(tuning.PROBE_JUDGE)
    assert [e.link for e in effects if isinstance(e, Close)] == [TO_BEN, TO_CEM]
    assert ana.node.link_count == 0


def test_probe_is_in_no_list_of_links_until_it_stays() -> None:
    ana = Two(probe=True)
    effects = ana.later(tuning.GAIN_GATHER * 3)
    assert not any(isinstance(frame, Have | SlotsFrame) for _, frame in sent(effects))
