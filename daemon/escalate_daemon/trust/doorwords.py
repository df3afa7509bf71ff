"""What is said at an invite's door: one knock, one answer, each with its length (4 bytes, big-endian) first.

Both sides have proven the code by then: TLS under the invite's own authority.
"""

from typing import Final, Literal

import msgspec

from escalate_daemon.core import tuning
from escalate_daemon.core.slots import Introduction

KNOCK_BYTES: Final = 1024  # a name and a host
ANSWER_BYTES: Final = 16 * 1024  # a chain of 16 introductions takes under 4 KiB
_VERSION: Final = 1


class Knock(msgspec.Struct, array_like=True, frozen=True, tag="knock"):
    """The joiner's name and host; its key is its certificate's."""

    name: str
    host: str
    version: int = _VERSION


class Welcome(msgspec.Struct, array_like=True, frozen=True, tag="welcome"):
    """Come in. `chain` ends with the joiner's own introduction."""

    space: bytes
    space_name: str
    secret: bytes
    epoch: int
    chain: tuple[Introduction, ...]


class Sorry(msgspec.Struct, array_like=True, frozen=True, tag="sorry"):
    """Not by this invite."""

    reason: Literal["used", "expired", "full"]


class DoorError(ValueError):
    """Not what is said at a door."""


_encoder = msgspec.msgpack.Encoder()
_knocks = msgspec.msgpack.Decoder(Knock)
_answers: msgspec.msgpack.Decoder[Welcome | Sorry] = msgspec.msgpack.Decoder(Welcome | Sorry)


def encode(words: Knock | Welcome | Sorry) -> bytes:
    """The bytes of a frame, without its length."""
    return _encoder.encode(words)


def decode_knock(data: bytes) -> Knock:
    """The knock in `data`; DoorError for anything else."""
    if len(data) > KNOCK_BYTES:
        raise DoorError("too long a knock")
    try:
        knock = _knocks.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DoorError(f"not a knock: {error}") from error
    if not _fits(knock.name, tuning.NAME_BYTES) or len(knock.host.encode()) > tuning.HOST_BYTES:
        raise DoorError("a knock's name or host is too long, or it has no name")
    return knock


def decode_answer(data: bytes) -> Welcome | Sorry:
    """The answer in `data`; DoorError for anything else."""
    if len(data) > ANSWER_BYTES:
        raise DoorError("too long an answer")
    try:
        answer = _answers.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DoorError(f"not an answer: {error}") from error
    if isinstance(answer, Welcome) and not _fits(answer.space_name, tuning.NAME_BYTES):
        raise DoorError("the space's name is too long, or empty")
    return answer


def _fits(text: str, limit: int) -> bool:
    return 0 < len(text.encode()) <= limit
