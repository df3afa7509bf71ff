"""What we publish, and how we read what others publish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.discovery.advert import SERVICE, is_ours, make_text, parse_text, random_names, random_own

KEY, OTHER = b"k" * 32, b"o" * 32


def entries(*texts: bytes) -> bytes:
    return b"".join(bytes((len(text),)) + text for text in texts)


def test_own_advert_is_recognised_with_the_key_of_the_space() -> None:
    assert is_ours(make_text(KEY), KEY)


def test_advert_of_another_space_is_not_ours() -> None:
    assert not is_ours(make_text(OTHER), KEY)


def test_nothing_is_ours_without_a_space() -> None:
    assert not is_ours(make_text(KEY), None)


def test_advert_of_a_boot_is_unlike_that_of_any_other_boot() -> None:
    assert make_text(KEY) != make_text(KEY)
    assert random_names() != random_names()


def test_text_stays_below_200_bytes_and_holds_neither_key_nor_names() -> None:
    own = random_own(KEY)
    assert len(own.text) < 200
    assert KEY not in own.text
    assert own.names.instance.endswith(f".{SERVICE}")
    assert own.names.host.endswith(".local.")


def test_parse_gives_what_was_made() -> None:
    advert = parse_text(make_text(KEY, salt=b"12345678"))
    assert advert is not None
    assert (advert.version, advert.salt, len(advert.tag)) == (1, b"12345678", 4)


def test_fields_and_versions_of_a_later_form_are_passed_over() -> None:
    later = make_text(KEY).replace(b"\x03v=1", b"\x03v=7") + entries(b"x=1", b"flag")
    assert is_ours(later, KEY)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0",
        b"\xff",
        b"\x05v=1",
        entries(b"v=1"),
        entries(b"v=1", b"s=zz", b"t=00000000"),
        entries(b"v=1", b"s=00", b"t=00000000"),
        entries(b"v=1", b"s=" + b"0" * 200, b"t=00000000"),
        entries(b"v=1", b"s=0000000000000000", b"t=000000"),
        entries(b"v=0", b"s=0000000000000000", b"t=00000000"),
        entries(b"v=1", b"s=0000000000000000", b"t=00 00 00"),
        entries(*[b"a=1"] * 16, b"v=1", b"s=0000000000000000", b"t=00000000"),
    ],
)
def test_malformed_text_is_no_advert(text: bytes) -> None:
    assert parse_text(text) is None


def test_first_of_two_equal_fields_counts() -> None:
    assert is_ours(make_text(KEY) + entries(b"t=00000000"), KEY)
    assert not is_ours(entries(b"t=00000000") + make_text(KEY), KEY)


@given(st.binary(max_size=2000))
def test_hostile_text_never_raises(text: bytes) -> None:
    assert not is_ours(text, KEY)


@given(st.binary(max_size=40), st.integers(0, 50))
def test_mangled_advert_never_raises(noise: bytes, at: int) -> None:
    text = make_text(KEY)
    is_ours(text[:at] + noise + text[at:], KEY)
