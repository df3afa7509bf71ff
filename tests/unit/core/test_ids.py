import hashlib

import pytest

from escalate_daemon.core.ids import fold, member_id, space_id_of_creator


def test_member_is_the_hash_of_its_key() -> None:
    assert member_id(b"k" * 32) == hashlib.sha256(b"k" * 32).digest()[:16]


def test_space_belongs_to_its_creators_key_and_nonce() -> None:
    ids = {space_id_of_creator(key, nonce) for key in (b"k" * 32, b"l" * 32) for nonce in (b"1" * 16, b"2" * 16)}
    assert len(ids) == 4
    assert {len(space) for space in ids} == {16}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ana", "ANA"), ("straße", "STRASSE"), ("\u00e9", "e\u0301"), ("\u1e9e", "ss"), ("Å", "a\u030a")],
)
def test_names_compare_after_nfc_and_casefold(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["\u0345\u0301", "\u01c4\u030c", "İ", "\u1fb7"])
def test_folding_twice_changes_nothing_more(name: str) -> None:
    assert fold(fold(name)) == fold(name)
