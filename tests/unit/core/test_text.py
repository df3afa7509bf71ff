"""What people may type, and what becomes of what peers send."""

import pytest

from escalate_daemon.core import text
from escalate_daemon.core.text import TextRefused

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
HOSTILE = {
    "escape": "\x1b[31m",
    "null": "\0",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero-width space": "\u200b",
    "byte order mark": "\ufeff",
    "surrogate": "\udc80",
    "private use": "\ue000",
    "unassigned": "\U000e0fff",
    "noncharacter": "\uffff",
    "Hangul filler": "\u3164",
    "tag": "\U000e0041",
}


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("caller is threatening", "caller is threatening"),
        ("  outer space \u3000", "outer space"),
        ("two\nlines", "two lines"),
        ("two\r\nlines", "two lines"),
        ("a\u2028b\tc", "a b c"),
        ("e\u0301", "\xe9"),
        ("", ""),
        (" \n ", ""),
        (FAMILY, FAMILY),
        (PERSIAN, PERSIAN),
    ],
)
def test_message_is_normalised_to_one_line(typed: str, sent: str) -> None:
    assert text.normalise_message(typed) == sent


def test_fifty_code_points_are_allowed_and_fifty_one_are_refused_with_the_count() -> None:
    assert len(text.normalise_message("\U0001f600" * 50)) == 50
    with pytest.raises(TextRefused, match="51 characters, 1 too many") as refused:
        text.normalise_message("a" * 51)
    assert refused.value.count == 51


def test_length_counts_after_composing_and_stripping() -> None:
    assert len(text.normalise_message("  " + "e\u0301" * 50 + "\n")) == 50


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_character_is_refused_at_the_sender_and_cleaned_at_the_receiver(hostile: str) -> None:
    with pytest.raises(TextRefused, match=r"U\+"):
        text.normalise_message(f"a{hostile}b")
    shown = text.clean(f"a{hostile}b", 50)
    assert shown.startswith("a")
    assert shown.endswith("b")
    assert hostile[0] not in shown


@pytest.mark.parametrize("lonely", ["\u200da", "a\u200d", "a\u200d\u200db", "a \u200d b", "1\u200c2"])
def test_joiner_stands_only_between_letters_and_in_emoji(lonely: str) -> None:
    with pytest.raises(TextRefused):
        text.normalise_message(lonely)
    assert "\u200d" not in text.clean(lonely, 50)


def test_five_combining_marks_in_a_row_are_refused_and_cut_to_four() -> None:
    marks = "\u0316" * 5  # does not compose with q
    with pytest.raises(TextRefused, match="combining"):
        text.normalise_message("q" + marks)
    assert text.clean("q" + marks + "z", 50) == "q" + "\u0316" * 4 + "z"
    assert text.normalise_message("q" + marks[:4]) == "q" + marks[:4]


def test_clean_cuts_with_an_ellipsis_and_leaves_no_joiner_behind() -> None:
    assert text.clean("abcdef", 4) == "abc…"
    assert text.clean(FAMILY + "x", 5) == FAMILY[:3] + "…"
    assert text.clean("abc", 0) == ""


@pytest.mark.parametrize(
    ("kind", "typed", "label"),
    [
        ("name", " Ana ", "Ana"),
        ("name", "Ana  Maria\xa0Silva", "Ana Maria Silva"),
        ("room", "Blue Room", "Blue Room"),
        ("group", "team-2", "team-2"),
    ],
)
def test_label_is_normalised(kind: text.LabelKind, typed: str, label: str) -> None:
    assert text.normalise_label(typed, kind) == label


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("name", ""),
        ("name", "-rf"),
        ("name", "@ana"),
        ("name", "ana@desk"),
        ("name", "two\nlines"),
        ("name", "a" * 33),
        ("name", "\u0905" * 32),  # 96 bytes
        ("group", "two words"),
        ("group", "room:Blue"),
        ("group", "Everyone"),
        ("group", "here"),
        ("room", " "),
    ],
)
def test_bad_label_is_refused(kind: text.LabelKind, typed: str) -> None:
    with pytest.raises(TextRefused, match=f"{kind}|group"):
        text.normalise_label(typed, kind)


