"""Where a key lies for the moment in which `ssl` reads it."""

import os
import ssl
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from escalate_daemon.trust.contexts import member_context_pair
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity

SECRET = b"s" * 32


def no_memory(*_: object) -> int:
    raise OSError(1, "Operation not permitted")


@pytest.fixture
def without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on systems that keep no files in memory."""
    if sys.platform == "linux":
        monkeypatch.setattr(os, "memfd_create", no_memory)


@pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")
def test_on_linux_no_disk_has_a_part_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    member_context_pair(Identity.generate(), SECRET, 0)


def test_key_file_is_private_encrypted_and_gone_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without_memory: None
) -> None:
    seen: list[tuple[int, int, bytes]] = []
    load = ssl.SSLContext.load_cert_chain

    def watched(context: ssl.SSLContext, certfile: Path, *, password: str) -> None:
        modes = (stat.S_IMODE(certfile.stat().st_mode), stat.S_IMODE(certfile.parent.stat().st_mode))
        seen.append((*modes, certfile.read_bytes()))
        load(context, certfile, password=password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    member_context_pair(Identity.generate(), SECRET, 0)
    assert list(tmp_path.iterdir()) == []
    assert len(seen) == 2
    for file_mode, folder_mode, text in seen:
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in text
        if os.name != "nt":
            assert (file_mode, folder_mode) == (0o600, 0o700)


def test_where_the_temporary_folder_takes_nothing_the_next_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without_memory: None
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    member_context_pair(Identity.generate(), SECRET, 0, (tmp_path / "missing too", tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_no_place_at_all_is_said_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without_memory: None
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(TrustError, match="no place") as refused:
        member_context_pair(Identity.generate(), SECRET, 0, (tmp_path / "missing too",))
    assert "TMPDIR" in refused.value.hint
