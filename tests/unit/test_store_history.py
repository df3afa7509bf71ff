"""The rows of the history in the store: newest first, in pages, and bounded."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from escalate_daemon import store as module
from escalate_daemon.core.effects import Bucket
from escalate_daemon.core.effects import Store as Keep
from escalate_daemon.store import Row, Store, StoreError

HUGE = 2**60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened, notes = Store.open(tmp_path / "state.db")
    assert notes == ()
    yield opened
    opened.close()


def row(number: int, value: bytes = b"v") -> Row:
    return Row(f"id{number:04}", number * 1000, value)


def test_rows_come_back_newest_first_after_a_restart(tmp_path: Path) -> None:
    first, _ = Store.open(tmp_path / "state.db")
    first.put_history([row(2), row(1), row(3)])
    first.close()
    again, notes = Store.open(tmp_path / "state.db")
    assert notes == ()
    assert again.history(0) == [row(3), row(2), row(1)]
    assert again.history(2000) == [row(3), row(2)]
    assert again.history_row("id0002") == row(2)
    assert again.history_row("id0004") is None
    again.close()


def test_a_row_takes_the_place_of_the_one_of_its_id(store: Store) -> None:
    store.put_history([row(1, b"old")])
    store.put_history([row(1, b"newer"), row(2)])
    assert store.history(0) == [row(2), row(1, b"newer")]
    assert store.history_size() == (2, 6)


def test_pages_leave_out_none_and_repeat_none_even_of_one_moment(store: Store) -> None:
    rows = [Row(f"id{number:04}", 1000 * (number // 10), b"v") for number in range(95)]
    store.put_history(rows)
    read: list[Row] = []
    while page := store.history(0, read[-1] if read else None, 7):
        read += page
    assert read == sorted(rows, key=lambda each: (each.started, each.id), reverse=True)


def test_pruning_takes_what_is_too_old_too_many_or_too_large(store: Store) -> None:
    store.put_history([row(number, b"12345") for number in range(100)])
    store.prune_history(10_000, HUGE, HUGE)
    assert store.history_size()[0] == 90
    store.prune_history(0, 50, HUGE)
    assert [each.id for each in store.history(0, limit=1000)] == [f"id{number:04}" for number in range(99, 49, -1)]
    store.prune_history(0, 50, 100)
    assert store.history_size() == (20, 100)
    store.prune_history(0, 50, 100)
    assert store.history_size() == (20, 100)


def test_a_program_from_before_the_history_reads_the_file_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    now, _ = Store.open(path)
    now.commit([Keep(Bucket.META, b"x", b"1")])
    now.put_history([row(1)])
    now.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_from_before_the_history_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    before, _ = Store.open(path)
    before.commit([Keep(Bucket.META, b"x", b"1")])
    before.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE history")
    after, notes = Store.open(path)
    assert notes == ()
    after.put_history([row(1)])
    assert after.history(0) == [row(1)]
    assert set(after.load()[Bucket.META]) == {b"x"}
    after.close()


def test_a_disk_that_takes_nothing_still_tells_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    kept, _ = Store.open(path)
    kept.put_history([row(1)])

    def refused(_: Path) -> sqlite3.Connection:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(module, "_connect", refused)
    opened, _ = Store.open(path)
    assert opened.history(0) == [row(1)]
    assert opened.history_size() == (1, 1)
    with pytest.raises(StoreError):
        opened.put_history([row(2)])
    opened.put_history([])
    kept.close()
