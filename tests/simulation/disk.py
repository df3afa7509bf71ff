"""One machine's disk: what was committed, what a backup holds, and how old it looks to a jumping wall clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from escalate_daemon.core.effects import Bucket, Store, Stored


@dataclass(frozen=True, slots=True)
class Kept:
    """One committed value, with the wall's time (ms) at the commit."""

    value: bytes
    age: int
    wall: int


Tables = dict[Bucket, dict[bytes, Kept]]


class Disk:
    """Committed Stores only; nothing is here that a crash could take."""

    def __init__(self) -> None:
        self._tables: Tables = {}

    def commit(self, stores: Iterable[Store], wall: int) -> None:
        """Take the Stores of one step, all or nothing."""
        for store in stores:
            table = self._tables.setdefault(store.bucket, {})
            if store.value is None:
                table.pop(store.key, None)
            else:
                table[store.key] = Kept(store.value, store.age, wall)

    def load(self, wall: int) -> dict[Bucket, dict[bytes, Stored]]:
        """What a starting daemon finds: ages grown by the wall's difference, never negative."""
        return {
            bucket: {
                key: Stored(kept.value, kept.age + max(0, wall - kept.wall), kept.age) for key, kept in table.items()
            }
            for bucket, table in self._tables.items()
        }

    def table(self, bucket: Bucket) -> dict[bytes, Kept]:
        """One bucket as it stands."""
        return self._tables.get(bucket, {})

    def backup(self) -> Tables:
        """A copy, for `restore`."""
        return {bucket: dict(table) for bucket, table in self._tables.items()}

    def restore(self, backup: Tables) -> None:
        """Put an old copy in place of all that was written since."""
        self._tables = {bucket: dict(table) for bucket, table in backup.items()}
