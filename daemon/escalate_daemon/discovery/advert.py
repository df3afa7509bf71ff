"""What a daemon says of itself by zeroconf, and reads in what others say: a hint, never trust.

An advert names no person, host or space. Its tag lets members of a space recognise one another without a
dial; anyone can copy a tag, so a match only makes a daemon dial, and TLS decides.
"""

import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SERVICE: Final = "_escalate._tcp.local."
VERSION: Final = 1  # of this advert's form; readers ignore what they do not know

_SALT_BYTES: Final = 8  # enough that no two boots share one
_TAG_BYTES: Final = 4  # strangers match by chance once in 2**32: then a dial fails, no more
_TEXT_MAX: Final = 1024  # bytes of TXT that are read; ours has about 40
_ENTRIES_MAX: Final = 16
_VERSION_FORM: Final = re.compile(rb"[1-9][0-9]{0,3}")
_SALT_FORM: Final = re.compile(rb"(?:[0-9a-f]{2}){8,32}")
_TAG_FORM: Final = re.compile(rb"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Advert:
    """What a TXT record says. `tag` is 4 bytes."""

    version: int
    salt: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class Names:
    """The full instance name and SRV host name, both random: they tell nobody who or where this is."""

    instance: str
    host: str


@dataclass(frozen=True, slots=True)
class Own:
    """What this daemon publishes for as long as it runs, beside its addresses."""

    names: Names
    text: bytes


def random_own(tag_key: bytes) -> Own:
    """What to publish in this run."""
    return Own(random_names(), make_text(tag_key))


def random_names() -> Names:
    """New names. Random, because over a cut network two daemons could otherwise come to share one."""
    return Names(instance=f"{secrets.token_hex(8)}.{SERVICE}", host=f"{secrets.token_hex(8)}.local.")


def make_text(tag_key: bytes, salt: bytes | None = None) -> bytes:
    """The TXT record of a daemon in the space that `tag_key` stands for; without `salt`, a random one."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    entries = (b"v=%d" % VERSION, b"s=" + salt.hex().encode(), b"t=" + _tag(tag_key, salt).hex().encode())
    return b"".join(bytes((len(entry),)) + entry for entry in entries)


def parse_text(text: bytes) -> Advert | None:
    """Read anyone's TXT record; None where it is no advert of ours. Never raises."""
    fields: dict[bytes, bytes] = {}
    for entry in _entries(text):
        key, _, value = entry.partition(b"=")
        fields.setdefault(key.lower(), value)  # the first of a name counts (RFC 6763, 6.4)
    version, salt, tag = fields.get(b"v", b""), fields.get(b"s", b""), fields.get(b"t", b"")
    if not (_VERSION_FORM.fullmatch(version) and _SALT_FORM.fullmatch(salt) and _TAG_FORM.fullmatch(tag)):
        return None
    return Advert(int(version), bytes.fromhex(salt.decode()), bytes.fromhex(tag.decode()))


def is_ours(text: bytes, tag_key: bytes | None) -> bool:
    """Whether a TXT record bears the tag of the space that `tag_key` stands for. Never raises."""
    if tag_key is None:
        return False
    advert = parse_text(text)
    return advert is not None and hmac.compare_digest(advert.tag, _tag(tag_key, advert.salt))


def _tag(tag_key: bytes, salt: bytes) -> bytes:
    return hmac.digest(tag_key, salt, "sha256")[:_TAG_BYTES]


def _entries(text: bytes) -> Iterator[bytes]:
    """The length-prefixed strings of a TXT record, as many as are whole and within bounds."""
    text, at = text[:_TEXT_MAX], 0
    for _ in range(_ENTRIES_MAX):
        if at >= len(text):
            return
        end = at + 1 + text[at]
        if end > len(text):
            return
        yield text[at + 1 : end]
        at = end
