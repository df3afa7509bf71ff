"""Laws of the recent messages, for any messages in any order."""

from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.core.recents import RECENTS_MAX, remember
from escalate_daemon.core.text import TextRefused, normalise_message


def sendable(text: str) -> bool:
    try:
        normalise_message(text)
    except TextRefused:
        return False
    return True


MESSAGES = st.lists(
    st.one_of(st.sampled_from(["", " ", "a", "b", "\u00e9", "e\u0301", "a b", "a\nb"]), st.text(max_size=8)).filter(
        sendable
    ),
    max_size=30,
)


@given(MESSAGES)
def test_recents_are_the_last_distinct_messages_as_they_were_sent(messages: list[str]) -> None:
    recents: tuple[str, ...] = ()
    for message in messages:
        recents = remember(recents, message)
    sent = [text for text in map(normalise_message, messages) if text]
    assert recents == tuple(dict.fromkeys(reversed(sent)))[:RECENTS_MAX]


@given(MESSAGES, st.text(max_size=8).filter(sendable))
def test_remembering_twice_is_remembering_once(messages: list[str], message: str) -> None:
    recents: tuple[str, ...] = ()
    for each in messages:
        recents = remember(recents, each)
    once = remember(recents, message)
    assert remember(once, message) == once
