"""My own slots: the only ones this node ever writes, each write under a version never used before."""

from collections.abc import Callable
from typing import Final

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import SpaceId
from escalate_daemon.core.replica import Held, Replica
from escalate_daemon.core.wire import Record, SlotKey, Version

INCARNATION: Final = b"incarnation"


def store_key(key: SlotKey) -> bytes:
    """The store's key of a slot."""
    return key.member + b"/" + key.slot.encode("utf-8", "replace")


def store_slot(ctx: Context, held: Held) -> None:
    """Ask for a record to be kept. `links` are not: they say nothing after a restart."""
    if held.record.slot != slots.LINKS:
        ctx.emit(Store(Bucket.SLOTS, store_key(held.record.key), wire.encode(held.record), held.age(ctx.now)))


class OwnSlots:
    """Signs and numbers my writes. `on_write` is called after each with its key."""

    def __init__(self, ctx: Context, replica: Replica, incarnation: int, on_write: Callable[[SlotKey], None]) -> None:
        self._ctx = ctx
        self._replica = replica
        self._on_write = on_write
        self._seq = 0
        self.incarnation = 0
        self._begin(incarnation)

    def _begin(self, incarnation: int) -> None:
        self.incarnation, self._seq = incarnation, 0
        self._ctx.emit(Store(Bucket.META, INCARNATION, str(incarnation).encode()))

    def rise_above(self, version: Version) -> None:
        """See to it that my next write is newer than `version`, which bears my name and is not mine."""
        if version.incarnation >= tuning.VERSION_MAX:  # no incarnation is left above it: go on in the same one
            seq = version.seq if self.incarnation < tuning.VERSION_MAX else max(self._seq, version.seq)
            self._begin(tuning.VERSION_MAX)
            self._seq = seq
        elif version.incarnation >= self.incarnation:
            self._begin(version.incarnation + 1)

    def key(self, slot: str) -> SlotKey:
        """The key of a slot of mine."""
        return SlotKey(self._ctx.me, slot)

    def write(self, slot: str, body: slots.Body) -> None:
        """Write a slot: stored first, then told to all."""
        self._seq += 1
        record = Record(self._ctx.me, slot, self.incarnation, self._seq, self._ctx.boot, wire.encode(body), b"")
        space: SpaceId = self._ctx.config.space
        signed = wire.signed_bytes(space, record)
        record = Record(
            record.member,
            slot,
            record.incarnation,
            record.seq,
            record.boot,
            record.body,
            self._ctx.config.signer(signed),
        )
        held = Held(record, wire.version_of(space, record), self._ctx.now, 0, body)
        self.adopt(held)

    def adopt(self, held: Held) -> None:
        """Hold a record of mine, just written here or come back from others, and pass it on."""
        self._replica.put(held)
        store_slot(self._ctx, held)
        self._on_write(held.record.key)
