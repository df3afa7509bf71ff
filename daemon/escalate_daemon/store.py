"""What survives a restart: one SQLite file of small values, committed before anything of it is sent or shown.

Owns the file, its form and its mends. Knows nothing of what the values mean: the core's buckets, a few named blobs
of the application, and the rows of its history. One process, one thread.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from escalate_daemon.core import effects
from escalate_daemon.core.effects import Bucket, Stored

_SCHEMA: Final = 1  # user_version; a change of the tables below raises it
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS kept (
    bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    age INTEGER NOT NULL,   -- ms, when it was stored
    wall INTEGER NOT NULL,  -- ms since 1970, when it was stored
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    id TEXT PRIMARY KEY,
    started INTEGER NOT NULL,  -- ms since 1970
    size INTEGER NOT NULL,     -- bytes of the value, so that counting them reads none
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS history_by_start ON history (started, id, size);
"""  # an earlier program of this form leaves alone what it does not know
_FIRM: Final = "PRAGMA synchronous = FULL"  # a commit is on the disk before it returns, and all before it
_OUT_OF_HERE: Final = "PRAGMA synchronous = NORMAL"  # it is with the system, which brings it to the disk soon
_HISTORY: Final = "SELECT id, started, value FROM history"
_IN_ORDER: Final = "ORDER BY started DESC, id DESC"
_SECURED: Final = "secured"  # a row to commit: what waits for the disk takes all before it along
_WAL_BYTES: Final = 4 * 1024 * 1024  # what a burst of writes may leave in the write-ahead log
_BUSY_SECONDS: Final = 1.0  # nobody else writes here, but a backup may read
_BUCKETS: Final = {bucket.value: bucket for bucket in Bucket}
_NAMES: Final = ("", "-wal", "-shm")
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

