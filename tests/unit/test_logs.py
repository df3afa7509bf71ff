"""The log is private, bounded, one line an entry, and cannot be forged by a peer."""

import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_daemon import logs

log = logging.getLogger("escalate_daemon.links.lan")


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    logs.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "daemon.log"


def test_entry_is_one_line_with_time_level_and_place(file: Path) -> None:
    assert logs.start(file, "info", to_stderr=False) is None
    log.info("link %d up", 3)
    log.debug("not asked for")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO links\.lan: link 3 up\n", file.read_text())


def test_file_is_private(file: Path) -> None:
    logs.start(file, "info", to_stderr=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_hostile_text_is_escaped(file: Path) -> None:
    logs.start(file, "info", to_stderr=False)
    log.warning("peer says %s", "a\n2026-01-01T00:00:00.000Z ERROR forged\x1b[2J\u202e\udc80é")
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert r"a\n2026" in text
    assert r"\x1b[2J\u202e\udc80é" in text


def test_traceback_cannot_forge_an_entry(file: Path) -> None:
    logs.start(file, "info", to_stderr=False)
    try:
        raise ValueError("x\n2026-01-01T00:00:00.000Z ERROR forged")
    except ValueError:
        log.exception("failed")
    first, *rest = file.read_text().splitlines()
    assert first.endswith("failed")
    assert all(line.startswith("    ") for line in rest)


def test_very_long_entry_is_cut() -> None:
    assert len(logs.escape("a" * 100_000)) == 2001


def test_log_never_outgrows_its_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 2000)
    logs.start(file, "info", to_stderr=False)
    for number in range(500):
        log.info("entry %d", number)
    sizes = [entry.stat().st_size for entry in file.parent.iterdir()]
    assert len(sizes) == 4
    assert max(sizes) <= 2000
    assert "entry 499" in file.read_text()


def test_log_goes_to_stderr_where_the_file_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    problem = logs.start(tmp_path / "file" / "daemon.log", "info", to_stderr=False)
    assert problem is not None
    assert "stderr" in problem
    log.error("still said")
    assert "still said" in capsys.readouterr().err


def test_disk_that_fills_up_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.start(file, "info", to_stderr=False)
    (handler,) = [each for each in logging.getLogger().handlers if getattr(each, "baseFilename", "") == str(file)]

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(handler, "flush", full)
    log.error("lost")
    assert capsys.readouterr().err == ""
    monkeypatch.undo()


def test_libraries_speak_only_when_something_is_wrong(file: Path) -> None:
    logs.start(file, "debug", to_stderr=False)
    logging.getLogger("zeroconf").info("chatter")
    logging.getLogger("zeroconf").warning("trouble")
    assert [line.split(" ", 1)[1] for line in file.read_text().splitlines()] == ["WARNING zeroconf: trouble"]
