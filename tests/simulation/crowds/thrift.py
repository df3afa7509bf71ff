"""What lets a thousand nodes live in one process: equal values are held once, pure functions of them run once.

Nothing here changes what a node does. Records come into being by decoding, once a node and record; their parts are
shared here, and what follows from them alone (version, signature, decoded body) is remembered by the signature.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar
from unittest.mock import patch

from escalate_daemon.core import merging, replica, slots, wire
from escalate_daemon.core.ids import SpaceId
from escalate_daemon.core.wire import AnyFrame, Record, SlotsFrame, Version

_B = TypeVar("_B", bound=slots.Body)


class Thrift:
    """Shared parts of all that the crowd holds."""

    def __init__(self, read: Callable[[AnyFrame, int], None]) -> None:
        self._read = read
        self._records: dict[bytes, Record] = {}
        self._versions: dict[bytes, Version] = {}
        self._bodies: dict[tuple[bytes, type], slots.Body | None] = {}
        self._decode_frame = wire.decode_frame
        self._decode_record = wire.decode_record
        self._decode_body = replica.decode_body
        self._version_of = wire.version_of

    def record(self, record: Record) -> Record:
        """The same record, made of shared parts."""
        held = self._records.setdefault(record.sig, record)
        if held.age == record.age:
            return held
        return Record(held.member, held.slot, held.incarnation, held.seq, held.boot, held.body, held.sig, record.age)

    def decode_frame(self, data: bytes) -> AnyFrame:
        frame = self._decode_frame(data)
        self._read(frame, len(data))
        if type(frame) is SlotsFrame:
            return SlotsFrame(tuple(map(self.record, frame.records)), frame.intros)
        return frame

    def decode_record(self, data: bytes) -> Record:
        return self.record(self._decode_record(data))

    def version_of(self, space: SpaceId, record: Record) -> Version:
        version = self._versions.get(record.sig)
        if version is None:
            version = self._versions[record.sig] = self._version_of(space, record)
        return version

    def decode_body(self, data: bytes, kind: type[_B]) -> _B | None:
        key = (data, kind)
        if key not in self._bodies:
            self._bodies[key] = self._decode_body(data, kind)
        return self._bodies[key]  # type: ignore[return-value]

    @contextmanager
    def practised(self) -> Iterator[None]:
        """All nodes share while this lasts."""
        with ExitStack() as stack:
            for module, name in (
                (wire, "decode_frame"),
                (wire, "decode_record"),
                (wire, "version_of"),
                (replica, "decode_body"),
                (merging, "decode_body"),
            ):
                stack.enter_context(patch.object(module, name, getattr(self, name)))
            yield
