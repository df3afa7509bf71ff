import dataclasses
import os
import stat
from pathlib import Path

import pytest

from escalate_daemon.core.ids import space_id_of_creator
from escalate_daemon.trust import keep
from escalate_daemon.trust.admission import introduce
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import Membership, create_space, open_space


def joined(creator: Membership, name: str) -> Membership:
    identity = Identity.generate()
    intro = introduce(creator.identity, creator.space, identity.key, name)
    return dataclasses.replace(creator, identity=identity, chain=(*creator.chain, intro), name=name).checked()


def test_creator_of_a_space_is_its_only_member() -> None:
    mine = create_space("Floor 3", "Ana").checked()
    assert mine.space == space_id_of_creator(mine.identity.key, mine.chain[0].nonce)
    assert len(mine.chain) == 1
    assert mine.introducer_key is None
    assert mine.epoch == 0


def test_two_spaces_of_one_name_share_nothing() -> None:
    one, other = create_space("Floor 3", "Ana"), create_space("Floor 3", "Ana")
    assert one.space != other.space
    assert one.secret != other.secret
    assert one.identity.key != other.identity.key


def test_introduced_member_knows_who_let_it_in() -> None:
    creator = create_space("Floor 3", "Ana")
    assert joined(creator, "Ben").introducer_key == creator.identity.key


def test_membership_of_another_key_does_not_hold() -> None:
    mine = create_space("Floor 3", "Ana")
    with pytest.raises(TrustError, match="another key"):
        dataclasses.replace(mine, identity=Identity.generate()).checked()


def test_membership_with_a_forged_chain_does_not_hold() -> None:
    mine, theirs = create_space("Floor 3", "Ana"), create_space("Floor 3", "Eve")
    with pytest.raises(TrustError, match="does not hold"):
        dataclasses.replace(theirs, space=mine.space).checked()


def test_open_space_is_the_same_for_all_who_know_its_name() -> None:
    one, other = open_space("Café Demo", "Ana").checked(), open_space(" CAFE\u0301 demo ", "Ben").checked()
    assert (one.space, one.secret) == (other.space, other.secret)
    assert one.identity.key != other.identity.key
    assert open_space("Another", "Ana").space != one.space


def test_name_too_long_to_be_introduced_is_refused() -> None:
    with pytest.raises(TrustError, match="at most 64"):
        create_space("Floor 3", "a" * 65)


def test_secrets_are_in_no_repr() -> None:
    mine = create_space("Floor 3", "Ana")
    assert repr(mine.secret) not in repr(mine)


# --- Its file ------------------------------------------------------------------------------------------
def test_membership_survives_its_file(tmp_path: Path) -> None:
    for mine in (create_space("Floor 3", "Ana"), open_space("Demo", "Ana"), joined(create_space("F", "A"), "Ben")):
        path = tmp_path / "new" / "membership"
        keep.save(mine, path)
        again = keep.load(path)
        assert again is not None
        assert dataclasses.replace(again, identity=mine.identity) == mine
        assert again.identity.key == mine.identity.key
        assert again.identity.encryption_key == mine.identity.encryption_key


def test_no_file_is_no_membership(tmp_path: Path) -> None:
    assert keep.load(tmp_path / "membership") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "membership"
    keep.save(create_space("Floor 3", "Ana"), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    keep.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_saving_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = tmp_path / "membership"
    keep.save(create_space("One", "Ana"), path)
    keep.save(create_space("Two", "Ana"), path)
    assert [one.name for one in tmp_path.iterdir()] == ["membership"]
    again = keep.load(path)
    assert again is not None
    assert again.space_name == "Two"


@pytest.mark.parametrize("damage", ["empty", "cut", "not json", "other keys", "format", "huge"])
def test_damaged_file_is_named_with_its_mend(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "membership"
    keep.save(create_space("Floor 3", "Ana"), path)
    data = path.read_bytes()
    other = tmp_path / "other"
    keep.save(create_space("Floor 3", "Eve"), other)
    path.write_bytes(
        {
            "empty": b"",
            "cut": data[: len(data) // 2],
            "not json": b"\xff\x00junk",
            "other keys": data[: data.index(b'"signing"')] + other.read_bytes()[data.index(b'"signing"') :],
            "format": data.replace(b'"escalate_membership":1', b'"escalate_membership":9'),
            "huge": data + b" " * 100_000 + b"x",
        }[damage]
    )
    if damage == "huge":
        assert keep.load(path) is not None  # what follows the end is not read at all
        return
    with pytest.raises(TrustError, match="damaged") as caught:
        keep.load(path)
    assert str(path) in caught.value.hint


def test_folder_that_cannot_be_written_is_named_with_its_mend(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(TrustError, match="cannot keep the membership") as caught:
        keep.save(create_space("Floor 3", "Ana"), blocked / "membership")
    assert "ESCALATE_HOME" in caught.value.hint


def test_forgotten_membership_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "membership"
    keep.save(create_space("Floor 3", "Ana"), path)
    keep.forget(path)
    assert keep.load(path) is None
    keep.forget(path)


def test_a_file_in_the_folder_s_place_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(TrustError) as raised:
        keep.load(tmp_path / "home" / "state" / "membership")
    assert "where a folder should be" in str(raised.value)
    assert "ESCALATE_HOME" in raised.value.hint
