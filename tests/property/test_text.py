"""Laws of text: cleaning is total and idempotent, and leaves alone what a sender was allowed to send."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.core import text, tuning

LETTERS = "\u1100\u1161\u0645\U0001f468 a"
SPICE = LETTERS + "\u200c\u200d\ufe0f\u202e\u3164\u0301\u0316\u0344\r\n\t\x1b\u2028\udc80\ue000"
ANYTHING = st.text(st.one_of(st.characters(), st.characters(categories=["Cs"]), st.sampled_from(SPICE)), max_size=80)


@given(ANYTHING, st.integers(0, 60))
def test_clean_is_idempotent_and_within_its_size(typed: str, points: int) -> None:
    once = text.clean(typed, points)
    assert len(once) <= points
    assert text.clean(once, points) == once


@given(ANYTHING)
def test_cleaned_text_could_have_been_sent(typed: str) -> None:
    shown = text.clean(typed, tuning.MESSAGE_POINTS)
    assert text.normalise_message(shown) == shown


@given(ANYTHING)
def test_clean_changes_nothing_that_was_allowed(typed: str) -> None:
    try:
        sent = text.normalise_message(typed)
    except text.TextRefused:
        return
    assert text.clean(sent, tuning.MESSAGE_POINTS) == sent
    assert unicodedata.is_normalized("NFC", sent)
    assert len(sent.encode()) <= tuning.MESSAGE_BYTES


@given(ANYTHING, st.sampled_from(["name", "group", "room"]))
def test_label_is_stable_and_clean_changes_nothing(typed: str, kind: text.LabelKind) -> None:
    try:
        label = text.normalise_label(typed, kind)
    except text.TextRefused:
        return
    assert text.normalise_label(label, kind) == label
    assert text.clean(label, tuning.NAME_POINTS) == label


@given(st.text(max_size=40))
def test_checks_refuse_or_return_what_they_accept_again(typed: str) -> None:
    for check in (text.check_host, text.check_phone, text.check_url, text.check_location, text.check_address):
        try:
            kept = check(typed)
        except text.TextRefused:
            continue
        assert check(kept) == kept
        assert text.clean(kept, tuning.PLACE_BYTES) == kept
