"""Which keys go by which names: a known name under a key that nobody vouched for is told as new.

Labels only: a pin never decides who is rung or what is merged.
"""

import msgspec

from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.ids import MemberId, fold
from escalate_daemon.core.replica import decode_body
from escalate_daemon.core.slots import Body


class Pin(Body, frozen=True):
    """The keys of one name: met on first use, or vouched for; and trusted by the person."""

    met: tuple[MemberId, ...] = ()
    trusted: tuple[MemberId, ...] = ()


class Pins:
    """Trust on first use of (name, key); a pinned key or the space's creator vouches for whom it introduced.

    A member is met under one name at a time, so renaming oneself fills nobody's memory.
    """

    def __init__(self, ctx: Context, roster: Roster) -> None:
        self.edition = 0  # rises with every change
        self._ctx = ctx
        self._roster = roster
        self._pins: dict[str, Pin] = {}
        self._met_as: dict[MemberId, str] = {}

    def load(self, stored: dict[bytes, Stored]) -> None:
        """Take over what an earlier run pinned; unreadable rows are left out."""
        for key, kept in stored.items():
            pin = decode_body(kept.value, Pin)
            if pin is not None:
                name = key.decode("utf-8", "replace")
                self._pins[name] = pin
                self._met_as.update((member, name) for member in pin.met)
        self.edition += 1

    def meet(self, member: MemberId, name: str) -> None:
        """A member shows this name: pin it where the name is new, or its introducer vouches for it."""
        folded = fold(name)
        if self._met_as.get(member) == folded:
            return
        self._forget(member)
        pin = self._pins.get(folded, Pin())
        known = (*pin.met, *pin.trusted)
        introducer = self._roster.introducer_of(member)
        vouched = introducer is not None and (introducer in known or introducer == self._roster.creator)
        if not known or vouched or member in (self._ctx.me, self._roster.creator):
            self._met_as[member] = folded
            self._keep(folded, msgspec.structs.replace(pin, met=(*pin.met, member)))

    def trust(self, member: MemberId, name: str) -> None:
        """The person trusts this key under this name, for ever."""
        pin = self._pins.get(fold(name), Pin())
        if member not in pin.trusted:
            self._keep(fold(name), msgspec.structs.replace(pin, trusted=(*pin.trusted, member)))

    def is_new_key(self, member: MemberId, name: str) -> bool:
        """Whether the name is known here under another key, and nobody vouched for this one."""
        pin = self._pins.get(fold(name))
        return pin is not None and member not in pin.met and member not in pin.trusted

    def _forget(self, member: MemberId) -> None:
        folded = self._met_as.pop(member, None)
        if folded is not None:
            pin = self._pins[folded]
            self._keep(folded, msgspec.structs.replace(pin, met=tuple(m for m in pin.met if m != member)))

    def _keep(self, folded: str, pin: Pin) -> None:
        self.edition += 1
        if pin == Pin():
            del self._pins[folded]
            self._ctx.emit(Store(Bucket.PINS, folded.encode(), None))
            return
        self._pins[folded] = pin
        self._ctx.emit(Store(Bucket.PINS, folded.encode(), msgspec.msgpack.encode(pin)))
