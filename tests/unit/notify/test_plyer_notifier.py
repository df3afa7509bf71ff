import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.notify.base import Colour, Loudness, NotifyFailed, Popup, Shown
from escalate_daemon.notify.plyer_notifier import (
    BODY_UNITS,
    TITLE_UNITS,
    PlyerNotifier,
    cut_utf16,
    fitted,
)
from support.need import need_import

POPUP = Popup("t", "Ana needs help", "row B", Loudness.CRITICAL, Colour.RED)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def shown(tmp_path: Path, child: str, popup: Popup = POPUP, limit_s: float = 30.0) -> Shown:
    script = tmp_path / "child.py"
    script.write_text(child, encoding="utf-8")
    return asyncio.run(PlyerNotifier("linux", script, limit_s).show(popup, None))


def test_a_quiet_child_that_exits_well_has_shown_it(tmp_path: Path) -> None:
    assert shown(tmp_path, "import sys; sys.stdin.read()") == Shown(None, "popup")


def test_the_child_is_told_all_on_stdin(tmp_path: Path) -> None:
    out = tmp_path / "told"
    shown(tmp_path, f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())")
    assert '"title": "Ana needs help"' in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "child", ["import sys; sys.exit(1)", "import sys; sys.stderr.write('no bus')", "raise NotImplementedError"]
)
def test_words_on_stderr_or_a_bad_exit_are_a_failure(tmp_path: Path, child: str) -> None:
    with pytest.raises(NotifyFailed):
        shown(tmp_path, child)


def test_a_child_that_blocks_is_killed_with_its_own_children(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    grandchild = f"import time; open({str(alive)!r}, 'w').close(); time.sleep(600)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    began = time.monotonic()
    with pytest.raises(NotifyFailed, match="killed after"):
        shown(tmp_path, child, limit_s=3.0)
    assert time.monotonic() - began < 60
    assert not _running(str(alive))


def _running(mark: str) -> bool:
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in cmdline.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_the_real_child_gives_notify_send_its_words_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_import("plyer")
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/argv\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    popup = Popup("t", "--help", "<b>$(id)", Loudness.NORMAL, Colour.RED)
    assert asyncio.run(PlyerNotifier("linux", limit_s=60.0).show(popup, None)) == Shown(None, "popup")
    assert (tmp_path / "argv").read_text(encoding="utf-8").splitlines()[:2] == [" --help", "&lt;b&gt;$(id)"]


def test_the_real_child_without_anything_to_show_with_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_import("plyer")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotifyFailed, match="plyer failed"):
        asyncio.run(PlyerNotifier("linux", limit_s=60.0).show(POPUP, None))


def test_a_title_that_looks_like_an_option_is_led_by_a_space() -> None:
    popup = Popup("t", "--help", "-v", Loudness.NORMAL, Colour.RED)
    assert fitted(popup, "linux") == (" --help", " -v")


def test_markup_of_peers_is_escaped_where_servers_read_it() -> None:
    popup = Popup("t", "a<b>", "<b>&", Loudness.NORMAL, Colour.RED)
    assert fitted(popup, "linux")[1] == "&lt;b&gt;&amp;"
    assert fitted(popup, "win32")[1] == "<b>&"


def test_windows_gets_no_more_than_it_takes() -> None:
    popup = Popup("t", "x" * 100, "y" * 300, Loudness.NORMAL, Colour.RED)
    title, body = fitted(popup, "win32")
    assert (len(title), len(body)) == (TITLE_UNITS, BODY_UNITS)


def test_an_emoji_family_is_cut_whole_or_not_at_all() -> None:
    assert cut_utf16("ab" + FAMILY, 9) == "ab…"
    assert cut_utf16("ab" + FAMILY, 10) == "ab" + FAMILY


@given(st.text(max_size=80), st.integers(1, 70))
def test_a_cut_never_exceeds_its_units_nor_splits_a_surrogate_pair(text: str, units: int) -> None:
    cut = cut_utf16(text, units)
    assert len(cut.encode("utf-16-le", "surrogatepass")) // 2 <= units
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
