import msgspec
import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.ids import MemberId, SpaceId
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.wire import Have, HaveEntry, Hello, Ping, Pong, Record, SlotsFrame, Version, Want, WireError

MEMBER = MemberId(b"m" * 16)
SPACE = SpaceId(b"s" * 16)
RECORD = Record(MEMBER, slots.STATE, 5, 7, b"bootboot", b"body", b"s" * 64, 12)
FRAMES: list[wire.AnyFrame] = [
    Hello(1, SPACE, b"bootboot", (Introduction(b"k" * 32, "ana"),), probe=True, degree=3, version="0.1"),
    Ping(1, b"f" * 16),
    Pong(1, b"f" * 16),
    Have((HaveEntry(MEMBER, slots.STATE, 5, 7, b"c" * 16, 300, 12),), told=64),
    Want(((MEMBER, slots.STATE),)),
    SlotsFrame((RECORD,)),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_frame_comes_out_as_it_went_in(frame: wire.AnyFrame) -> None:
    assert wire.decode_frame(wire.encode(frame)) == frame


def test_there_are_six_frames_and_their_tags_are_their_names() -> None:
    tags = [msgspec.msgpack.decode(wire.encode(frame))[0] for frame in FRAMES]
    assert tags == ["hello", "ping", "pong", "have", "want", "slots"]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_fields_of_a_later_version_are_ignored(frame: wire.AnyFrame) -> None:
    longer = [*msgspec.msgpack.decode(wire.encode(frame)), "new", {"and": "more"}]
    assert wire.decode_frame(msgspec.msgpack.encode(longer)) == frame


HOSTILE = [
    b"",
    b"\xc1",
    b"GET / HTTP/1.1\r\n\r\n",
    wire.encode(FRAMES[0])[:-1],
    wire.encode(FRAMES[0]) + b"\x00",
    msgspec.msgpack.encode(["leave", 1]),
    msgspec.msgpack.encode(["ping", "one", b""]),
    msgspec.msgpack.encode(["ping"]),
    msgspec.msgpack.encode({"t": "ping"}),
    msgspec.msgpack.encode([]),
    b"\x91" * 10_000,
    b"\xdd\xff\xff\xff\xff",
    b"\x93\xa4ping\x01\xa2\xff\xff",
    b"\x93\xa4ping\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xc6\xff\xff\xff\xff",
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_frame_is_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_frame(data)
    with pytest.raises(WireError):
        wire.decode_record(data)


def test_frame_over_its_limit_is_refused_unread() -> None:
    with pytest.raises(WireError, match=str(tuning.FRAME_BYTES + 1)):
        wire.decode_frame(b"\x00" * (tuning.FRAME_BYTES + 1))


def test_unreadable_body_is_still_a_good_frame() -> None:
    odd = msgspec.structs.replace(RECORD, body=b"\xc1 not msgpack", slot="later")
    assert wire.decode_frame(wire.encode(SlotsFrame((odd,)))) == SlotsFrame((odd,))


# --- Versions --------------------------------------------------------------------------------------
def test_incarnation_goes_before_seq_and_seq_before_content() -> None:
    assert Version(2, 0, b"") > Version(1, 9, b"\xff") > Version(1, 8, b"\xff") > Version(1, 8, b"\xfe")


@pytest.mark.parametrize(
    "change", [{"body": b"else"}, {"boot": b"tobtobto"}, {"slot": "profile"}, {"member": MemberId(b"n" * 16)}]
)
def test_other_content_is_another_version(change: dict[str, object]) -> None:
    other = msgspec.structs.replace(RECORD, **change)
    assert wire.version_of(SPACE, other) != wire.version_of(SPACE, RECORD)
    assert wire.signed_bytes(SPACE, other) != wire.signed_bytes(SPACE, RECORD)


def test_age_and_signature_are_no_part_of_the_version() -> None:
    other = msgspec.structs.replace(RECORD, age=999, sig=b"")
    assert wire.version_of(SPACE, other) == wire.version_of(SPACE, RECORD)


def test_record_of_another_space_is_signed_otherwise() -> None:
    assert wire.signed_bytes(SpaceId(b"t" * 16), RECORD) != wire.signed_bytes(SPACE, RECORD)


def test_slot_name_and_body_cannot_flow_into_each_other() -> None:
    one = msgspec.structs.replace(RECORD, slot="ab", body=b"")
    other = msgspec.structs.replace(RECORD, slot="a", body=b"")
    assert len(wire.signed_bytes(SPACE, one)) != len(wire.signed_bytes(SPACE, other))


# --- Form ------------------------------------------------------------------------------------------
MALFORMED: list[dict[str, object]] = [
    {"member": b"short"},
    {"member": b"m" * 17},
    {"boot": b""},
    {"boot": b"b" * 9},
    {"sig": b"s" * 65},
    {"slot": ""},
    {"slot": "x" * 33},
    {"slot": "é" * 17},
    {"incarnation": -1},
    {"seq": -1},
    {"incarnation": tuning.VERSION_MAX + 1},
    {"seq": tuning.VERSION_MAX + 1},
    {"age": -1},
    {"age": tuning.VERSION_MAX + 1},
    {"body": b"x" * 4096},
    {"slot": "later", "body": b"x" * 1024},
]


@pytest.mark.parametrize("parts", MALFORMED, ids=str)
def test_malformed_record_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(WireError):
        wire.check_form(msgspec.structs.replace(RECORD, **parts))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"incarnation": tuning.VERSION_MAX, "seq": tuning.VERSION_MAX, "age": tuning.VERSION_MAX},
        {"incarnation": 0, "seq": 0, "age": 0, "body": b"", "sig": b""},
        {"slot": "é" * 16},
        {"slot": "answers", "body": b"x" * 16_000},
    ],
    ids=str,
)
def test_record_at_its_limits_is_well_formed(parts: dict[str, object]) -> None:
    wire.check_form(msgspec.structs.replace(RECORD, **parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"member": b"short"},
        {"content": b""},
        {"slot": ""},
        {"slot": "x" * 33},
        {"incarnation": -1},
        {"seq": 2**60},
        {"size": -1},
        {"size": 2**60},
        {"age": -1},
        {"age": 2**60},
    ],
    ids=str,
)
def test_malformed_row_of_a_table_is_refused(parts: dict[str, object]) -> None:
    good = HaveEntry(MEMBER, slots.STATE, 5, 7, b"c" * 16, 300, 12)
    wire.check_entry(good)
    with pytest.raises(WireError):
        wire.check_entry(msgspec.structs.replace(good, **parts))


def test_counted_size_covers_the_real_one() -> None:
    big = msgspec.structs.replace(
        RECORD, incarnation=tuning.VERSION_MAX, seq=tuning.VERSION_MAX, age=tuning.VERSION_MAX, body=b"x" * 3000
    )
    assert abs(len(wire.encode(big)) - wire.wire_size(big)) < 32
