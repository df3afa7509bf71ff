"""Text from others, made safe for a terminal: nothing in it can move the cursor, colour, or reorder a line.

The daemon has cleaned it already; a terminal is where a mistake there would hurt, so it is done again here.
"""

import re
import unicodedata
from typing import Final

_JOINERS: Final = "\u200c\u200d"  # needed between letters of some scripts and within emoji
_ISOLATES: Final = "\u2066\u2067\u2068"
_ISOLATE_END: Final = "\u2069"
_WIDE: Final = frozenset("WF")
_ZERO_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})


def printable(text: str) -> str:
    """`text` on one line, with escapes such as \\x1b for all that does not print."""
    if text.isprintable():
        return text
    balanced = _balanced(text)
    return "".join(char if _passes(char, balanced=balanced) else _escape(char) for char in text)


def json_printable(text: str) -> str:
    """JSON `text` with \\u escapes for all in its strings that does not print; it means the same."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _json_escape(char) for char in text)


def width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def clip(text: str, columns: int) -> str:
    """`text` cut to at most `columns` columns; colour sequences of ours take none and are kept."""
    taken, kept = 0, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        if part.startswith("\x1b["):
            kept.append(part)
            continue
        for char in part:
            taken += _columns(char)
            if taken <= columns:
                kept.append(char)
    return "".join(kept)


def _columns(char: str) -> int:
    if unicodedata.category(char) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def _passes(char: str, *, balanced: bool) -> bool:
    if char.isprintable() or char in _JOINERS:
        return True
    return balanced and char in _ISOLATES + _ISOLATE_END


def _balanced(text: str) -> bool:
    """Whether every bidi isolate in `text` is closed in it, so that none reaches beyond."""
    depth = 0
    for char in text:
        depth += (char in _ISOLATES) - (char == _ISOLATE_END)
        if depth < 0:
            return False
    return depth == 0


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