@pytest.mark.parametrize("host", ["desk-7", "a.example.org", "10.0.0.7", "fe80::1", "fe80::1%eth0", "my_pc", ""])
def test_good_host_is_kept(host: str) -> None:
    assert text.check_host(host) == host


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "a..b", "$(reboot)", "a" * 64, "é", "fe80::1%;x"])
def test_bad_host_is_refused(host: str) -> None:
    with pytest.raises(TextRefused, match="host"):
        text.check_host(host)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("desk:4000", "desk:4000"),
        ("desk", "desk:99"),
        ("fe80::1", "[fe80::1]:99"),
        ("[fe80::1]:4000", "[fe80::1]:4000"),
        ("10.0.0.1:065", "10.0.0.1:65"),
    ],
)
def test_address_takes_the_default_port_where_it_names_none(typed: str, address: str) -> None:
    assert text.check_address(typed, 99) == address


@pytest.mark.parametrize(
    "typed", ["", ":4000", "desk:", "desk:0", "desk:70000", "desk:x", "[desk]:1", "[::1]x", "a:1:b"]
)
def test_bad_address_is_refused(typed: str) -> None:
    with pytest.raises(TextRefused):
        text.check_address(typed, 99)


def test_address_without_port_is_refused_where_there_is_no_default() -> None:
    with pytest.raises(TextRefused, match="port"):
        text.check_address("desk")


@pytest.mark.parametrize("phone", ["+49 30 123-456", "(030) 12.34", "4711", "030/123 x12", "*21#"])
def test_good_phone_is_kept(phone: str) -> None:
    assert text.check_phone(phone) == phone


@pytest.mark.parametrize("phone", ["-1", "call me", "123; reboot", "()", "1" * 65])
def test_bad_phone_is_refused(phone: str) -> None:
    with pytest.raises(TextRefused, match="phone"):
        text.check_phone(phone)


@pytest.mark.parametrize(
    "url",
    [
        "https://meet.example.org/ana?x=1#top",
        "http://10.0.0.1:8080/",
        "https://[fe80::1]/",
        "tel:+4930123456",
        "sip:ana@pbx.example.org:5060",
        "sip:pbx",
    ],
)
def test_good_url_is_kept(url: str) -> None:
    assert text.check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://ana:secret@example.org/",
        "https://-x/",
        "https://a b/",
        "https://example.org:99999/",
        "https://exämple.org/",
        "tel:",
        "sip:a@-b",
        "--help",
        "https://example.org/" + "a" * 256,
    ],
)
def test_bad_url_is_refused(url: str) -> None:
    with pytest.raises(TextRefused, match="URL"):
        text.check_url(url)


def test_location_has_its_own_limit() -> None:
    assert text.check_location(" row B,\ndesk 4 ") == "row B, desk 4"
    with pytest.raises(TextRefused, match="257"):
        text.check_location("a" * 257)


def test_right_to_left_text_is_isolated_and_other_text_is_not() -> None:
    assert text.isolate("ana") == "ana"
    assert text.isolate("\u05d0") == "\u2068\u05d0\u2069"


def test_nearest_names_the_likely_ones_first_and_keeps_their_spelling() -> None:
    assert text.nearest("anna", ["Ana", "Bob", "Hannah"]) == ("Hannah", "Ana") or text.nearest(
        "anna", ["Ana", "Bob", "Hannah"]
    ) == ("Ana", "Hannah")
    assert text.nearest("TEM", ["team", "leads"]) == ("team",)
    assert text.nearest("o", ["ops-night", "ops-day", "x"]) == ("ops-day", "ops-night")
    assert text.nearest("", ["a"]) == ()
    assert text.nearest("zzz", ["a"]) == ()
