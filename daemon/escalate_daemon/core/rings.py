"""Who is rung, how loudly, how often: decided here, recorded before and after, carried out by the notifier.

A ring is stored as begun before it is shown and as done after. A crash in between rings once more, and never a
third time: then quietly, with the receipt `failed`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store, Stored, Urgency
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.slots import Body, Receipt
from escalate_daemon.core.views import EscalationState, EscalationView, Why


class RingRecord(Body, frozen=True):
    """What the store keeps of one hand's pop-up here. Times are the hand's age in ms, -1: not so."""

    owner: MemberId
    urgency: str
    done: bool = False
    attempts: int = 1
    handle: str | None = None
    named: bool = False
    delivered: int = -1
    shown: int = -1
    sounded: int = -1
    seen: int = -1
    why: str = ""
    put_away: bool = False
    gave_up: bool = False  # two runs died in showing it: it comes quietly now
    closed: bool = False  # its pop-up was taken from the screen, as far as the notifier knows


@dataclass(slots=True)
class Throttle:
    """When one owner's rings sounded here, for rule 14."""

    times: list[int] = field(default_factory=list)

    def allows(self, now: int) -> bool:
        """Six a minute; the first after twenty seconds of quiet always."""
        self.times = [at for at in self.times if now - at < tuning.MINUTE]
        return not self.times or now - self.times[-1] >= tuning.RING_QUIET or len(self.times) < tuning.RINGS_PER_MINUTE


