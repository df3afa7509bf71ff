"""What keeps a ring from sounding, or has it sound again: claims, do-not-disturb, a person who has seen it, repeat."""

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.views import EscalationState, Why
from support.ring_ledger import BEN, NAMED, ONE, QUIETLY, START, Ledger, known, show

HIDDEN = Verdict(named=True, why=Why.MUTED, hidden=True)
HIDDEN_QUIET = Verdict(named=False, hidden=True)
EVERY = 60 * tuning.SECOND
RINGS, QUIET = show(Urgency.RING), show(Urgency.QUIET)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def rung(ledger: Ledger) -> Ledger:
    """It rang, was shown as h1 and heard."""
    ledger.rings.consider(known(), NAMED)
    ledger.rings.shown(known(), "h1")
    ledger.rings.sounded(known())
    ledger.done()
    return ledger


# --- Claims ----------------------------------------------------------------------------------------
def test_claimed_hand_comes_quietly_and_rings_once_nobody_is_coming(ledger: Ledger) -> None:
    ledger.claimed.add(ONE)
    ledger.rings.consider(known(), NAMED)
    ledger.rings.shown(known(), "h1")
    assert ledger.done() == [QUIET]
    ledger.claimed.clear()
    ledger.rings.consider(known(), NAMED)
    ledger.rings.shown(known(), "h1")
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == [show(Urgency.RING, "h1")]


def test_claim_changes_the_popup_in_place_and_hushes_its_sound(ledger: Ledger) -> None:
    rung(ledger)
    ledger.claimed.add(ONE)
    ledger.rings.answered(known())
    (effect,) = [e for e in ledger.ctx.drain() if isinstance(e, Show)]
    assert (effect.kind, effect.urgency, effect.handle, effect.hush) == (ShowKind.UPDATE, Urgency.QUIET, "h1", True)


def test_words_alone_hush_nothing(ledger: Ledger) -> None:
    rung(ledger)
    ledger.rings.answered(known())
    (effect,) = [e for e in ledger.ctx.drain() if isinstance(e, Show)]
    assert (effect.kind, effect.urgency, effect.hush) == (ShowKind.UPDATE, Urgency.URGENT, False)


def test_ring_hushed_before_it_had_an_outcome_begins_anew_when_nobody_is_coming(ledger: Ledger) -> None:
    ledger.rings.consider(known(), NAMED)
    ledger.claimed.add(ONE)
    ledger.rings.answered(known())
    ledger.rings.consider(known(), NAMED)
    ledger.rings.shown(known(), "h1")
    ledger.rings.consider(known(), NAMED)
    assert [urgency for kind, urgency, _ in ledger.done() if kind is ShowKind.SHOW] == [Urgency.RING]
    ledger.claimed.clear()
    ledger.rings.answered(known())
    ledger.rings.consider(known(), NAMED)
    assert show(Urgency.RING, "h1") in ledger.done()


def test_ring_that_sounded_before_the_claim_is_not_rung_again_after_it(ledger: Ledger) -> None:
    ledger.rings.consider(known(), NAMED)
    ledger.rings.sounded(known())
    ledger.claimed.add(ONE)
    ledger.rings.answered(known())
    ledger.rings.shown(known(), "h1")
    ledger.claimed.clear()
    ledger.rings.answered(known())
    ledger.rings.consider(known(), NAMED)
    assert [urgency for kind, urgency, _ in ledger.done() if kind is ShowKind.SHOW] == [Urgency.RING]


def test_answer_to_a_hand_that_is_not_up_or_never_came_up_changes_no_popup(ledger: Ledger) -> None:
    ledger.rings.answered(known())
    assert ledger.ctx.drain() == []
    hand = known()
    rung(ledger)
    hand.state = EscalationState.ENDED
    ledger.rings.answered(hand)
    assert ledger.ctx.drain() == []


# --- Repeat ----------------------------------------------------------------------------------------
def test_repeat_rings_again_only_as_often_as_set_while_nobody_saw_or_claimed_it(ledger: Ledger) -> None:
    rung(ledger)
    ledger.rings.consider(known(), NAMED, EVERY)
    assert (ledger.done(), ledger.rings.next_deadline()) == ([], START + EVERY)
    ledger.ctx.now += EVERY
    ledger.rings.consider(known(), NAMED, EVERY)
    ledger.rings.shown(known(), "h1")
    ledger.rings.consider(known(), NAMED, EVERY)
    assert ledger.done() == [show(Urgency.RING, "h1")]
    assert ledger.rings.next_deadline() == START + 2 * EVERY
    assert ledger.rang == [ONE, ONE]


