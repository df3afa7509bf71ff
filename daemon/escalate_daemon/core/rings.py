"""Who is rung, how loudly, how often: decided here, recorded before and after, carried out by the notifier.

A ring is stored as begun before it is shown and as done after. A crash in between rings once more, and never a
third time: then quietly, with the receipt `failed`.
"""

from collections.abc import Callable

import msgspec

from escalate_daemon.core import tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store, Stored, Urgency
from escalate_daemon.core.facts import EscalationRang
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.ring_record import RingRecord, Throttle
from escalate_daemon.core.slots import Receipt
from escalate_daemon.core.views import EscalationState, EscalationView, Why


class Rings:
    """The ledger of pop-ups and rings on this machine. `changed` is called when a receipt of mine did.

    `claimed`: whether somebody is coming to a hand, which silences it here.
    """

    def __init__(
        self,
        ctx: Context,
        view: Callable[[Known], EscalationView],
        claimed: Callable[[Known], bool],
        changed: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._view = view
        self._claimed = claimed
        self._changed = changed
        self._records: dict[HandId, RingRecord] = {}
        self._left_up: set[HandId] = set()  # pop-ups of an earlier run that this one has not taken over yet
        self._in_flight: set[HandId] = set()
        self._reshow_at: dict[HandId, int] = {}
        self._rang_at: dict[HandId, int] = {}
        self._repeat_at: dict[HandId, int] = {}
        self._throttles: dict[MemberId, Throttle] = {}

    def load(self, stored: dict[bytes, Stored]) -> None:
        """Take over an earlier run's ledger; unreadable rows are left out."""
        for key, kept in sorted(stored.items(), key=lambda item: -item[1].age):
            try:
                record = msgspec.msgpack.decode(kept.value, type=RingRecord)
                self._records[HandId(key.decode())] = record
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
        for hand, record in self._records.items():
            if record.done and record.handle is not None and not record.dismissed:
                self._left_up.add(hand)

    def was_put_away(self, hand: HandId) -> bool:
        """Whether an earlier run had put this hand away."""
        record = self._records.get(hand)
        return record is not None and record.put_away

    def take_over(self, known: Known) -> None:
        """Once a run: what an earlier one left on the screen says what is true now, and its buttons are ours."""
        if known.id in self._left_up:
            self.answered(known)

    # --- Deciding ----------------------------------------------------------------------------------
    def consider(self, known: Known, verdict: Verdict, repeat: int = 0) -> None:
        """A hand of another is up: show it, ring it, or try again, if that is due.

        `repeat` (ms): a ring comes again after so long where nobody claimed it or saw it here; 0: never.
        """
        record = self._records.get(known.id)
        wanted = Urgency.RING if verdict.rings and not self._claimed(known) else Urgency.QUIET
        self._repeat_at.pop(known.id, None)
        if verdict.hidden:
            self._keep_out(known, verdict, record)
        elif record is None:
            self._begin(known, verdict, wanted, attempts=1)
        elif known.id in self._in_flight:
            return
        elif not record.done:
            self._after_crash(known, verdict, wanted, record)
        elif wanted is Urgency.RING and _may_ring_yet(record):
            self._begin(known, verdict, wanted, attempts=1)
        elif self._is_due_again(known.id, record):
            self._show_again(known, wanted, record)
        elif record.named is not verdict.named and not record.named:
            self._keep(known.id, self._named_by(known, verdict, record))
        elif repeat and wanted is Urgency.RING and record.seen < 0 and record.shown >= 0 and not record.gave_up:
            self._repeat(known, repeat)

    def _keep_out(self, known: Known, verdict: Verdict, record: RingRecord | None) -> None:
        """Do-not-disturb: it is delivered, and comes up once that is over. What is up already stays."""
        if record is None:
            record = RingRecord(owner=known.owner, urgency=Urgency.QUIET, done=True)
            self._keep(known.id, self._named_by(known, verdict, record))
        elif verdict.named and not record.named:
            self._keep(known.id, self._named_by(known, verdict, record))

    def _named_by(self, known: Known, verdict: Verdict, record: RingRecord) -> RingRecord:
        """The record of one that names me now, and cannot ring."""
        delivered = record.delivered if record.delivered >= 0 else known.age(self._ctx.now)
        if not verdict.named:
            return record
        return msgspec.structs.replace(record, named=True, delivered=delivered, why=verdict.why or "")

    def _repeat(self, known: Known, repeat: int) -> None:
        """Once more, within what rule 14 allows; nothing else of the record changes."""
        now = self._ctx.now
        due = self._rang_at.setdefault(known.id, now) + repeat
        if now >= due:
            self._rang_at[known.id] = now
            due = now + repeat
            throttle = self._throttles.setdefault(known.owner, Throttle())
            if throttle.allows(now):
                throttle.times.append(now)
                self._show(known, Urgency.RING)
        self._repeat_at[known.id] = due

    def _show_again(self, known: Known, wanted: Urgency, record: RingRecord) -> None:
        """Nothing could show it: once more, as loud as it still may be. Who is no longer named is not rung."""
        loud = record.urgency == Urgency.RING and record.sounded < 0 and record.shown < 0
        if wanted is not Urgency.RING:
            if loud:  # its ring is still to come, once nothing keeps it
                self._keep(known.id, msgspec.structs.replace(record, urgency=Urgency.QUIET))
            self._show(known, Urgency.QUIET)
        else:
            self._show(known, Urgency.RING if loud else self._calmed(known, record), again=True)

    def _is_due_again(self, hand: HandId, record: RingRecord) -> bool:
        at = self._reshow_at.get(hand)
        return record.shown < 0 and not record.dismissed if at is None else self._ctx.now >= at

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
        shown_quietly = max(before.shown, before.shown_quietly) if before is not None and before.named else -1
        record = RingRecord(
            owner=known.owner,
            urgency=wanted,
            attempts=attempts,
            handle=before.handle if before is not None else None,
            named=verdict.named,
            delivered=delivered if verdict.named else -1,
            why=why or "",
            shown_quietly=shown_quietly,
        )
        self._keep(known.id, record)
        self._show(known, wanted)

    def _after_crash(self, known: Known, verdict: Verdict, wanted: Urgency, record: RingRecord) -> None:
        """The run that began to show it did not live to say so. Meanwhile it may be that it is not to ring."""
        if record.attempts < tuning.RING_ATTEMPTS:
            urgency = Urgency(record.urgency) if wanted is Urgency.RING else Urgency.QUIET
            self._keep(known.id, msgspec.structs.replace(record, attempts=record.attempts + 1, urgency=urgency))
            self._show(known, urgency)
        else:
            why = Why.FAILED if verdict.named else ""
            quiet = msgspec.structs.replace(record, done=True, urgency=Urgency.QUIET, why=why, gave_up=True)
            self._keep(known.id, quiet)
            self._show(known, Urgency.QUIET)

    def _show(self, known: Known, urgency: Urgency, *, again: bool = False) -> None:
        """`again`: nothing could show it before; that it rings was told then."""
        self._in_flight.add(known.id)
        self._reshow_at.pop(known.id, None)
        record = self._records[known.id]
        view = self._view(known)
        self._ctx.emit(Show(ShowKind.SHOW, known.id, urgency, view, record.handle))
        if urgency is Urgency.RING:
            self._rang_at[known.id] = self._ctx.now
            if not again:
                self._ctx.emit(EscalationRang(view))

    def moved(self, known: Known, before: EscalationState | None) -> None:
        """The hand changed its state: change, close or quietly bring back its pop-up."""
        record = self._records.get(known.id)
        if known.state is EscalationState.PUT_AWAY:
            kept = record or RingRecord(owner=known.owner, urgency=Urgency.QUIET, done=True, shown=0)
            self._keep(known.id, msgspec.structs.replace(kept, put_away=True, done=True))
        if record is None:
            return
        self._left_up.discard(known.id)
        if known.is_up and before is EscalationState.PUT_AWAY:
            self._keep(known.id, msgspec.structs.replace(record, put_away=False))
            self._reshow_at[known.id] = self._ctx.now  # by whoever then judges whether it is to come up here
            return
        kind = ShowKind.UPDATE if known.is_up else ShowKind.CLOSE
        # What a person dismissed in an earlier run is gone: it is not taken over, or the update would bring it back.
        handle = record.handle if kind is ShowKind.CLOSE or not record.dismissed else None
        self._ctx.emit(Show(kind, known.id, self._calmed(known, record), self._view(known), handle))
        if not known.is_up:
            self._in_flight.discard(known.id)
            self._reshow_at.pop(known.id, None)
            self._repeat_at.pop(known.id, None)
            self._rang_at.pop(known.id, None)
            self._changed()

    def answered(self, known: Known) -> None:
        """Who is coming, or what was said, is other than before: its pop-up says so, in place.

        While somebody is coming it makes no sound. A ring that had no outcome yet begins anew when nobody is.
        """
        record = self._records.get(known.id)
        if record is None or not known.is_up:
            return
        self._left_up.discard(known.id)
        hush = self._claimed(known)
        if hush and known.id in self._in_flight and record.urgency == Urgency.RING and record.sounded < 0:
            record = msgspec.structs.replace(record, urgency=Urgency.QUIET)
            self._keep(known.id, record)
        handle = None if record.dismissed else record.handle
        calmed = self._calmed(known, record)
        self._ctx.emit(Show(ShowKind.UPDATE, known.id, calmed, self._view(known), handle, hush=hush))

    def dismiss(self, known: Known) -> None:
        """Its person has seen it, and wants it off the screen."""
        self.seen(known)
        record = self._records.get(known.id)
        if record is not None:
            if not record.done:  # its SHOW has no answer yet, and gets none once its CLOSE overtakes it
                self._keep(known.id, msgspec.structs.replace(record, done=True))
            self._in_flight.discard(known.id)
            self._reshow_at.pop(known.id, None)
            self._ctx.emit(Show(ShowKind.CLOSE, known.id, Urgency.QUIET, self._view(known), record.handle, hush=True))

    # --- My own hand -------------------------------------------------------------------------------
    def told(self, hand: HandId) -> int:
        """What the pop-up of my own hand has told already; see core.owner."""
        record = self._records.get(hand)
        return 0 if record is None else record.told

    def tell_owner(self, known: Known, urgency: Urgency, told: int) -> None:
        """Show me how my own hand stands: a pop-up of mine, never with sound."""
        before = self._records.get(known.id) or RingRecord(owner=known.owner, urgency=urgency)
        fresh = msgspec.structs.replace(
            before, urgency=urgency, done=True, told=told, shown=-1, seen=-1, dismissed=False
        )
        self._keep(known.id, fresh)
        self._show(known, urgency)

    def retry_owner(self, known: Known) -> None:
        """Show it again where its pop-up was lost, or an earlier run did not live to show it."""
        record = self._records.get(known.id)
        if record is None or known.id in self._in_flight:
            return
        if self._is_due_again(known.id, record):
            self._show(known, Urgency(record.urgency))

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
        fresh = msgspec.structs.replace(
            record, done=True, handle=handle, shown=at, why=why, closed=False, dismissed=False
        )
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
        """Its pop-up went with its server, or could stand in a better place: at once again, unless it was dismissed."""
        record = self._records.get(known.id)
        if record is not None and known.is_up and not record.dismissed and known.id not in self._in_flight:
            self._reshow_at[known.id] = self._ctx.now

    def mended(self) -> None:
        """What could not be shown is tried at once."""
        self._reshow_at = dict.fromkeys(self._reshow_at, self._ctx.now)

    def sounded(self, known: Known) -> None:
        """The tone was played; so it has rung, also where a claim came while it played."""
        record = self._records.get(known.id)
        if record is not None and record.sounded < 0:
            played = msgspec.structs.replace(record, sounded=known.age(self._ctx.now), urgency=Urgency.RING)
            self._keep(known.id, played)

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

    def seen(self, known: Known, *, still_up: bool = False) -> None:
        """A person touched it, or answered it. `still_up`: its pop-up stays."""
        record = self._records.get(known.id)
        if record is None:
            return
        at = record.seen if record.seen >= 0 else known.age(self._ctx.now)
        fresh = msgspec.structs.replace(record, seen=at, dismissed=record.dismissed or not still_up)
        if fresh != record:
            self._keep(known.id, fresh)

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
        shown = record.shown if record.shown >= 0 else record.shown_quietly
        return Receipt(hand, record.owner, record.delivered, shown, record.sounded, record.seen, record.why)

    def next_deadline(self) -> int | None:
        """When a pop-up is tried again, or a ring repeated. What was due and did not come up is held back, by
        do-not-disturb or because nothing was compared yet: that is over by another's deadline.
        """
        times = (*self._reshow_at.values(), *self._repeat_at.values())
        return min((at for at in times if at > self._ctx.now), default=None)

    def _calmed(self, known: Known, record: RingRecord) -> Urgency:
        """As urgent as it was shown, without sound; quiet while somebody is coming."""
        return Urgency.QUIET if record.urgency == Urgency.QUIET or self._claimed(known) else Urgency.URGENT


def _may_ring_yet(record: RingRecord) -> bool:
    """Whether what came quietly may ring after all: not where its person, named already, said that it was seen."""
    return record.urgency == Urgency.QUIET and not record.gave_up and not (record.named and record.seen >= 0)
