"""What is kept comes back, whole, aged, and from a damaged disk too."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from escalate_daemon import store
from escalate_daemon.core.effects import Bucket, Stored
from escalate_daemon.core.effects import Store as Keep
from escalate_daemon.store import Store, StoreError


class Wall:
    """A wall clock in ms, set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


def reopened(path: Path, wall: Wall) -> Store:
    opened, notes = Store.open(path, wall)
    assert notes == ()
    return opened


def test_committed_values_come_back_with_their_age_grown_by_the_wall(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.SLOTS, b"a/state", b"1", age=500), Keep(Bucket.META, b"x", b"2")])
    kept.close()
    wall.now += 3_000
    loaded = reopened(path, wall).load()
    assert loaded[Bucket.SLOTS] == {b"a/state": Stored(b"1", 3_500, sure=500)}
    assert loaded[Bucket.META] == {b"x": Stored(b"2", 3_000)}
    assert loaded[Bucket.RINGS] == {}


def test_what_need_not_outlive_the_power_outlives_the_process_and_the_next_firm_one_waits_again(
    path: Path, wall: Wall
) -> None:
    kept = reopened(path, wall)
    waits = []
    for firm in (True, False, True):
        kept.commit([Keep(Bucket.RINGS, b"h", b"1", age=500)], firm=firm)
        assert kept._connection is not None
        waits.append(kept._connection.execute("PRAGMA synchronous").fetchone() == (2,))
        other = reopened(path, wall)  # as after a crash: nothing was closed
        assert other.load()[Bucket.RINGS] == {b"h": Stored(b"1", 500, sure=500)}
        other.close()
    assert waits == [True, False, True]


def test_securing_waits_for_the_disk_and_changes_nothing_that_is_kept(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.RINGS, b"h", b"1", age=500)], firm=False)
    before = kept.load()
    kept.secure()
    assert kept._connection is not None
    assert kept._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert kept.load() == before


def test_wall_clock_set_back_makes_nothing_younger(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.RINGS, b"h", b"1", age=500)])
    wall.now -= 10_000_000
    assert kept.load()[Bucket.RINGS][b"h"] == Stored(b"1", 500, sure=500)


def test_the_wall_has_no_part_in_the_age_that_is_sure(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.SLOTS, b"a/state", b"1", age=60_000)])
    wall.now += 365 * 86_400_000
    loaded = kept.load()[Bucket.SLOTS][b"a/state"]
    assert (loaded.sure, loaded.age) == (60_000, 60_000 + 365 * 86_400_000)


def test_none_forgets_and_the_later_of_two_wins(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.PINS, b"a", b"1"), Keep(Bucket.PINS, b"a", b"2"), Keep(Bucket.PINS, b"b", b"3")])
    kept.commit([Keep(Bucket.PINS, b"b", None), Keep(Bucket.PINS, b"never", None)])
    assert kept.load()[Bucket.PINS] == {b"a": Stored(b"2", 0)}


def test_value_survives_a_process_that_never_closed(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.META, b"x", b"1")])
    copy = path.parent / "copy.db"
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    assert reopened(copy, wall).load()[Bucket.META][b"x"].value == b"1"


def test_file_is_private(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.META, b"x", b"1")])
    for entry in path.parent.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["head", "middle", "text", "foreign", "newer"])
def test_damaged_file_is_set_aside_said_and_replaced(path: Path, wall: Wall, damage: str) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.SLOTS, bytes([n]), os.urandom(4000)) for n in range(50)])
    kept.close()
    spoil(path, damage)
    spoilt = path.read_bytes()  # but for the first page, which SQLite may touch before it judges
    renewed, notes = Store.open(path, wall)
    assert len(notes) == 1
    assert "set aside as state.db.damaged-20231114T" in notes[0]
    assert renewed.load()[Bucket.SLOTS] == {}
    renewed.commit([Keep(Bucket.META, b"x", b"1")])
    renewed.close()
    aside = [entry for entry in path.parent.iterdir() if ".damaged-" in entry.name]
    assert [entry.read_bytes()[4096:] for entry in aside] == [spoilt[4096:]] or damage == "foreign"
    assert reopened(path, wall).load()[Bucket.META][b"x"].value == b"1"


