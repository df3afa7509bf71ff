import re

import pytest

from escalate_daemon.notify.base import Colour, Loudness, Popup
from escalate_daemon.notify.terminal_text import (
    closing_line,
    desktop_escape,
    plain_line,
    stream_line,
    terminal_line,
)

HOSTILE = "\x1b]0;owned\x07\x9b31m; rm\r\n\x00\u202eevil\u2066"
POPUP = Popup("t", "Ana needs help; now", "row B\nNamed: @team", Loudness.CRITICAL, Colour.RED, rings=True)
OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]777;notify;|\x1b\]9;escalate|\x1b\\|\a|\r\n|\n")


def test_one_line_holds_title_and_body() -> None:
    assert plain_line(POPUP) == "Ana needs help; now · row B · Named: @team"


def test_a_stream_gets_no_escape_at_all() -> None:
    assert stream_line(POPUP) == "[escalate red] Ana needs help; now · row B · Named: @team\n"


def test_only_what_rings_bears_a_bell() -> None:
    quiet = Popup("t", "x", "", Loudness.CRITICAL, Colour.RED)
    assert "\a" in terminal_line(POPUP)
    assert "\a" not in terminal_line(quiet)


@pytest.mark.parametrize("colour", list(Colour))
def test_the_colour_is_also_a_word(colour: Colour) -> None:
    assert colour.value.upper() in terminal_line(Popup("t", "x", "", Loudness.NORMAL, colour))


@pytest.mark.parametrize("macos", [True, False])
def test_peers_text_brings_no_control_character_to_a_terminal(macos: bool) -> None:
    popup = Popup("t", HOSTILE, HOSTILE, Loudness.NORMAL, Colour.RED)
    for text in (terminal_line(popup), desktop_escape(popup, macos=macos), closing_line(HOSTILE)):
        rest = OURS.sub("", text)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\u2066]", rest)


def test_a_semicolon_does_not_end_a_field_of_the_escape() -> None:
    assert desktop_escape(POPUP, macos=False).count(";") == 3


def test_the_escape_on_macos_never_begins_with_a_digit() -> None:
    popup = Popup("t", "4 people", "", Loudness.NORMAL, Colour.RED)
    assert desktop_escape(popup, macos=True).startswith("\x1b]9;escalate")


def test_a_line_fits_what_a_pipe_takes_at_once() -> None:
    popup = Popup("t", "\U0001f600" * 5000, "\U0001f600" * 5000, Loudness.NORMAL, Colour.RED, rings=True)
    whole = desktop_escape(popup, macos=False) + terminal_line(popup)
    assert len(stream_line(popup).encode()) <= 4096
    assert len(terminal_line(popup).encode()) <= 4096
    assert len(whole.encode()) <= 8192
