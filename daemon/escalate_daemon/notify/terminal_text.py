"""What a terminal shows for a pop-up: one clear line in colour, and the escape for a desktop pop-up. Pure."""

import unicodedata
from typing import Final

from escalate_daemon.core.text import clean
from escalate_daemon.notify.base import Colour, Popup

_TITLE_POINTS: Final = 200
_BODY_POINTS: Final = 500
_SGR: Final = {Colour.RED: "1;97;41", Colour.YELLOW: "1;30;43", Colour.GREEN: "1;97;42", Colour.GREY: "1;30;47"}
_ST: Final = "\x1b\\"  # ends an OSC; BEL would ring where the OSC is not known


def plain_line(popup: Popup) -> str:
    """Title and body in one line without any control character."""
    title = _one_line(popup.title, _TITLE_POINTS)
    parts = [_one_line(line, _BODY_POINTS) for line in popup.body.splitlines() if line.strip()]
    return " · ".join((title, *parts))[: _TITLE_POINTS + _BODY_POINTS]


def stream_line(popup: Popup) -> str:
    """For a file or a pipe: nothing but text."""
    return f"[escalate {popup.colour.value}] {plain_line(popup)}\n"


def terminal_line(popup: Popup) -> str:
    """For a terminal: a line of its own, its colour also as a word, a bell where it rings."""
    bell = "\a" if popup.rings else ""
    word = popup.colour.value.upper()
    return f"\r\n\x1b[{_SGR[popup.colour]}m escalate {word} \x1b[0m {plain_line(popup)}\r\n{bell}"


def desktop_escape(popup: Popup, *, macos: bool) -> str:
    """Asks the terminal emulator for a pop-up; those that do not know it ignore it.

    OSC 777 (urxvt, foot, WezTerm, kitty, Ghostty) or OSC 9 (iTerm2): one of them, since some know both.
    """
    title = _one_line(popup.title, _TITLE_POINTS).replace(";", ",")
    if macos:
        return f"\x1b]9;escalate: {title}{_ST}"  # a digit after "9;" would be another command
    body = _one_line(popup.body.replace("\n", ", "), _BODY_POINTS).replace(";", ",")
    return f"\x1b]777;notify;{title};{body}{_ST}"


def closing_line(title: str) -> str:
    """Says that what the line was about is over."""
    return f"[escalate] over: {_one_line(title, _TITLE_POINTS)}"


def _one_line(text: str, points: int) -> str:
    # clean() drops the isolates that render.py puts around right-to-left names: few terminals know them.
    line = clean(text, points)
    return "".join(char for char in line if unicodedata.category(char) != "Cc")
