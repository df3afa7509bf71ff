"""Which lines of a thread are new, though lines have no names and old ones are forgotten."""

import pytest

from escalate_cli.thread import Thread
from escalate_daemon.ipc.protocol import ChatLine
from support.objects import AT, member


def thread(*said: str) -> list[ChatLine]:
    """Each line as `who:text`."""
    pairs = (line.split(":") for line in said)
    return [ChatLine(member=member(who), at=AT, text=text) for who, text in pairs]


def news(followed: Thread, *said: str) -> list[str]:
    return [f"{line.member.label}:{line.text}" for line in followed.news(thread(*said))]


def test_what_was_not_in_it_is_new_in_its_order() -> None:
    followed = Thread()
    assert news(followed, "ana:a", "sam:x") == ["ana:a", "sam:x"]
    assert news(followed, "ana:a", "sam:x") == []
    assert news(followed, "ana:a", "ben:late", "sam:x", "ana:b") == ["ben:late", "ana:b"]


def test_the_same_words_again_are_a_new_line() -> None:
    followed = Thread()
    news(followed, "ana:ok")
    assert news(followed, "ana:ok", "ana:ok") == ["ana:ok"]


def test_forgotten_lines_do_not_make_the_others_new() -> None:
    followed = Thread()
    news(followed, "ana:1", "ana:2", "ana:3")
    assert news(followed, "ana:2", "ana:3", "ana:4") == ["ana:4"]
    assert news(followed, "ana:4", "ana:5") == ["ana:5"]


@pytest.mark.parametrize("stale", [("ana:1",), ("ana:1", "ana:2"), ("ana:0", "ana:1", "ana:2"), ()])
def test_an_older_view_of_it_is_no_news_and_makes_none(stale: tuple[str, ...]) -> None:
    followed = Thread()
    news(followed, "ana:1", "ana:2", "ana:3")
    assert news(followed, *stale) == []
    assert news(followed, "ana:1", "ana:2", "ana:3", "ana:4") == ["ana:4"]