Wall = Callable[[], int]
Kept = dict[Bucket, dict[bytes, Stored]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the history. `started` in ms since 1970."""

    id: str
    started: int
    value: bytes


class StoreError(Exception):
    """The disk did not take it, and nothing of it was written. The text says why and what mends it."""


class _Unusable(Exception):
    """The file is there and whole to SQLite, and yet not ours to use."""


def wall_ms() -> int:
    """The wall clock, ms since 1970."""
    return time.time_ns() // 1_000_000


class Store:
    """Made by `open` or `in_memory`. While the disk takes nothing, each `commit` tries to open it anew."""

    def __init__(self, path: Path | None, connection: sqlite3.Connection | None, wall: Wall) -> None:
        self._path = path
        self._connection = connection
        self._firm = True  # whether the connection waits for the disk now
        self._wall = wall

    @classmethod
    def open(cls, path: Path, wall: Wall = wall_ms) -> tuple["Store", tuple[str, ...]]:
        """The store in `path`, and what the person should be told.

        A damaged file is set aside and a fresh one made. Where the disk cannot be written, what the file
        holds can still be loaded, and `commit` raises. StoreError where another program holds the file.
        """
        try:
            return cls(path, _connect(path), wall), ()
        except (sqlite3.Error, OSError, _Unusable) as error:
            if isinstance(error, _Unusable) or _code(error) in _DAMAGED:
                return cls._renew(path, str(error), wall)
            if _code(error) in _LOCKED:
                raise StoreError(f"{path} is held by another program; stop that first") from error
            return cls(path, None, wall), (f"{_explain(path, error)}; what is new is not kept until then",)

    @classmethod
    def in_memory(cls, wall: Wall = wall_ms) -> "Store":
        """A store that ends with the process."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.executescript(_TABLES)
        return cls(None, connection, wall)

    @classmethod
    def _renew(cls, path: Path, why: str, wall: Wall) -> tuple["Store", tuple[str, ...]]:
        try:
            aside = _set_aside(path, wall()).name
            note = f"{path} was damaged ({why}): set aside as {aside}; what others hold comes back from them"
            return cls(path, _connect(path), wall), (note,)
        except (sqlite3.Error, OSError) as error:
            return cls(path, None, wall), (f"{path} is damaged ({why}), and {_explain(path, error)}",)

    def load(self) -> Kept:
        """All that is kept, each with its age by now; a wall clock set back ages nothing."""
        now = self._wall()
        kept: Kept = {bucket: {} for bucket in Bucket}
        for bucket, key, value, age, wall in self._read("SELECT bucket, key, value, age, wall FROM kept"):
            known = _BUCKETS.get(str(bucket))  # a later version's buckets are not ours
            if known is None or not isinstance(key, bytes) or not isinstance(value, bytes):
                continue
            if isinstance(age, int) and isinstance(wall, int):
                kept[known][key] = Stored(value, age + max(0, now - wall), age)
        return kept

    def commit(self, items: Iterable[effects.Store], *, firm: bool = True) -> None:
        """Write all of `items` or none and StoreError. The later of two with one key wins.

        It outlives this process; `firm`: the machine's power too, which waits for the disk.
        """
        now = self._wall()
        writes: list[tuple[str, tuple[object, ...]]] = []
        for item in items:
            if item.value is None:
                writes.append(("DELETE FROM kept WHERE bucket = ? AND key = ?", (item.bucket.value, item.key)))
            else:
                row = (item.bucket.value, item.key, item.value, item.age, now)
                writes.append(("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", row))
        self._write(writes, firm=firm)

    def secure(self) -> None:
        """Wait until all that was committed is on the disk itself. StoreError."""
        self._write([("INSERT OR REPLACE INTO blobs VALUES (?, ?)", (_SECURED, b""))])

    def get_blob(self, name: str) -> bytes | None:
        """The application's blob of that name, None where there is none."""
        rows = self._read("SELECT value FROM blobs WHERE name = ?", name)
        return next((value for (value,) in rows if isinstance(value, bytes)), None)

    def put_blob(self, name: str, value: bytes | None, *, firm: bool = True) -> None:
        """Keep a blob, or forget it where `value` is None. StoreError. `firm` as for `commit`."""
        if value is None:
            self._write([("DELETE FROM blobs WHERE name = ?", (name,))], firm=firm)
        else:
            self._write([("INSERT OR REPLACE INTO blobs VALUES (?, ?)", (name, value))], firm=firm)

    # --- The history -------------------------------------------------------------------------------
    def put_history(self, rows: Iterable[Row]) -> None:
        """Keep these rows, each in place of the one of its id; not waited for on the disk. StoreError: none of them."""
        writes = [
            ("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)", (row.id, row.started, len(row.value), row.value))
            for row in rows
        ]
        if writes:
            self._write(writes, firm=False)

    def history_row(self, identifier: str) -> Row | None:
        """One row of the history."""
        return next(_rows(self._read("SELECT id, started, value FROM history WHERE id = ?", identifier)), None)

    def history(self, since: int, before: Row | None = None, limit: int = 100) -> list[Row]:
        """At most `limit` rows started at `since` (ms since 1970) or later, newest first, from after `before` on."""
        if before is None:
            query = f"{_HISTORY} WHERE started >= ? {_IN_ORDER} LIMIT ?"
            return list(_rows(self._read(query, since, limit)))
        query = f"{_HISTORY} WHERE started >= ? AND (started, id) < (?, ?) {_IN_ORDER} LIMIT ?"
        return list(_rows(self._read(query, since, before.started, before.id, limit)))

    def history_size(self) -> tuple[int, int]:
        """How many rows, and the bytes of their values."""
        for rows, size in self._read("SELECT count(*), total(size) FROM history"):
            if isinstance(rows, int) and isinstance(size, float):
                return rows, int(size)
        return 0, 0

    def prune_history(self, since: int, rows: int, size: int) -> None:
        """Forget what started before `since`, and the oldest beyond `rows` rows or `size` bytes. StoreError."""
        writes: list[tuple[str, tuple[object, ...]]] = [("DELETE FROM history WHERE started < ?", (since,))]
        held = 0
        query = f"SELECT started, id, size FROM history WHERE started >= ? {_IN_ORDER}"
        for number, (started, identifier, length) in enumerate(self._read(query, since), 1):
            held += length if isinstance(length, int) else 0
            if number > rows or held > size:
                writes.append(("DELETE FROM history WHERE (started, id) <= (?, ?)", (started, identifier)))
                break
        self._write(writes, firm=False)

    def close(self) -> None:
        """Let go of the file; nothing is lost if this never comes."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._path = None

    def _write(self, writes: Sequence[tuple[str, tuple[object, ...]]], *, firm: bool = True) -> None:
        try:
            if self._connection is None:
                self._connection, self._firm = _connect(self._must_have_path()), True
            if firm is not self._firm:
                self._connection.execute(_FIRM if firm else _OUT_OF_HERE)
                self._firm = firm
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in writes:
                    self._connection.execute(statement, values)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                with suppress(sqlite3.Error):  # it may have rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError, _Unusable) as error:
            raise StoreError(_explain(self._path, error)) from error

    def _read(self, query: str, *values: str | int) -> list[tuple[object, ...]]:
        """The rows, from a copy while the file itself cannot be opened; none where nothing can be read."""
        try:
            if self._connection is not None:
                return self._connection.execute(query, values).fetchall()
            return _read_copy(self._path, query, values) if self._path is not None else []
        except (sqlite3.Error, OSError):
            return []

    def _must_have_path(self) -> Path:
        if self._path is None:
            raise _Unusable("it is closed")
        return self._path


# --- The file --------------------------------------------------------------------------------------
def _connect(path: Path) -> sqlite3.Connection:
    """The file, made 0600 where it was missing, checked, and ready to be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite would make it with the umask's mode; its -wal and -shm take over this one's.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS)
    try:
        _prepare(connection)
    except (sqlite3.Error, _Unusable):
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(_FIRM)
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != ("ok",):
        raise _Unusable(str(verdict[0]) if verdict else "it cannot be checked")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA):
        raise _Unusable(f"it has form {version}, this program knows {_SCHEMA}")
    try:
        connection.executescript(_TABLES)
        connection.execute("SELECT bucket, key, value, age, wall FROM kept LIMIT 0")
        connection.execute("SELECT name, value FROM blobs LIMIT 0")
        connection.execute("SELECT id, started, size, value FROM history LIMIT 0")
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_ERROR:
            raise _Unusable(str(error)) from error
        raise
    if version != _SCHEMA:
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    # Opening writes nothing where all is there already: find out now whether the disk takes writes.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _set_aside(path: Path, now: int) -> Path:
    """Rename the database and what belongs to it; a name never used before."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))
    names = (f"{path.name}.damaged-{stamp}{suffix}" for suffix in ("", *(f"-{n}" for n in range(1, 1000))))
    aside = next(found for found in map(path.with_name, names) if not found.exists())
    for suffix in reversed(_NAMES):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def _read_copy(path: Path, query: str, values: tuple[str | int, ...]) -> list[tuple[object, ...]]:
    """Rows of a file on a disk that cannot be written: SQLite needs to write beside a log that it reads."""
    with tempfile.TemporaryDirectory(prefix="escalate-") as folder:
        copy = Path(folder) / path.name
        for suffix in _NAMES[:2]:
            part = path.with_name(path.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            return connection.execute(query, values).fetchall()


def _rows(found: Iterable[tuple[object, ...]]) -> Iterator[Row]:
    for identifier, started, value in found:
        if isinstance(identifier, str) and isinstance(started, int) and isinstance(value, bytes):
            yield Row(identifier, started, value)


def _code(error: Exception) -> int:
    """SQLite's primary result code, -1 for errors that have none."""
    code = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if isinstance(code, int) and code > 0 else -1


def _explain(path: Path | None, error: Exception) -> str:
    return f"{path} cannot be written ({error}); free some space, or make its folder writable"
