"""Rules 8 to 14, disabled one by one: claims, the truth for the owner, who comes late, ladder, policy, ages, floods."""

from dataclasses import replace
from typing import Any

import msgspec

from escalate_cli import audience
from escalate_daemon.core import (
    answering,
    following,
    hands,
    ladder,
    myself,
    naming,
    owner,
    quietness,
    ring_record,
    rings,
    tuning,
    viewer,
)
from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.views import EscalationState, Why
from escalate_daemon.notify import desk
from support.planted import Planted, added, gives, nothing, replaced, wrapped

FOREVER = 10 * tuning.AGE_MAX


# --- 8: claims -------------------------------------------------------------------------------------
def _unhushed(post: Any, self: Any, show: Any) -> None:
    post(self, replace(show, hush=False))


UNMOVED = property(lambda self: 60 * tuning.SECOND, lambda self, _: None)
NO_CLAIM = gives(answering.Answering, "claimed_since", None)


# --- 9: the truth ----------------------------------------------------------------------------------
def _nobody_counted(view: Any, self: Any, known: Any) -> Any:
    return ()


# --- 10: late, and not twice -----------------------------------------------------------------------
def _young_only(consider: Any, self: Any, known: Any, *rest: Any) -> None:
    if known.id in self._records or known.age(self._ctx.now) < 5 * tuning.SECOND:
        consider(self, known, *rest)


def _forgets_when_lost(moved: Any, self: Any, known: Any, before: Any) -> None:
    moved(self, known, before)
    if known.state is EscalationState.LOST:
        self._records.pop(known.id, None)


def _without_handle(shown: Any, self: Any, known: Any, handle: Any) -> None:
    shown(self, known, None)


# --- 11: the ladder --------------------------------------------------------------------------------
def _by_own_clock(fire: Any, self: Any, known: Any) -> None:
    since = self.ctx.now - known.first_held
    if ladder.due(known.hand, since) == ladder.due(known.hand, known.age(self.ctx.now)):
        fire(self, known)


def _led_by_owner(fire: Any, self: Any, known: Any) -> None:
    if self.viewer.is_online(known.owner):
        fire(self, known)


# --- 12: the recipient's policy --------------------------------------------------------------------
def _untold(named_by: Any, self: Any, known: Any, verdict: Any, record: Any) -> Any:
    return msgspec.structs.replace(named_by(self, known, verdict, record), why="")


# --- 14: floods ------------------------------------------------------------------------------------
def _six_at_most(_: Any, self: Any, now: int) -> bool:
    self.times = [at for at in self.times if now - at < tuning.MINUTE]
    return len(self.times) < tuning.RINGS_PER_MINUTE


def _one_for_all(init: Any, self: Any, *rest: Any) -> None:
    init(self, *rest)

    class Same(dict[Any, ring_record.Throttle]):
        one = ring_record.Throttle()

        def setdefault(self, key: Any, default: Any = None) -> Any:
            return self.one

    self._throttles = Same()


def _calm(show: Any, self: Any, known: Any, urgency: Urgency) -> None:
    show(self, known, Urgency.QUIET if urgency is Urgency.URGENT else urgency)


def _reasonless(keep: Any, self: Any, hand: Any, record: Any) -> None:
    keep(self, hand, msgspec.structs.replace(record, why="" if record.why == Why.LIMITED else record.why))


ANSWERING = {
    "8a": Planted("pop-ups left as they are", (nothing(rings.Rings, "answered"),)),
    "8b": Planted("sound left alone", (wrapped(desk.Desk, "post", _unhushed),)),
    "8c": Planted("claims not looked at", (NO_CLAIM,)),
    "8d": Planted("claims that never lapse", (gives(answering.Answering, "_counts_until", None),)),
    "8e": Planted("repeats given up", (nothing(rings.Rings, "_repeat"),)),
    "8f": Planted("claims not looked at", (NO_CLAIM,)),
    "9a": Planted("nobody meant", (gives(naming, "means", False),)),
    "9b": Planted("nothing said before", (gives(audience, "expected", []),)),
    "9c": Planted("receipts not counted", (wrapped(viewer.Viewer, "_receipt_views", _nobody_counted),)),
    "9d": Planted("claims not listed", (gives(viewer.Viewer, "_claims", ()),)),
    "9e": Planted("no warning", (gives(audience, "unseen", []),)),
    "9f": Planted("an owner told nothing", (nothing(owner.Owner, "follow"),)),
    "9g": Planted("a time that cannot be set", (added(owner.Owner, "warn_after", UNMOVED),)),
    "10a": Planted("old hands never begun", (wrapped(rings.Rings, "consider", _young_only),)),
    "10b": Planted("claims not looked at", (NO_CLAIM,)),
    "10c": Planted("an end that writes nothing", (nothing(myself.Myself, "end_hand"),)),
    "10d": Planted("rings forgotten with the contact", (wrapped(rings.Rings, "moved", _forgets_when_lost),)),
    "10e": Planted("rings forgotten at the start", (nothing(rings.Rings, "load"),)),
    "10f": Planted("the server's id not kept", (wrapped(rings.Rings, "shown", _without_handle),)),
    "10g": Planted("the server's id not used", (nothing(desk.Desk, "_adopt"),)),
    "11a": Planted("a ladder led by its owner", (wrapped(following.Following, "_fire", _led_by_owner),)),
    "11b": Planted("time counted from when it came", (wrapped(following.Following, "_fire", _by_own_clock),)),
    "11c": Planted("steps never due", (gives(ladder, "due", frozenset()),)),
    "12a": Planted("nobody kept out", (gives(quietness.Quietness, "keeps_out", False),)),
    "12b": Planted("groups not silenced", (gives(quietness.Quietness, "silences", False),)),
    "12c": Planted("a receipt without the reason", (wrapped(rings.Rings, "_named_by", _untold),)),
    "12d": Planted(
        "every mute published",
        (replaced(quietness.Quietness, "undisturbed", property(lambda self: bool(self._until))),),
    ),
    "13a": Planted("a day for all", (replaced(hands.Known, "max_age", property(lambda self: 24 * tuning.HOUR)),)),
    "13b": Planted("hands that are never overdue", (gives(hands.Hands, "_too_old_at", FOREVER),)),
    "13c": Planted("an end never near", (replaced(owner.Owner, "_ends_soon_at", staticmethod(lambda known: FOREVER)),)),
    "13d": Planted("hands that are never overdue", (gives(hands.Hands, "_too_old_at", FOREVER),)),
    "14a": Planted("no limit", (gives(ring_record.Throttle, "allows", True),)),
    "14b": Planted("six a minute whatever came before", (wrapped(ring_record.Throttle, "allows", _six_at_most),)),
    "14c": Planted("one limit for all owners", (wrapped(rings.Rings, "__init__", _one_for_all),)),
    "14d": Planted("quiet pop-ups above it", (wrapped(rings.Rings, "_show", _calm),)),
    "14e": Planted("a receipt without the reason", (wrapped(rings.Rings, "_keep", _reasonless),)),
}