def spoil(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    match damage:
        case "head":
            path.write_bytes(b"\0" * 100 + content[100:])
        case "middle":
            for start in range(4096, len(content), 4096):
                content[start : start + 2000] = os.urandom(2000)
            path.write_bytes(content)
        case "text":
            path.write_text("this is no database, and long enough to be read as a header" * 50)
        case "foreign":
            path.unlink()
            with closing(sqlite3.connect(path)) as other:
                other.execute("CREATE TABLE kept (something)")
        case "newer":
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA user_version = 99")


def test_second_damage_in_one_second_overwrites_no_set_aside_file(path: Path, wall: Wall) -> None:
    for _ in range(3):
        path.parent.mkdir(exist_ok=True)
        path.write_text("no database " * 100)
        Store.open(path, wall)[0].close()
    assert len([entry for entry in path.parent.iterdir() if ".damaged-" in entry.name]) == 3


def test_unknown_buckets_and_foreign_types_are_left_out(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.META, b"x", b"1")])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO kept VALUES ('later', x'00', x'00', 0, 0)")
        other.execute("INSERT INTO kept VALUES ('meta', x'00', 'text', 0, 0)")
    assert kept.load()[Bucket.META] == {b"x": Stored(b"1", 0)}


def test_failed_commit_writes_nothing_and_the_next_one_works(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    assert kept._connection is not None
    kept._connection.execute("PRAGMA max_page_count = 10")  # SQLite's own full disk
    with pytest.raises(StoreError, match="free some space"):
        kept.commit([Keep(Bucket.META, b"small", b"1"), Keep(Bucket.META, b"large", b"x" * 100_000)])
    assert kept.load()[Bucket.META] == {}
    kept.commit([Keep(Bucket.META, b"small", b"1")])
    assert set(kept.load()[Bucket.META]) == {b"small"}


def test_disk_that_takes_nothing_still_gives_what_it_holds(
    path: Path, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = reopened(path, wall)
    kept.commit([Keep(Bucket.META, b"x", b"1")])
    kept.put_blob("peers", b"p")
    connect = store._connect

    def refused(_: Path) -> sqlite3.Connection:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(store, "_connect", refused)
    opened, notes = Store.open(path, wall)
    assert "Read-only" in notes[0]
    assert opened.load()[Bucket.META] == {b"x": Stored(b"1", 0)}
    assert opened.get_blob("peers") == b"p"
    with pytest.raises(StoreError, match="Read-only"):
        opened.commit([Keep(Bucket.META, b"y", b"2")])
    monkeypatch.setattr(store, "_connect", connect)
    opened.commit([Keep(Bucket.META, b"y", b"2")])
    assert set(opened.load()[Bucket.META]) == {b"x", b"y"}


def test_folder_that_cannot_be_made_gives_an_empty_store_with_a_note(tmp_path: Path, wall: Wall) -> None:
    (tmp_path / "file").touch()
    opened, notes = Store.open(tmp_path / "file" / "state.db", wall)
    assert len(notes) == 1
    assert opened.load()[Bucket.SLOTS] == {}
    with pytest.raises(StoreError):
        opened.commit([Keep(Bucket.META, b"y", b"2")])


def test_file_held_by_another_program_is_neither_taken_nor_set_aside(
    path: Path, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    reopened(path, wall).close()
    monkeypatch.setattr(store, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program"):
            Store.open(path, wall)
    assert reopened(path, wall).load()[Bucket.META] == {}


def test_blobs_are_kept_and_forgotten(path: Path, wall: Wall) -> None:
    kept = reopened(path, wall)
    assert kept.get_blob("invites") is None
    kept.put_blob("invites", b"1")
    kept.put_blob("invites", b"2")
    kept.close()
    kept = reopened(path, wall)
    assert kept.get_blob("invites") == b"2"
    kept.put_blob("invites", None)
    assert kept.get_blob("invites") is None


def test_memory_keeps_while_it_lives_and_refuses_when_closed(wall: Wall) -> None:
    kept = Store.in_memory(wall)
    kept.commit([Keep(Bucket.META, b"x", b"1")])
    assert kept.load()[Bucket.META] == {b"x": Stored(b"1", 0)}
    kept.close()
    with pytest.raises(StoreError):
        kept.commit([Keep(Bucket.META, b"x", b"1")])
