"""The frames between daemons, and the signed record that they carry.

Hostile bytes give `WireError` and nothing else. Every frame is one MessagePack array whose first element is
its tag; links put a length before it.
"""

import hashlib
from typing import Final, NamedTuple

import msgspec

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.ids import HASH_BYTES, MEMBER_ID_BYTES, MemberId, SpaceId

PROTOCOL: Final = 1
_DOMAIN: Final = b"escalate slot 1\0"


class WireError(ValueError):
    """A peer sent what no honest daemon sends; the text says what."""


class Version(NamedTuple):
    """Orders two writes of one slot: the higher wins, and that is the whole merge."""

    incarnation: int
    seq: int
    content: bytes


class SlotKey(NamedTuple):
    """Which slot of which member."""

    member: MemberId
    slot: str


class Record(slots.Body, frozen=True):
    """A signed slot as it travels. `age` (ms since it was written) travels beside and is not signed."""

    member: MemberId
    slot: str
    incarnation: int
    seq: int
    boot: bytes  # 8 random bytes of the writer's run
    body: bytes
    sig: bytes
    age: int = 0

    @property
    def key(self) -> SlotKey:
        """Which slot this is."""
        return SlotKey(self.member, self.slot)


class HaveEntry(slots.Body, frozen=True):
    """One row of a table: a slot, its version, its wire size in bytes and its age in ms at the sender."""

    member: MemberId
    slot: str
    incarnation: int
    seq: int
    content: bytes
    size: int
    age: int


class Frame(slots.Body, frozen=True, tag_field="t"):
    """Base of the six frames."""


class Hello(Frame, frozen=True, tag="hello"):
    """First frame both ways, before the node hears of the link. `chain` runs from the creator to the sender."""

    protocol: int
    space: SpaceId
    boot: bytes
    chain: tuple[slots.Introduction, ...]
    probe: bool = False
    degree: int = 0
    version: str = ""


class Ping(Frame, frozen=True, tag="ping"):
    """Asks for a pong; `fingerprint` is of the whole replica."""

    nonce: int
    fingerprint: bytes


class Pong(Frame, frozen=True, tag="pong"):
    """Answers the ping of the same nonce."""

    nonce: int
    fingerprint: bytes


class Have(Frame, frozen=True, tag="have"):
    """An announcement; or, with `told` over 0, the end of an answer: all that differed in buckets below it is told."""

    entries: tuple[HaveEntry, ...]
    told: int = 0


class Want(Frame, frozen=True, tag="want"):
    """Asks for slots by key, or, where `digests` are given, for the rows of all buckets from `start` on that differ."""

    keys: tuple[tuple[MemberId, str], ...]
    digests: tuple[bytes, ...] = ()
    start: int = 0


class SlotsFrame(Frame, frozen=True, tag="slots"):
    """Signed slots, introducers first; and introductions of introducers whose profile the sender does not hold."""

    records: tuple[Record, ...]
    intros: tuple[slots.Introduction, ...] = ()


AnyFrame = Hello | Ping | Pong | Have | Want | SlotsFrame

_encoder = msgspec.msgpack.Encoder()
_frame_decoder: msgspec.msgpack.Decoder[AnyFrame] = msgspec.msgpack.Decoder(AnyFrame)
_record_decoder = msgspec.msgpack.Decoder(Record)


def encode(value: slots.Body) -> bytes:
    """The bytes of a frame, record or body."""
    return _encoder.encode(value)


def decode_frame(data: bytes) -> AnyFrame:
    """The frame in `data`; WireError for anything else."""
    if len(data) > tuning.FRAME_BYTES:
        raise WireError(f"frame of {len(data)} bytes")
    try:
        return _frame_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a frame: {error}") from error


def decode_record(data: bytes) -> Record:
    """The record in `data` (from our own store); WireError for anything else."""
    try:
        return _record_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"not a record: {error}") from error


def signed_bytes(space: SpaceId, record: Record) -> bytes:
    """What the writer signs: fixed-length and length-prefixed parts, so that no two records share them."""
    name = record.slot.encode("utf-8", "replace")
    return b"".join(
        (
            _DOMAIN,
            space,
            record.member,
            bytes((len(name) & 0xFF,)),
            name,
            record.incarnation.to_bytes(8, "big"),
            record.seq.to_bytes(8, "big"),
            record.boot,
            record.body,
        )
    )


def version_of(space: SpaceId, record: Record) -> Version:
    """The record's version, its content hash included."""
    content = hashlib.sha256(signed_bytes(space, record)).digest()[:HASH_BYTES]
    return Version(record.incarnation, record.seq, content)


def check_form(record: Record) -> None:
    """WireError unless the record's parts have their sizes and its numbers are in range."""
    if len(record.member) != MEMBER_ID_BYTES or len(record.boot) != 8 or len(record.sig) > 64:
        raise WireError("a record's parts have wrong sizes")
    if not 0 < len(record.slot.encode("utf-8", "replace")) <= 32:
        raise WireError("a slot's name is empty or too long")
    if not (0 <= record.incarnation <= tuning.VERSION_MAX and 0 <= record.seq <= tuning.VERSION_MAX):
        raise WireError("a version is out of range")
    if not 0 <= record.age <= tuning.VERSION_MAX:
        raise WireError("an age is out of range")
    if wire_size(record) > tuning.SLOT_BYTES.get(record.slot, tuning.UNKNOWN_SLOT_BYTES):
        raise WireError(f"slot {record.slot} is over its size")


def check_entry(entry: HaveEntry) -> None:
    """WireError unless a row's parts have their sizes and its numbers are in range."""
    if len(entry.member) != MEMBER_ID_BYTES or len(entry.content) != HASH_BYTES:
        raise WireError("a row's parts have wrong sizes")
    if entry.slot not in tuning.SLOT_BYTES and not 0 < len(entry.slot.encode("utf-8", "replace")) <= 32:
        raise WireError("a slot's name is empty or too long")
    for number in (entry.incarnation, entry.seq, entry.size, entry.age):
        if not 0 <= number <= tuning.VERSION_MAX:
            raise WireError("a row's number is out of range")


def wire_size(record: Record) -> int:
    """Bytes of the record in a frame, within a few: what limits count."""
    return len(record.body) + len(record.slot) + 111
