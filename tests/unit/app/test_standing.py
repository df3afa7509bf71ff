"""The small files: replaced whole, private, and never a reason to stop."""

from pathlib import Path

import pytest

from escalate_daemon import standing
from escalate_daemon.standing import Standing


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "made" / "standing"
    standing.save(Standing(left=True, joined_by="ab"), path)
    assert standing.load(path) == Standing(left=True, joined_by="ab")
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["standing"]


@pytest.mark.parametrize("content", [None, b"", b"rubbish", b"[1]", b'{"left": 3}'])
def test_a_missing_or_damaged_standing_is_the_default(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "standing"
    if content is not None:
        path.write_bytes(content)
    assert standing.load(path) == Standing()


def test_a_folder_that_cannot_be_written_is_an_os_error_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        standing.save(Standing(), file / "standing")


def test_a_mark_knows_its_invite_again_and_does_not_tell_its_secret() -> None:
    assert standing.mark_of(b"s" * 16) == standing.mark_of(b"s" * 16) != standing.mark_of(b"t" * 16)
    assert (b"s" * 16).hex() not in standing.mark_of(b"s" * 16)
