"""Recent messages: the five last distinct ones, newest first."""

import unicodedata

import pytest

from escalate_daemon.core.recents import RECENTS_MAX, remember
from escalate_daemon.core.text import TextRefused


def used(*messages: str) -> tuple[str, ...]:
    recents: tuple[str, ...] = ()
    for message in messages:
        recents = remember(recents, message)
    return recents


def test_the_newest_is_first_and_the_sixth_goes() -> None:
    assert used("1", "2", "3", "4", "5", "6") == ("6", "5", "4", "3", "2")
    assert RECENTS_MAX == 5


def test_a_message_used_again_comes_first_and_stands_once() -> None:
    assert used("a", "b", "c", "a") == ("a", "c", "b")


def test_two_spellings_of_one_text_are_one_message() -> None:
    assert used(unicodedata.normalize("NFD", "für Ana"), "  für Ana ", "für\nAna") == ("für Ana",)


def test_capitals_make_another_message() -> None:
    assert used("help", "HELP") == ("HELP", "help")


def test_no_message_is_never_kept() -> None:
    assert used("a", "", "  ", "\n") == ("a",)


def test_what_cannot_be_sent_is_refused_and_not_kept() -> None:
    with pytest.raises(TextRefused):
        used("x" * 51)