def test_without_repeat_it_rings_once_however_long_it_stands(ledger: Ledger) -> None:
    rung(ledger)
    ledger.ctx.now += tuning.HOUR
    ledger.rings.consider(known(), NAMED)
    assert (ledger.done(), ledger.rings.next_deadline()) == ([], None)


@pytest.mark.parametrize("stopped_by", ["claim", "seen", "no longer named", "do-not-disturb", "end"])
def test_repeat_stops(ledger: Ledger, stopped_by: str) -> None:
    hand = known()
    rung(ledger).rings.consider(hand, NAMED, EVERY)
    verdict = {"no longer named": QUIETLY, "do-not-disturb": HIDDEN}.get(stopped_by, NAMED)
    if stopped_by == "claim":
        ledger.claimed.add(ONE)
    elif stopped_by == "seen":
        ledger.rings.seen(hand)
    elif stopped_by == "end":
        hand.state = EscalationState.ENDED
        ledger.rings.moved(hand, EscalationState.ACTIVE)
    ledger.done()
    ledger.ctx.now += EVERY
    if hand.is_up:
        ledger.rings.consider(hand, verdict, EVERY)
    assert (ledger.done(), ledger.rings.next_deadline()) == ([], None)


def test_repeat_goes_on_when_nobody_is_coming_any_more(ledger: Ledger) -> None:
    rung(ledger).claimed.add(ONE)
    ledger.rings.consider(known(), NAMED, EVERY)
    ledger.claimed.clear()
    ledger.ctx.now += EVERY
    ledger.rings.consider(known(), NAMED, EVERY)
    assert ledger.done() == [show(Urgency.RING, "h1")]


def test_repeats_are_within_what_one_owner_may_ring_here(ledger: Ledger) -> None:
    rung(ledger)
    for _ in range(60):
        ledger.ctx.now += tuning.SECOND
        ledger.rings.consider(known(), NAMED, tuning.SECOND)
        ledger.rings.shown(known(), "h1")
    assert len(ledger.rang) <= tuning.RINGS_PER_MINUTE + 1


# --- Do-not-disturb --------------------------------------------------------------------------------
def test_hidden_hand_is_delivered_and_says_so_and_nothing_comes_up(ledger: Ledger) -> None:
    ledger.ctx.now += 7
    ledger.rings.consider(known(), HIDDEN)
    assert ledger.done() == []
    receipt = ledger.receipt()
    assert (receipt.delivered, receipt.shown, receipt.sounded, receipt.why) == (7, -1, -1, Why.MUTED)


def test_hidden_hand_of_others_writes_no_receipt(ledger: Ledger) -> None:
    ledger.rings.consider(known(), HIDDEN_QUIET)
    assert (ledger.done(), ledger.rings.receipt(ONE)) == ([], None)
    ledger.rings.consider(known(), HIDDEN)
    assert ledger.receipt().why == Why.MUTED, "named since: a step of its ladder, or a group put on"


@pytest.mark.parametrize(("before", "after", "comes"), [(HIDDEN, NAMED, RINGS), (HIDDEN_QUIET, QUIETLY, QUIET)])
def test_what_was_hidden_comes_when_do_not_disturb_is_over(
    ledger: Ledger, before: Verdict, after: Verdict, comes: object
) -> None:
    ledger.rings.consider(known(), before)
    ledger.rings.consider(known(), after)
    assert ledger.done() == [comes]


def test_do_not_disturb_takes_down_nothing_that_is_up_and_unsays_no_receipt(ledger: Ledger) -> None:
    rung(ledger).rings.consider(known(), HIDDEN)
    assert ledger.done() == []
    assert (ledger.receipt().why, ledger.receipt().shown) == ("", 0)


def test_what_failed_is_not_tried_while_hidden_and_asks_for_no_time_meanwhile(ledger: Ledger) -> None:
    """A deadline that is over and that nothing answers would have the daemon run in circles."""
    ledger.rings.consider(known(), NAMED)
    ledger.rings.not_shown(known())
    ledger.done()
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(known(), HIDDEN)
    assert (ledger.done(), ledger.rings.next_deadline()) == ([], None)
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == [RINGS]


