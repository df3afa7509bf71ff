"""Whatever a peer sends: decoding gives a frame or WireError, and a node neither raises nor lets others be changed."""

import copy
import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.commands import JoinGroup, Start
from escalate_daemon.core.effects import Bucket, Close, Send, Store
from escalate_daemon.core.facts import PeerRefused
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.replica import BUCKETS
from escalate_daemon.core.slots import Introduction, State, Target
from escalate_daemon.core.views import EscalationState
from escalate_daemon.core.wire import (
    AnyFrame,
    Have,
    HaveEntry,
    Hello,
    Ping,
    Pong,
    Record,
    SlotsFrame,
    Want,
    WireError,
)
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
ANA, BEN, CEM = (CAST.id(name) for name in CAST.names)
START = 1_000_000
FRAMES = settings(deadline=None, max_examples=250)

# --- What hostile peers send -----------------------------------------------------------------------
NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63]))
BLOBS = st.one_of(st.binary(max_size=40), st.sampled_from([ANA, BEN, CEM, bytes(16), b"bootboot"]))
MEMBERS = st.one_of(st.sampled_from([ANA, BEN, CEM, MemberId(bytes(16))]), st.binary(max_size=20).map(MemberId))
NAMES = st.one_of(st.sampled_from([*tuning.SLOT_BYTES, "later", "", "x" * 40]), st.text(max_size=20))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 2**53), st.text(max_size=8), st.binary(max_size=20)),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=12,
)
HANDS = st.builds(
    slots.Hand,
    st.text(max_size=18),
    st.sampled_from(["red", "yellow", "", "blue"]),
    st.text(max_size=90),
    st.lists(st.builds(Target, MEMBERS, st.text(max_size=12)), max_size=3).map(tuple),
    NUMBERS,
    NUMBERS,
    BLOBS,
)
LADDERS = st.lists(
    st.builds(
        slots.Step, NUMBERS, st.lists(st.builds(Target, MEMBERS, st.sampled_from(["", "@team", "@"])), max_size=3)
    ),
    max_size=6,
).map(lambda steps: tuple(slots.Step(step.after, tuple(step.named)) for step in steps))
OWN_HANDS = st.builds(
    lambda number, message, age, max_age, ladder: CAST.hand(
        "ben", number, message=message, age=age, max_age=max_age, ladder=ladder
    ),
    st.integers(0, 2),
    st.text(max_size=90),
    NUMBERS,
    NUMBERS,
    LADDERS,
)
ANSWERED = st.sampled_from([(CAST.hand("cem").id, CEM), (CAST.hand("ben", 1).id, BEN), ("", MemberId(b""))])
ANSWERS = st.builds(
    slots.Answers,
    st.lists(st.builds(lambda to, age: slots.Claim(to[0], to[1], age), ANSWERED, NUMBERS), max_size=20).map(tuple),
    st.lists(
        st.builds(
            lambda to, age, text, number: slots.Line(to[0], to[1], age, text, number),
            ANSWERED,
            NUMBERS,
            st.text(max_size=20),
            NUMBERS,
        ),
        max_size=24,
    ).map(tuple),
)
BODIES = st.one_of(
    st.builds(State, hand=OWN_HANDS).map(wire.encode),
    ANSWERS.map(wire.encode),
    st.binary(max_size=60),
    PLAIN.map(msgspec.msgpack.encode),
    st.builds(State, st.text(max_size=9), st.text(max_size=9), st.none() | HANDS).map(wire.encode),
    st.builds(slots.Links, st.lists(MEMBERS, max_size=4).map(tuple)).map(wire.encode),
    st.builds(
        slots.Receipts,
        st.lists(st.builds(slots.Receipt, st.text(max_size=16), MEMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=3).map(
            tuple
        ),
    ).map(wire.encode),
    st.builds(
        slots.Grants,
        st.lists(st.builds(slots.Grant, st.text(max_size=5), BLOBS, NUMBERS, NUMBERS), max_size=3).map(tuple),
    ).map(wire.encode),
    st.builds(
        slots.Profile,
        BLOBS,
        st.text(max_size=40),
        st.text(max_size=20),
        st.lists(st.text(max_size=9), max_size=3).map(tuple),
        addresses=st.lists(st.text(max_size=20), max_size=12).map(tuple),
        intro=st.none() | st.builds(Introduction, BLOBS, st.text(max_size=9), BLOBS, BLOBS, BLOBS),
    ).map(wire.encode),
)
STRANGE = st.builds(Record, MEMBERS, NAMES, NUMBERS, NUMBERS, BLOBS, BODIES, BLOBS, NUMBERS)
OF_BEN = st.builds(  # truly signed by the hostile member itself: all that it may write is its own
    lambda slot, body, incarnation, seq, age: CAST.record("ben", slot, body, (incarnation, seq), age=age),
    st.sampled_from([*tuning.SLOT_BYTES, "later"]),
    BODIES,
    st.integers(1, 2**53),
    st.integers(0, 2**53),
    st.integers(0, 2**53),
)
ENTRIES = st.builds(HaveEntry, MEMBERS, NAMES, NUMBERS, NUMBERS, BLOBS, NUMBERS, NUMBERS)
COUNTS = st.integers(0, 2**53)
HASHES = st.binary(min_size=16, max_size=16)
KNOWN = st.sampled_from([ANA, BEN, CEM])
ROWS = st.builds(
    HaveEntry, KNOWN, st.sampled_from([*tuning.SLOT_BYTES, "later"]), COUNTS, COUNTS, HASHES, COUNTS, COUNTS
)
VALID: st.SearchStrategy[AnyFrame] = st.one_of(
    st.builds(Ping, NUMBERS, BLOBS),
    st.builds(Pong, NUMBERS, BLOBS),
    st.builds(Have, st.lists(ENTRIES | ROWS, max_size=4).map(tuple), NUMBERS),
    st.builds(Have, st.lists(ROWS, max_size=4).map(tuple), st.integers(0, BUCKETS)),
    st.builds(Want, st.lists(st.tuples(MEMBERS, NAMES), max_size=4).map(tuple)),
    st.builds(Want, st.just(()), st.lists(BLOBS, max_size=3).map(tuple), NUMBERS),
    st.builds(Want, st.just(()), st.tuples(*[HASHES] * BUCKETS), st.integers(0, BUCKETS)),
    st.builds(SlotsFrame, st.lists(STRANGE, max_size=3).map(tuple)),
    st.builds(SlotsFrame, st.lists(OF_BEN, max_size=3).map(tuple)),
    st.builds(Hello, NUMBERS, BLOBS, BLOBS, st.just(()), st.booleans()),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good frame with a few bytes changed, cut or doubled."""
    data = bytearray(wire.encode(draw(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "double"])):
            case "change" if data:
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(max_size=6))
            case _:
                data += data[at:]
    return bytes(data)


BYTES = st.one_of(st.binary(max_size=200), VALID.map(wire.encode), mutated(), PLAIN.map(msgspec.msgpack.encode))


# --- Laws ------------------------------------------------------------------------------------------
@FRAMES
@given(BYTES)
def test_decoding_gives_a_frame_or_a_wire_error(data: bytes) -> None:
    for decode in (wire.decode_frame, wire.decode_record):
        try:
            decode(data)
        except WireError:
            continue


def _linked() -> Node:
    """Ana's node, who knows all three, has a hand up, and is linked with Ben (link 1) and Cem (link 2)."""
    node = Node(CAST.config("ana"), {}, now=START, unix_s=1_000)
    for number, name in ((1, "ben"), (2, "cem")):
        hello = Hello(wire.PROTOCOL, CAST.charter.space, b"bootboot", CAST.chain(name))
        member = node.judge_hello(hello, CAST.key(name))
        node.link_up(LinkId(number), PeerHello(member, hello), START, None)
    everyone = (Target(word="@everyone"),)
    records = [CAST.profile_record(name) for name in CAST.names[1:]]
    records += [CAST.record("cem", slots.STATE, State(hand=CAST.hand("cem", named=everyone)))]
    node.receive(LinkId(2), wire.encode(SlotsFrame(tuple(records))), START)
    node.command(JoinGroup("team"), START)
    node.command(Start("help", ("@everyone",)), START)
    node.effects()
    return node


LINKED = _linked()
UP = (EscalationState.ACTIVE, EscalationState.LOST)


@FRAMES
@given(st.lists(BYTES, min_size=1, max_size=5), st.lists(st.integers(0, 20_000), min_size=5, max_size=5))
def test_node_takes_any_bytes_and_changes_no_slot_but_the_senders(frames: list[bytes], waits: list[int]) -> None:
    node, now = copy.deepcopy(LINKED), START
    before = [(v.id, v.owner.name, v.message, v.state) for v in node.escalations(now) if v.owner.name != "ben"]
    effects = []
    for data, wait in zip(frames, waits, strict=False):
        node.receive(LinkId(1), data, now)
        effects += node.effects()
        now += wait // 100
        node.tick(now)
        effects += node.effects()
    for effect in effects:
        if isinstance(effect, Store) and effect.bucket is Bucket.SLOTS and effect.value is not None:
            owner = wire.decode_record(effect.value).member
            assert owner in (ANA, BEN)
            assert owner != ANA or CAST.keyring.verify(*_signed(effect.value))
        if isinstance(effect, Send):
            assert len(effect.data) <= tuning.FRAME_BYTES
            wire.decode_frame(effect.data)
    after = [(v.id, v.owner.name, v.message, v.state) for v in node.escalations(now) if v.owner.name != "ben"]
    assert after == before
    views = (node.members(now), node.grants(now), node.me_view(now))
    assert all(len(view.name) <= tuning.NAME_POINTS for view in views[0])
    for view in node.escalations(now):
        assert len(view.message) <= tuning.MESSAGE_POINTS
        assert len(view.claims) <= len(CAST.names)
        assert all(len(line.text) <= tuning.LINE_POINTS and line.ago >= 0 for line in view.thread)
        assert len(view.ladder) <= tuning.LADDER_MAX
    assert sum(view.owner.name == "ben" and view.state in UP for view in node.escalations(now)) <= 1
    closed = [e for e in effects if isinstance(e, Close)]
    refused = [e for e in effects if isinstance(e, PeerRefused)]
    assert len(refused) <= len(closed)


def _signed(data: bytes) -> tuple[bytes, bytes, bytes]:
    record = wire.decode_record(data)
    return CAST.key("ana"), record.sig, wire.signed_bytes(CAST.charter.space, record)


@FRAMES
@given(st.lists(BYTES, max_size=6), st.integers(0, 2**32))
def test_node_that_was_fed_anything_comes_to_rest(frames: list[bytes], seed: int) -> None:
    node, now, rng = copy.deepcopy(LINKED), START, random.Random(seed)
    for data in frames:
        node.receive(LinkId(1), data, now)
        now += rng.randrange(50)
    steps = 0
    until = now + 30_000
    while (due := node.next_deadline()) is not None and due <= until:
        now = max(now, due)
        node.tick(now)
        steps += 1
        assert steps < 2_000, "it asks to be ticked again and again"
    node.effects()
