"""Pulling: which announced slots are newer than those held, and of which link each is asked.

A slot is asked of one link at a time, WANT_BYTES outstanding a link, so that urgent frames still pass. What is not
answered in time is asked of another that announced it.
"""

from collections.abc import Callable, Iterable
from typing import Final

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.ids import LinkId
from escalate_daemon.core.lines import Line, Lines
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import STATE
from escalate_daemon.core.wire import HaveEntry, SlotKey, Want

WANTS_MAX: Final = 24_000  # rows remembered a link: every slot that a full space can have, and no more
KEYS_A_FRAME: Final = 512
LEAST_BYTES: Final = 128  # what any slot counts as, whatever is said of its size


class Asking:
    """`on_age` is called when a peer tells the age of a record that is held here in the same version."""

    def __init__(self, ctx: Context, replica: Replica, lines: Lines, on_age: Callable[[Link, HaveEntry], None]) -> None:
        self._ctx = ctx
        self._replica = replica
        self._lines = lines
        self._on_age = on_age
        self._asked_of: dict[SlotKey, LinkId] = {}

    def note(self, line: Line, entries: Iterable[HaveEntry]) -> None:
        """The peer holds these: want what is newer than here, and announce to it nothing that it announced."""
        for entry in entries:
            wire.check_entry(entry)
            key = SlotKey(entry.member, entry.slot)
            if self._is_wanted(key, entry):
                if len(line.wants) < WANTS_MAX:
                    line.wants[key] = entry
                continue
            if key in line.announce and self.is_known(key, entry):
                del line.announce[key]
            self._compare_age(line.link, key, entry)
        if line.wants:
            self.ask(line)

    def is_known(self, key: SlotKey, entry: HaveEntry) -> bool:
        """Whether the peer that told this row holds what is held here."""
        held = self._replica.get(key)
        return held is not None and (entry.incarnation, entry.seq, entry.content) >= held.version

    def settle(self, line: Line, key: SlotKey) -> bool:
        """Something of this key came: whether the peer's is no longer wanted, being no newer than that."""
        entry = line.wants.get(key)
        if entry is None or self._is_wanted(key, entry):
            return False
        del line.wants[key]
        return True

    def is_complete(self, line: Line) -> bool:
        """Whether nothing that the peer announced is still to come."""
        if line.asked:
            return False
        line.wants = {key: entry for key, entry in line.wants.items() if self._is_wanted(key, entry)}
        return not line.wants

    def _compare_age(self, link: Link, key: SlotKey, entry: HaveEntry) -> None:
        """Pass on the age that a peer tells now of what is held here, where an age decides anything."""
        held = self._replica.get(key)
        if held is None or not (held.by_wall or key.slot == STATE):
            return
        if (entry.incarnation, entry.seq, entry.content) == held.version:
            self._on_age(link, entry)

    def _is_wanted(self, key: SlotKey, entry: HaveEntry) -> bool:
        held = self._replica.get(key)
        if held is None:
            return self._replica.room_for(key)
        theirs = (entry.incarnation, entry.seq, entry.content)
        if theirs == held.version:
            return False
        if key.member == self._ctx.me:  # also an older twin of my version must be seen: it is not mine
            return theirs > held.version or theirs[:2] == held.version[:2]
        return theirs > held.version

    # --- Asking ------------------------------------------------------------------------------------
    def ask(self, line: Line) -> None:
        """Ask for what is wanted, WANT_BYTES outstanding at most, nothing that another link was just asked."""
        outstanding = sum(size for size, _ in line.asked.values())
        keys: list[SlotKey] = []
        done: list[SlotKey] = []
        for key, entry in line.wants.items():  # no copy: it may be long, and this is done for every frame
            if outstanding >= tuning.WANT_BYTES or len(keys) >= KEYS_A_FRAME or len(line.asked) >= tuning.ASKED_MAX:
                break
            if key in self._asked_of or self._others_may_answer(line, key):
                continue
            done.append(key)
            if not self._is_wanted(key, entry):
                continue
            size = min(max(entry.size, LEAST_BYTES), tuning.SLOT_BYTES["answers"])
            line.asked[key] = (size, self._ctx.now)
            self._asked_of[key] = line.link.id
            outstanding += size
            keys.append(key)
        for key in done:
            del line.wants[key]
        if keys:
            self._lines.wake_at(self._ctx.now + tuning.WANT_RETRY)
            self._ctx.emit(Send(line.link.id, wire.encode(Want(tuple(keys))), urgent=False))

    def _others_may_answer(self, line: Line, key: SlotKey) -> bool:
        """Whether this link owes an answer while another announces the same: a liar starves nobody."""
        if self._ctx.now >= line.owed.get(key, 0):
            return False
        return any(key in other.wants and key not in other.owed for other in self._lines if other is not line)

    def ask_all(self) -> None:
        """What one link no longer answers may be asked of the others."""
        for line in self._lines:
            if line.wants:
                self.ask(line)

    # --- Answers -----------------------------------------------------------------------------------
    def answered(self, line: Line, keys: Iterable[SlotKey]) -> None:
        """Slots came over a line, newer or not: they are no longer asked for there."""
        keys = list(keys)
        for key in keys:
            line.owed.pop(key, None)
            line.wants.pop(key, None)
            if line.asked.pop(key, None) is not None and self._asked_of.get(key) == line.link.id:
                del self._asked_of[key]
        self.ask(line)
        for other in self._lines:  # what came and was no news may be news from another
            if other is not line and other.wants and any(key in other.wants for key in keys):
                self.ask(other)

    def nothing_left(self, line: Line) -> None:
        """The peer holds what is held here: nothing is wanted of it any more."""
        line.wants.clear()
        self.forget(line)

    def forget(self, line: Line) -> None:
        """What was asked of this line is not to be expected of it."""
        for key in line.asked:
            self._asked_of.pop(key, None)
        line.asked.clear()

    def give_up_late(self, line: Line) -> None:
        """What was asked too long ago is asked of others, or here again at the next comparison."""
        late = [key for key, (_, at) in line.asked.items() if self._ctx.now >= at + tuning.WANT_RETRY]
        for key in late:
            del line.asked[key]
            self._asked_of.pop(key, None)
            if len(line.owed) < tuning.ASKED_MAX:
                line.owed[key] = self._ctx.now + tuning.OWED
        if late:
            line.owed = {key: until for key, until in line.owed.items() if self._ctx.now < until}
            line.table_heard = False
            self.ask_all()