@pytest.mark.parametrize("verdict", [HIDDEN, NAMED])
def test_hidden_hand_put_away_and_back_comes_up_only_where_it_may(ledger: Ledger, verdict: Verdict) -> None:
    hand = known()
    ledger.rings.consider(hand, HIDDEN)
    hand.state = EscalationState.PUT_AWAY
    ledger.rings.moved(hand, EscalationState.LOST)
    ledger.done()
    hand.state = EscalationState.LOST
    ledger.rings.moved(hand, EscalationState.PUT_AWAY)
    ledger.rings.consider(hand, verdict)
    assert ledger.done() == ([RINGS] if verdict is NAMED else [])


# --- Dismissed -------------------------------------------------------------------------------------
def test_dismissed_popup_goes_with_its_sound_and_is_said_to_be_seen(ledger: Ledger) -> None:
    rung(ledger)
    ledger.ctx.now += 5
    ledger.rings.dismiss(known())
    (effect,) = [e for e in ledger.ctx.drain() if isinstance(e, Show)]
    assert (effect.kind, effect.handle, effect.hush) == (ShowKind.CLOSE, "h1", True)
    assert ledger.receipt().seen == 5
    ledger.rings.lost(known())
    ledger.rings.consider(known(), NAMED, EVERY)
    assert ledger.done() == []


def test_popup_dismissed_before_it_was_reported_neither_rings_nor_comes_again(ledger: Ledger) -> None:
    ledger.rings.consider(known(), NAMED)
    ledger.rings.dismiss(known())
    ledger.done()
    ledger.rings.consider(known(), NAMED)
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == []
    after = ledger.restarted()
    after.rings.consider(known(), NAMED)
    assert after.done() == []
    assert (after.receipt().seen, after.receipt().shown) == (0, -1)


def test_dismissing_what_never_came_up_changes_nothing(ledger: Ledger) -> None:
    ledger.rings.dismiss(known())
    assert ledger.ctx.drain() == []


# --- My own hand -----------------------------------------------------------------------------------
def test_own_popup_never_rings_is_tried_again_and_makes_no_receipt(ledger: Ledger) -> None:
    ledger.rings.tell_owner(known(), Urgency.URGENT, 1)
    ledger.rings.not_shown(known())
    ledger.rings.retry_owner(known())
    assert ledger.done() == [show(Urgency.URGENT)]
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.retry_owner(known())
    ledger.rings.retry_owner(known())
    assert ledger.done() == [show(Urgency.URGENT)]
    assert (ledger.rings.receipt(ONE), ledger.rang) == (None, [])


def test_what_my_own_popup_told_is_kept_over_a_restart(ledger: Ledger) -> None:
    assert ledger.rings.told(ONE) == 0
    ledger.rings.tell_owner(known(), Urgency.QUIET, 3)
    ledger.done()
    assert ledger.restarted().rings.told(ONE) == 3


def test_own_popup_whose_run_died_in_showing_it_is_shown_by_the_next(ledger: Ledger) -> None:
    ledger.rings.tell_owner(known(), Urgency.URGENT, 1)
    ledger.done()
    after = ledger.restarted()
    after.rings.retry_owner(known())
    after.rings.retry_owner(known())
    assert after.done() == [show(Urgency.URGENT)]
    after.rings.shown(known(), "h1")
    after.rings.retry_owner(known())
    assert after.done() == []
    last = after.restarted()
    last.rings.retry_owner(known())
    assert last.done() == []


def test_own_popup_goes_with_its_hand_and_asks_for_no_time_after(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.tell_owner(hand, Urgency.URGENT, 1)
    ledger.rings.not_shown(hand)
    ledger.done()
    hand.state = EscalationState.ENDED
    ledger.rings.moved(hand, EscalationState.ACTIVE)
    assert [kind for kind, _, _ in ledger.done()] == [ShowKind.CLOSE]
    assert ledger.rings.next_deadline() is None


def test_rings_of_one_owner_are_told_to_watchers_one_by_one(ledger: Ledger) -> None:
    two = HandId("00000000000000a2")
    ledger.rings.consider(known(), NAMED)
    ledger.rings.consider(known(two, BEN), QUIETLY)
    ledger.done()
    assert ledger.rang == [ONE]
