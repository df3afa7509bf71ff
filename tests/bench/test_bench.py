"""The bench runs and cleans up after itself; how quick anything is, is not judged here."""

from pathlib import Path

import pytest

from bench import document, reds
from bench.report import Goal, Table
from support.namespaces import namespaces_of_this_run, why_unavailable
from support.need import need

pytestmark = pytest.mark.lan


def test_a_red_of_every_contender_reaches_all_three_hosts() -> None:
    need(why_unavailable())
    commands, requests = reds.measure([3], 2, lambda _: None)
    for row in (*commands.rows, *requests.rows):
        assert row[0] == "3"
    clean = requests.rows[0]
    assert clean[-1] == "0, 0", f"hosts were missed on a clean wire: {clean}"
    assert not namespaces_of_this_run()


def test_tables_take_their_former_places_in_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- measured: reds -->\nold\n<!-- end: reds -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(document, "_DOCUMENT", page)
    table = Table("A title", ("hosts", "ms"), [("3", "1.0")], [Goal("at most 2", "1.0", met=True)])
    document.write("reds", [table])
    written = page.read_text(encoding="utf-8")
    assert "old" not in written
    assert "| at most 2 | 1.0   | met |" in written
    assert written.startswith("before\n")
    assert written.endswith("after\n")


def test_every_table_has_its_place_in_the_document() -> None:
    text = document._DOCUMENT.read_text(encoding="utf-8")
    for name in ("reds", "startup", "tab", "newcomer", "healing", "idle", "machine"):
        assert text.count(f"<!-- measured: {name} -->") == text.count(f"<!-- end: {name} -->") == 1
