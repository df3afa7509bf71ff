"""An invite's text form: `esc1-` and seven groups of four: 128 random bits and a checksum of 12."""

import hashlib
from typing import Final

from escalate_daemon.trust import base32
from escalate_daemon.trust.errors import CodeError

SECRET_BYTES: Final = 16
PREFIX: Final = "esc1"
_CHARACTERS: Final = 28  # 140 bits
_CHECK_BITS: Final = 12  # one typo in 4,096 passes, and then no door opens
_DASHES: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212_"  # chat programs make long ones of short ones
_HINT: Final = "Copy the whole code as `escalate invite` printed it, esc1-... included."


def write_code(secret: bytes) -> str:
    """The code of a 16-byte secret."""
    number = int.from_bytes(secret, "big") << _CHECK_BITS | _check(secret)
    return f"{PREFIX}-{base32.grouped(base32.encode(number, _CHARACTERS))}"


def read_code(text: str) -> bytes:
    """The secret in a code; case, dashes and white space do not count. CodeError says what is wrong."""
    plain = "".join(c for c in base32.plain(text) if not c.isspace() and c not in _DASHES)
    if not plain.startswith(PREFIX):
        raise CodeError("an invite code begins with esc1-", _HINT)
    body = plain.removeprefix(PREFIX)
    try:
        number = base32.decode(body)
    except ValueError as error:
        raise CodeError(f"{error.args[0]!r} cannot stand in an invite code", _HINT) from error
    if len(body) != _CHARACTERS:
        count = f"{_CHARACTERS} letters and digits after esc1-"
        raise CodeError(f"an invite code has {count}, this one has {len(body)}", _HINT)
    secret = (number >> _CHECK_BITS).to_bytes(SECRET_BYTES, "big")
    if number & ((1 << _CHECK_BITS) - 1) != _check(secret):
        raise CodeError("this invite code is mistyped: its checksum does not match", _HINT)
    return secret


def _check(secret: bytes) -> int:
    digest = hashlib.sha256(b"escalate invite check 1\0" + secret).digest()
    return int.from_bytes(digest[:2], "big") >> 16 - _CHECK_BITS
