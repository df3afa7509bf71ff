"""Hostile text cannot touch the terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_cli import escape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066open", "\\u2066open"),
        ("\udcff", "\\udcff"),
        ("\ue000", "\\ue000"),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert escape.printable(text) == shown


@pytest.mark.parametrize("text", ["héllo", "👩\u200d🚒", "\u0645\u06cc\u200c\u062e\u0648", "\u2068אבג\u2069", "日本"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert escape.printable(text) == text


@given(st.text())
def test_no_control_character_ever_passes(text: str) -> None:
    shown = escape.printable(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in shown)
    shown.encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_json_means_the_same(text: str) -> None:
    written = escape.json_printable(json.dumps(text, ensure_ascii=False))
    assert json.loads(written) == text
    assert written.isprintable()


def test_wide_and_combining_characters_take_their_columns() -> None:
    assert [escape.width(text) for text in ("abc", "日本", "e\u0301", "")] == [3, 4, 1, 0]


def test_a_line_is_clipped_to_columns_and_keeps_its_colours() -> None:
    assert escape.clip("\x1b[31mabcdef\x1b[0m", 3) == "\x1b[31mabc\x1b[0m"
    assert escape.clip("日本語", 5) == "日本"
