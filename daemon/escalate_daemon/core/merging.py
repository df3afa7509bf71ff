"""Judging a record before it is merged: form, admission, signature, size; nothing else ever refuses a merge."""

from collections.abc import Iterable

from escalate_daemon.core import slots, wire
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.facts import SpaceFull
from escalate_daemon.core.ids import MemberId, member_id
from escalate_daemon.core.own import store_key, store_slot
from escalate_daemon.core.replica import Held, Replica, decode_body
from escalate_daemon.core.slots import Introduction, Profile
from escalate_daemon.core.wire import Hello, Record, WireError


class Merging:
    """The gate of the replica. Records of members who are not admitted are left out, not held against anyone."""

    def __init__(self, ctx: Context, replica: Replica, roster: Roster) -> None:
        self._ctx = ctx
        self._replica = replica
        self._roster = roster

    # --- Who is admitted ---------------------------------------------------------------------------
    def admit_hello(self, hello: Hello, key: bytes) -> MemberId:
        """The member behind a hello whose key the certificate proved. Raises WireError."""
        if hello.protocol != wire.PROTOCOL:
            raise WireError(f"it speaks protocol {hello.protocol}, not {wire.PROTOCOL}")
        if hello.space != self._ctx.config.space:
            raise WireError("it is of another space")
        if not hello.chain or hello.chain[-1].key != key:
            raise WireError("its introduction is of another key")
        fresh = set(self._roster.admit_chain(hello.chain))
        self._keep(intro for intro in hello.chain if member_id(intro.key) in fresh)
        return member_id(key)

    def admit(self, intros: Iterable[Introduction]) -> None:
        """Introductions that came beside slots, introducers first; what does not hold is left out."""
        self._keep([i for i in intros if member_id(i.key) not in self._roster and self._roster.admit(i)])

    def _keep(self, intros: Iterable[Introduction]) -> None:
        for intro in intros:
            self._ctx.emit(Store(Bucket.INTROS, member_id(intro.key), wire.encode(intro)))

    def load(self, intros: dict[bytes, Stored], kept: dict[bytes, Stored]) -> None:
        """Fill the replica from disk: what lacks admission or signature there is left out."""
        self._roster.admit_chain(self._ctx.config.chain)
        waiting = [i for s in intros.values() if (i := decode_body(s.value, Introduction)) is not None]
        records: list[tuple[Record, Stored]] = []
        for stored in kept.values():
            try:
                record = wire.decode_record(stored.value)
                wire.check_form(record)
            except WireError:
                continue
            records.append((record, stored))
            profile = decode_body(record.body, Profile) if record.slot == slots.PROFILE else None
            if profile is not None and profile.intro is not None:
                waiting.append(profile.intro)
        while waiting:  # introducers before those they introduced, in whatever order the disk gave them
            left = [intro for intro in waiting if not self._roster.admit(intro)]
            if len(left) == len(waiting):
                break
            waiting = left
        for record, stored in sorted(records, key=lambda r: (r[0].member, r[0].slot)):
            if self._is_signed(record):
                version = wire.version_of(self._ctx.config.space, record)
                others = record.member != self._ctx.me
                self._replica.put(Held(record, version, self._ctx.now, stored.age, sure=stored.sure, by_wall=others))

    # --- What is merged ----------------------------------------------------------------------------
    def merge(self, record: Record, *, direct: bool) -> Held | None:
        """Hold the record if it is newer than what is held; gives it then. Raises WireError for its form.

        `direct`: it came from its owner, whose word on its age is taken.
        """
        wire.check_form(record)
        held = self._replica.get(record.key)
        version = wire.version_of(self._ctx.config.space, record)
        if held is not None and version <= held.version:
            if direct and version == held.version:
                held.hear_age(record.age, self._ctx.now)
            return None
        if not self._replica.room_for(record.key) or not self._is_admitted(record):
            return None
        fresh = Held(record, version, self._ctx.now, record.age)
        dropped = self._replica.put(fresh)
        store_slot(self._ctx, fresh)
        for key in dropped:
            self._ctx.emit(Store(Bucket.SLOTS, store_key(key), None))
        return fresh

    def twin_of_mine(self, record: Record) -> Held | None:
        """A record under my name, from others: what it is if it bears my signature and is not older than mine."""
        wire.check_form(record)
        mine = self._replica.get(record.key)
        version = wire.version_of(self._ctx.config.space, record)
        if mine is not None and (version == mine.version or version[:2] < mine.version[:2]):
            return None
        return Held(record, version, self._ctx.now, record.age) if self._check_signed(record) else None

    def _is_admitted(self, record: Record) -> bool:
        if record.slot == slots.PROFILE:
            profile = decode_body(record.body, Profile)
            if profile is None or profile.intro is None or member_id(profile.key) != record.member:
                return False
            if profile.intro.key != profile.key:
                return False
            known = record.member in self._roster
            if not self._roster.admit(profile.intro):
                if not known and self._roster.full:
                    self._ctx.emit(SpaceFull(record.member))
                return False
        return self._check_signed(record)

    def _is_signed(self, record: Record) -> bool:
        key = self._roster.key_of(record.member)
        if key is None:
            return False
        return self._ctx.config.verifier(key, record.sig, wire.signed_bytes(self._ctx.config.space, record))

    def _check_signed(self, record: Record) -> bool:
        """False where its writer is not admitted here; WireError for a forgery, which no honest peer passes on."""
        if self._roster.key_of(record.member) is None:
            return False
        if not self._is_signed(record):
            raise WireError("a record that its owner did not sign")
        return True
