import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.trust.base32 import ALPHABET
from escalate_daemon.trust.code import read_code, write_code
from escalate_daemon.trust.errors import CodeError

SECRET = bytes(range(16))
CODE = write_code(SECRET)


@given(st.binary(min_size=16, max_size=16))
def test_code_gives_its_secret_back(secret: bytes) -> None:
    assert read_code(write_code(secret)) == secret


def test_code_has_a_prefix_and_seven_groups_of_four() -> None:
    prefix, *groups = CODE.split("-")
    assert prefix == "esc1"
    assert [len(group) for group in groups] == [4] * 7
    assert not set("".join(groups)) - set(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        CODE.upper(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        CODE.replace("-", "\u2013"),
        f"  {CODE}\n",
        CODE.replace("0", "O").replace("1", "l"),
    ],
)
def test_case_dashes_spaces_and_look_alikes_do_not_count(typed: str) -> None:
    assert read_code(typed) == SECRET


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "begins with esc1"),
        ("hello", "begins with esc1"),
        ("esc2" + CODE[4:], "begins with esc1"),
        (CODE[:-1], "this one has 27"),
        (CODE + "a", "this one has 29"),
        ("esc1-", "this one has 0"),
        (CODE[:-1] + "u", "'u' cannot stand"),
        (CODE[:-1] + "!", "'!' cannot stand"),
        (CODE[:-1] + "é", "'é' cannot stand"),
    ],
)
def test_typo_is_named(typed: str, says: str) -> None:
    with pytest.raises(CodeError, match=says):
        read_code(typed)


def test_one_wrong_character_anywhere_is_noticed() -> None:
    """The checksum has 12 bits, so a single one may pass: over many codes hardly any does."""
    passed = 0
    for _ in range(50):
        plain = write_code(secrets.token_bytes(16)).replace("-", "")
        for at in range(4, len(plain)):
            other = ALPHABET[(ALPHABET.index(plain[at]) + 1) % 32]
            try:
                read_code(plain[:at] + other + plain[at + 1 :])
            except CodeError:
                continue
            passed += 1
    assert passed < 10


@given(st.text(max_size=60))
def test_any_text_gives_a_secret_or_a_code_error(text: str) -> None:
    try:
        assert len(read_code("esc1" + text)) == 16
    except CodeError as error:
        assert str(error)
        assert error.hint