class Rings:
    """The ledger of pop-ups and rings on this machine. `changed` is called when a receipt of mine did."""

    def __init__(self, ctx: Context, view: Callable[[Known], EscalationView], changed: Callable[[], None]) -> None:
        self._ctx = ctx
        self._view = view
        self._changed = changed
        self._records: dict[HandId, RingRecord] = {}
        self._in_flight: set[HandId] = set()
        self._reshow_at: dict[HandId, int] = {}
        self._throttles: dict[MemberId, Throttle] = {}

    def load(self, stored: dict[bytes, Stored]) -> None:
        """Take over an earlier run's ledger; unreadable rows are left out."""
        for key, kept in sorted(stored.items(), key=lambda item: -item[1].age):
            try:
                record = msgspec.msgpack.decode(kept.value, type=RingRecord)
                self._records[HandId(key.decode())] = record
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue

    def was_put_away(self, hand: HandId) -> bool:
        """Whether an earlier run had put this hand away."""
        record = self._records.get(hand)
        return record is not None and record.put_away

    # --- Deciding ----------------------------------------------------------------------------------
    def consider(self, known: Known, verdict: Verdict) -> None:
        """A hand of another is up: show it, ring it, or try again, if that is due."""
        record = self._records.get(known.id)
        wanted = Urgency.RING if verdict.named and verdict.why is None else Urgency.QUIET
        if record is None:
            self._begin(known, verdict, wanted, attempts=1)
        elif known.id in self._in_flight:
            return
        elif not record.done:
            self._after_crash(known, verdict, record)
        elif wanted is Urgency.RING and record.urgency == Urgency.QUIET and not record.gave_up:
            self._begin(known, verdict, wanted, attempts=1)
        elif self._is_due_again(known.id, record):
            self._show_again(known, wanted, record)

    def _show_again(self, known: Known, wanted: Urgency, record: RingRecord) -> None:
        """Nothing could show it: once more, as loud as it still may be. Who is no longer named is not rung."""
        loud = record.urgency == Urgency.RING and record.sounded < 0 and record.shown < 0
        if wanted is not Urgency.RING:
            self._show(known, Urgency.QUIET)
        else:
            self._show(known, Urgency.RING if loud else _calmed(record))

    def _is_due_again(self, hand: HandId, record: RingRecord) -> bool:
        at = self._reshow_at.get(hand)
        return record.shown < 0 if at is None else self._ctx.now >= at

    def _begin(self, known: Known, verdict: Verdict, wanted: Urgency, attempts: int) -> None:
        why = verdict.why
        if wanted is Urgency.RING:
            throttle = self._throttles.setdefault(known.owner, Throttle())
            if throttle.allows(self._ctx.now):
                throttle.times.append(self._ctx.now)
            else:
                wanted, why = Urgency.URGENT, Why.LIMITED
        before = self._records.get(known.id)
        delivered = before.delivered if before is not None and before.delivered >= 0 else known.age(self._ctx.now)
        record = RingRecord(
            owner=known.owner,
            urgency=wanted,
            attempts=attempts,
            handle=before.handle if before is not None else None,
            named=verdict.named,
            delivered=delivered if verdict.named else -1,
            why=why or "",
        )
        self._keep(known.id, record)
        self._show(known, wanted)

    def _after_crash(self, known: Known, verdict: Verdict, record: RingRecord) -> None:
        """The run that began to show it did not live to say so."""
        if record.attempts < tuning.RING_ATTEMPTS:
            self._keep(known.id, msgspec.structs.replace(record, attempts=record.attempts + 1))
            self._show(known, Urgency(record.urgency))
        else:
            why = Why.FAILED if verdict.named else ""
            quiet = msgspec.structs.replace(record, done=True, urgency=Urgency.QUIET, why=why, gave_up=True)
            self._keep(known.id, quiet)
            self._show(known, Urgency.QUIET)

    def _show(self, known: Known, urgency: Urgency) -> None:
        self._in_flight.add(known.id)
        self._reshow_at.pop(known.id, None)
        record = self._records[known.id]
        self._ctx.emit(Show(ShowKind.SHOW, known.id, urgency, self._view(known), record.handle))

    def moved(self, known: Known, before: EscalationState | None) -> None:
        """The hand changed its state: change, close or quietly bring back its pop-up."""
        record = self._records.get(known.id)
        if known.state is EscalationState.PUT_AWAY:
            kept = record or RingRecord(owner=known.owner, urgency=Urgency.QUIET, done=True, shown=0)
            self._keep(known.id, msgspec.structs.replace(kept, put_away=True, done=True))
        if record is None:
            return
        if known.is_up and before is EscalationState.PUT_AWAY:
            self._keep(known.id, msgspec.structs.replace(record, put_away=False))
            self._show(known, _calmed(record))
            return
        kind = ShowKind.UPDATE if known.is_up else ShowKind.CLOSE
        # What a person touched in an earlier run is gone: it is not taken over, or the update would bring it back.
        handle = record.handle if kind is ShowKind.CLOSE or record.seen < 0 else None
        self._ctx.emit(Show(kind, known.id, _calmed(record), self._view(known), handle))
        if not known.is_up:
            self._in_flight.discard(known.id)
            self._reshow_at.pop(known.id, None)
            self._changed()

    # --- Reports of the notifier -------------------------------------------------------------------
    def shown(self, known: Known, handle: str | None) -> None:
        """The pop-up is before a person's eyes."""
        record = self._reported(known)
        if record is None:
            return
        self._reshow_at.pop(known.id, None)
        why = record.why
        if why == Why.FAILED and not record.gave_up:
            why = Why.LIMITED if record.urgency == Urgency.URGENT else ""
        at = record.shown if record.shown >= 0 else known.age(self._ctx.now)
        fresh = msgspec.structs.replace(record, done=True, handle=handle, shown=at, why=why, closed=False)
        self._keep(known.id, fresh)

    def not_shown(self, known: Known) -> None:
        """Nothing could show it: say so, and try again while it is up."""
        record = self._reported(known)
        if record is None:
            return
        if known.is_up:
            self._reshow_at[known.id] = self._ctx.now + tuning.RESHOW_EVERY
        failed = record.named and record.shown < 0
        why = Why.FAILED if failed and record.why in ("", Why.LIMITED) else record.why
        self._keep(known.id, msgspec.structs.replace(record, done=True, why=why))

    def lost(self, known: Known) -> None:
        """Its pop-up went with its server, or could stand in a better place: at once again, unless it was seen."""
        record = self._records.get(known.id)
        if record is not None and known.is_up and record.seen < 0 and known.id not in self._in_flight:
            self._reshow_at[known.id] = self._ctx.now

    def mended(self) -> None:
        """What could not be shown is tried at once."""
        self._reshow_at = dict.fromkeys(self._reshow_at, self._ctx.now)

    def sounded(self, known: Known) -> None:
        """The tone was played."""
        record = self._records.get(known.id)
        if record is not None and record.sounded < 0:
            self._keep(known.id, msgspec.structs.replace(record, sounded=known.age(self._ctx.now)))

    def closed(self, hand: HandId) -> None:
        """The pop-up was taken from the screen."""
        record = self._records.get(hand)
        if record is not None and not record.closed:
            self._keep(hand, msgspec.structs.replace(record, closed=True))

    def close_left_over(self, is_up: Callable[[HandId], bool]) -> None:
        """At start: pop-ups of an earlier run whose hands are over, and of which nobody said that they were closed."""
        for hand, record in self._records.items():
            if record.handle is not None and not record.closed and not is_up(hand):
                self._ctx.emit(Show(ShowKind.CLOSE, hand, Urgency.QUIET, None, record.handle))

    def seen(self, known: Known) -> None:
        """A person touched it."""
        record = self._records.get(known.id)
        if record is not None and record.seen < 0:
            self._keep(known.id, msgspec.structs.replace(record, seen=known.age(self._ctx.now)))

    def _reported(self, known: Known) -> RingRecord | None:
        self._in_flight.discard(known.id)
        return self._records.get(known.id)

    # --- Keeping -----------------------------------------------------------------------------------
    def _keep(self, hand: HandId, record: RingRecord) -> None:
        self._records[hand] = record
        self._ctx.emit(Store(Bucket.RINGS, hand.encode(), msgspec.msgpack.encode(record)))
        self._changed()

    def forget_old(self, is_up: Callable[[HandId], bool]) -> None:
        """Keep the ledger within its bound, the oldest that are over first."""
        surplus = len(self._records) - tuning.RINGS_KEPT
        if surplus <= 0:
            return
        for hand in [h for h in self._records if not is_up(h)][:surplus]:
            del self._records[hand]
            self._ctx.emit(Store(Bucket.RINGS, hand.encode(), None))

    def receipt(self, hand: HandId) -> Receipt | None:
        """My receipt for a hand, None where it does not name me."""
        record = self._records.get(hand)
        if record is None or not record.named:
            return None
        return Receipt(hand, record.owner, record.delivered, record.shown, record.sounded, record.seen, record.why)

    def next_deadline(self) -> int | None:
        """When a pop-up is tried again."""
        return min(self._reshow_at.values(), default=None)


def _calmed(record: RingRecord) -> Urgency:
    """As urgent as it was shown, without sound."""
    return Urgency.QUIET if record.urgency == Urgency.QUIET else Urgency.URGENT
