"""What is said when a member asks another to dial it: one question, one answer. Behind a door beside the links' own."""

from typing import Final, Literal

import msgspec

SNI: Final = "escalate-dial-back"
WORDS_BYTES: Final = 256
AGAIN_S: Final = 2.0  # between two dials for one asker
_VERSION: Final = 1

Verdict = Literal["reachable", "refused", "timed-out", "unreachable", "busy", "unknown"]


class Ask(msgspec.Struct, array_like=True, frozen=True, tag="dial-me"):
    """Dial me."""

    version: int = _VERSION


class Told(msgspec.Struct, array_like=True, frozen=True, tag="dialled"):
    """What came of it, and what this member's wall clock says (ms since 1970)."""

    verdict: Verdict
    wall_ms: int


class DialBackError(ValueError):
    """Not what is said here."""


_encoder = msgspec.msgpack.Encoder()
_asks = msgspec.msgpack.Decoder(Ask)
_tolds = msgspec.msgpack.Decoder(Told)


def encode(words: Ask | Told) -> bytes:
    """The bytes of a frame, without its length."""
    return _encoder.encode(words)


def decode_ask(data: bytes) -> Ask:
    """The question in `data`; DialBackError for anything else."""
    try:
        return _asks.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DialBackError(f"not a question: {error}") from error


def decode_told(data: bytes) -> Told:
    """The answer in `data`; DialBackError for anything else."""
    try:
        return _tolds.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DialBackError(f"not an answer: {error}") from error
