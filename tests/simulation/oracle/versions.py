"""Rules 4, 5 and 6: versions are never reused, only rise, and only the owner's key makes them."""

from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.wire import Record, Version, decode_record, version_of
from simulation.machine import Machine
from simulation.oracle.rule import Case, Rule

Content = tuple[bytes, bytes]


class Versions(Rule):
    """Every record that any disk takes, against what its owner really wrote."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._contents: dict[tuple[MemberId, str, int, int], Content] = {}
        self._highest: dict[tuple[int, MemberId, str], Version] = {}
        self._restarted: set[int] = set()

    def started(self, machine: Machine) -> None:
        if machine.boot > 1:
            self._restarted.add(machine.index)

    def restored(self, machine: Machine) -> None:
        self._highest = {key: version for key, version in self._highest.items() if key[0] != machine.index}

    def wrote(self, machine: Machine, stores: list[Store], *, committed: bool) -> None:
        for store in stores:
            if store.bucket is Bucket.SLOTS and store.value is not None:
                record = decode_record(store.value)
                self._is_genuine(machine, record)
                self._rises(machine, record)
                if record.member == machine.member:
                    self._is_fresh(machine, record)

    def _is_genuine(self, machine: Machine, record: Record) -> None:
        content = (record.incarnation, record.seq, record.boot, record.body)
        if content not in self.truth.written.get((record.member, record.slot), ()):
            self.broken("6", f"n{machine.index} keeps a {record.slot} of {record.member.hex()[:6]} that it never wrote")

    def _rises(self, machine: Machine, record: Record) -> None:
        key = (machine.index, record.member, record.slot)
        version = version_of(self.world.charter.space, record)
        before = self._highest.get(key)
        if before is not None and version < before:
            self.broken("5", f"n{machine.index} goes back from {before[:2]} to {version[:2]} of {record.slot}")
        self._highest[key] = version

    def _is_fresh(self, machine: Machine, record: Record) -> None:
        """A new content under an old number is wrong, unless an old disk made the writer forget."""
        if machine.index in self._restarted:
            self._restarted.discard(machine.index)
            self.stake("5")
        number = (record.member, record.slot, record.incarnation, record.seq)
        content = (record.boot, record.body)
        before = self._contents.setdefault(number, content)
        if before != content:
            self.stake("4", number)
            if not self.truth.people[machine.index].forked:
                self.broken("4", f"n{machine.index} used {record.slot} {number[2:]} twice")
