"""Which keys go by which names: a known name under a key that nobody vouched for is told as new.

Labels only: a pin never decides who is rung or what is merged.
"""

import msgspec

from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.ids import MemberId, fold


class Pins:
    """Trust on first use of (name, key), held for ever; a trusted or admin introducer vouches for more."""

    def __init__(self, ctx: Context, roster: Roster) -> None:
        self._ctx = ctx
        self._roster = roster
        self._pins: dict[str, list[MemberId]] = {}

    def load(self, stored: dict[bytes, Stored]) -> None:
        """Take over what an earlier run pinned; unreadable rows are left out."""
        for key, kept in stored.items():
            try:
                self._pins[key.decode()] = [MemberId(m) for m in msgspec.msgpack.decode(kept.value, type=list[bytes])]
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue

    def meet(self, member: MemberId, name: str) -> None:
        """A member shows this name: pin it where the name is new or its introducer is trusted."""
        trusted = self._pins.get(fold(name), [])
        if member in trusted:
            return
        introducer = self._roster.introducer_of(member)
        vouched = introducer is not None and (introducer in trusted or introducer == self._roster.creator)
        if not trusted or vouched or member in (self._ctx.me, self._roster.creator):
            self.trust(member, name)

    def trust(self, member: MemberId, name: str) -> None:
        """The person (or the rule above) trusts this key under this name."""
        trusted = self._pins.setdefault(fold(name), [])
        if member not in trusted:
            trusted.append(member)
            self._ctx.emit(Store(Bucket.PINS, fold(name).encode(), msgspec.msgpack.encode(trusted)))

    def is_new_key(self, member: MemberId, name: str) -> bool:
        """Whether the name is known here under another key, and nobody vouched for this one."""
        return member not in self._pins.get(fold(name), [member])
