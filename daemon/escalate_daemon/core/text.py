"""Text that people type and peers send: refused with a reason at the sender, cleaned where it is shown.

Owns which characters and sizes are allowed. Escaping for a pop-up's markup, a terminal or a shell is the
business of whoever writes there. `clean` changes nothing that a `normalise_*` or `check_*` function returned.
"""

import difflib
import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import urlsplit

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import fold

LabelKind = Literal["name", "group", "room"]

RESERVED_GROUPS: Final = frozenset({"everyone", "here"})  # words with a meaning of their own
URL_SCHEMES: Final = ("https", "http", "tel", "sip")

_BREAK: Final = re.compile("\r\n|[\n\r\t\v\f\x85\u2028\u2029]")  # a tab too: pasted text is full of them
_JOINERS: Final = "\u200c\u200d"
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0")  # letters by category, and print nothing
_REPLACEMENT: Final = "\ufffd"
_HOST_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PHONE: Final = re.compile(r"[+0-9(*#][0-9 ().*#/+-]*(?: ?(?:x|ext\.?) ?[0-9]+)?")
_SIP: Final = re.compile(r"(?:[A-Za-z0-9._+*#~!$&'=-]+@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PORT_MAX: Final = 65535


class TextRefused(ValueError):
    """The person's text cannot be sent; `reason` is what they read, `count` its size where it is too long."""

    def __init__(self, reason: str, count: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.count = count


# --- Sender's side ---------------------------------------------------------------------------------
def normalise_message(text: str) -> str:
    """NFC, outer white space gone, line breaks as spaces; "" stays "". Raises TextRefused."""
    return _sized(_plain(text, "the message"), "the message", tuning.MESSAGE_POINTS, tuning.MESSAGE_BYTES)


def normalise_line(text: str) -> str:
    """One chat line, as a message is normalised. Raises TextRefused, also where nothing is said."""
    line = _plain(text, "the line")
    if not line:
        raise TextRefused("the line says nothing")
    return _sized(line, "the line", tuning.LINE_POINTS, tuning.LINE_BYTES)


def normalise_label(text: str, kind: LabelKind) -> str:
    """A member's name, a group or a room, as it is published. Raises TextRefused.

    Names and rooms may hold single spaces, groups none. '@' and, in groups, ':' would clash with the words
    of WHO (`name@host`, `@room:Blue`); a leading '-' with options.
    """
    what = f"the {kind}"
    if _BREAK.search(text.strip()):
        raise TextRefused(f"{what} must be one line without tabs")
    label = " ".join(_plain(text, what).split())
    if not label:
        raise TextRefused(f"{what} is empty")
    if label[0] == "-" or "@" in label:
        raise TextRefused(f"{what} must not start with '-' or hold '@'")
    if kind == "name" and "~" in label:
        raise TextRefused("the name must not hold '~': it parts a name from its key in labels")
    if kind == "group":
        _check_group(label)
    return _sized(label, what, tuning.NAME_POINTS, tuning.NAME_BYTES)


def check_location(text: str) -> str:
    """A place in words ("row B, desk 4"); "" is none. Raises TextRefused."""
    return _sized(_plain(text, "the location"), "the location", tuning.PLACE_BYTES, tuning.PLACE_BYTES)


def check_host(text: str) -> str:
    """A host name or an IP address; "" is none. Raises TextRefused."""
    host = text.strip()
    if not host or _is_ip(host):
        return host
    _sized(host, "the host", tuning.HOST_BYTES, tuning.HOST_BYTES)
    if not all(_HOST_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        raise TextRefused("the host is neither a host name nor an IP address")
    return host


def check_address(text: str, default_port: int | None = None) -> str:
    """`text` as HOST:PORT (IPv6 in brackets), with `default_port` where it names none. Raises TextRefused."""
    host, port = _split_port(text.strip())
    if not host or not check_host(host):
        raise TextRefused("the address names no host")
    number = int(port) if port.isdecimal() and port.isascii() and len(port) <= 5 else default_port
    if (port and not port.isdecimal()) or number is None or not 0 < number <= _PORT_MAX:
        raise TextRefused(f"the address needs a port from 1 to {_PORT_MAX}, as in HOST:PORT")
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def check_phone(text: str) -> str:
    """A telephone number as people write it; "" is none. Raises TextRefused."""
    phone = _plain(text, "the phone number")
    if phone and (not _PHONE.fullmatch(phone) or not any(char.isdecimal() for char in phone)):
        raise TextRefused("the phone number may hold digits, spaces, + - ( ) . / * # and an extension (x12)")
    return _sized(phone, "the phone number", tuning.PHONE_BYTES, tuning.PHONE_BYTES)


def check_url(text: str) -> str:
    """An https, http, tel or sip URL in ASCII, without user or password; "" is none. Raises TextRefused."""
    url = text.strip()
    if not url:
        return url
    if not url.isascii() or not url.isprintable() or any(char in ' "<>\\^`{|}' for char in url):
        raise TextRefused("the URL holds characters that must be percent-encoded")
    _sized(url, "the URL", tuning.PLACE_BYTES, tuning.PLACE_BYTES)
    scheme, _, rest = url.partition(":")
    if scheme.lower() not in URL_SCHEMES:
        raise TextRefused(f"the URL must begin with one of {', '.join(name + ':' for name in URL_SCHEMES)}")
    if not _url_rest_is_good(scheme.lower(), rest, url):
        raise TextRefused(f"the URL is not a good {scheme.lower()} URL")
    return url


# --- Receiver's side -------------------------------------------------------------------------------
@lru_cache(maxsize=8192)  # names are looked at far more often than they change
def clean(text: str, max_points: int) -> str:
    """`text` fit to be shown in one line of at most `max_points` code points. Never raises; idempotent.

    Controls, surrogates, private and unassigned characters become U+FFFD; what prints nothing is dropped;
    what is cut ends with an ellipsis.
    """
    kept: list[str] = []
    marks = 0
    line = _BREAK.sub(" ", unicodedata.normalize("NFC", text))
    for index, char in enumerate(line):
        category = unicodedata.category(char)
        if category[0] == "M":
            marks += 1
            if marks <= tuning.MAX_COMBINING:
                kept.append(char)
        elif _is_hostile(char, category):
            if _may_join(line, index):
                kept.append(char)
                marks = 0
            elif category != "Cf" and char not in _BLANKS:
                kept.append(_REPLACEMENT)
                marks = 0
        else:
            kept.append(char)
            marks = 0
    shown = _strip(unicodedata.normalize("NFC", "".join(kept)))
    if len(shown) <= max_points:
        return shown
    return _strip(shown[: max(max_points - 1, 0)]) + "…" if max_points > 0 else ""


def isolate(text: str) -> str:
    """`text` between bidi isolates where it holds right-to-left letters: it cannot reorder its line."""
    if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in text):
        return f"\u2068{text}\u2069"
    return text


def nearest(word: str, candidates: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """At most `n` distinct candidates that the person may have meant by `word`, the likeliest first."""
    by_fold = {fold(candidate): candidate for candidate in candidates}
    wanted = fold(word)
    if not wanted:
        return ()
    close = difflib.get_close_matches(wanted, by_fold, n=n)
    begun = sorted(known for known in by_fold if known.startswith(wanted) and known not in close)
    return tuple(by_fold[known] for known in (*close, *begun)[:n])


# --- Characters ------------------------------------------------------------------------------------
def _is_hostile(char: str, category: str) -> bool:
    return category in {"Cc", "Cf", "Cs", "Co", "Cn"} or char in _BLANKS


def _may_join(line: str, index: int) -> bool:
    """Whether the character is a joiner between two letters, or between two parts of one emoji."""
    if line[index] not in _JOINERS or not 0 < index < len(line) - 1:
        return False
    before, after = line[index - 1], line[index + 1]
    if before in _BLANKS or after in _BLANKS:
        return False
    left, right = unicodedata.category(before), unicodedata.category(after)
    # A letter may bear marks (a virama), an emoji a variation selector or a skin tone.
    return (left[0] in "LM" or left in {"So", "Sk"}) and (right[0] == "L" or right in {"So", "Sm"})


def _strip(line: str) -> str:
    """Without outer spaces of any kind, nor joiners that a cut left at the end."""
    start, end = 0, len(line)
    while start < end and unicodedata.category(line[start]) == "Zs":
        start += 1
    while end > start and (line[end - 1] in _JOINERS or unicodedata.category(line[end - 1]) == "Zs"):
        end -= 1
    return line[start:end]


def _plain(text: str, what: str) -> str:
    """`text` normalised to one line; TextRefused for a character that must not be sent."""
    line = _BREAK.sub(" ", unicodedata.normalize("NFC", text))
    marks = 0
    for index, char in enumerate(line):
        category = unicodedata.category(char)
        if _is_hostile(char, category) and not _may_join(line, index):
            raise TextRefused(f"{what} holds {_describe(char)}, which may not be sent")
        marks = marks + 1 if category[0] == "M" else 0
        if marks > tuning.MAX_COMBINING:
            raise TextRefused(f"{what} holds more than {tuning.MAX_COMBINING} combining marks in a row")
    return _strip(line)


def _describe(char: str) -> str:
    point = f"U+{ord(char):04X}"
    kinds = {"Cc": "a control character", "Cs": "half a character", "Co": "a private-use character"}
    name = unicodedata.name(char, "") or kinds.get(unicodedata.category(char), "an unknown character")
    return f"{point} ({name})"


def _sized(text: str, what: str, points: int, size: int) -> str:
    count = len(text)
    if count > points:
        raise TextRefused(f"{what} has {count} characters, {count - points} too many (at most {points})", count)
    count = len(text.encode("utf-8", "surrogatepass"))
    if count > size:
        raise TextRefused(f"{what} takes {count} bytes, {count - size} too many (at most {size})", count)
    return text


# --- Grammars --------------------------------------------------------------------------------------
def _check_group(label: str) -> None:
    if " " in label or ":" in label:
        raise TextRefused("the group must not hold spaces or ':'")
    if fold(label) in RESERVED_GROUPS:
        raise TextRefused(f"@{label} has a meaning of its own and cannot be a group")


def _is_ip(host: str) -> bool:
    if "%" in host and not _HOST_LABEL.fullmatch(host.partition("%")[2]):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _split_port(text: str) -> tuple[str, str]:
    """(host, port or ""); brackets around an IPv6 address come off."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        if ":" not in host or (port and not port.startswith(":")):
            raise TextRefused("brackets stand around an IPv6 address only, as in [fe80::1]:4000")
        return host, port.removeprefix(":")
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port or "none"
    return text, ""


def _url_rest_is_good(scheme: str, rest: str, url: str) -> bool:
    try:
        if scheme == "tel":
            return bool(rest) and bool(check_phone(rest))
        if scheme == "sip":
            found = _SIP.fullmatch(rest)
            return found is not None and bool(check_host(found[1].strip("[]")))
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
        return port_is_good and "@" not in parts.netloc and bool(check_host(parts.hostname or ""))
    except ValueError:
        return False
