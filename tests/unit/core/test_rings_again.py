"""Pop-ups that failed, were lost, or came late: shown again, rung no more."""

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.views import EscalationState, Why
from support.ring_ledger import CAST, NAMED, ONE, Ledger, known, show


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_what_failed_is_tried_at_once_when_the_desk_is_mended(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.sounded(hand)
    ledger.rings.not_shown(hand)
    ledger.done()
    ledger.ctx.now += 1
    ledger.rings.mended()
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.URGENT)]


def test_a_lost_popup_is_shown_again_at_once_and_without_sound(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    ledger.done()
    ledger.rings.lost(hand)
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.URGENT, "h1")]
    ledger.rings.not_shown(hand)
    assert (ledger.receipt().why, ledger.receipt().shown) == ("", 0), "it was shown, and nobody unsays that"
    assert ledger.rings.next_deadline() == ledger.ctx.now + tuning.RESHOW_EVERY


def test_a_lost_popup_that_its_person_touched_stays_away(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    ledger.rings.seen(hand)
    ledger.rings.lost(hand)
    ledger.done()
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == []
    hand.state = EscalationState.LOST
    ledger.restarted().rings.moved(hand, EscalationState.ACTIVE)
    ledger.rings.moved(hand, EscalationState.ACTIVE)
    assert ledger.done() == [(ShowKind.UPDATE, Urgency.URGENT, None)], "nor is it taken over by a later run"


def test_a_ring_that_was_limited_and_not_shown_either_failed_and_is_limited_once_shown(ledger: Ledger) -> None:
    for number in range(tuning.RINGS_PER_MINUTE):
        ledger.rings.consider(known(HandId(f"{number:016x}")), NAMED)
    hand = known()
    ledger.rings.consider(hand, NAMED)
    assert ledger.receipt().why == Why.LIMITED
    ledger.rings.not_shown(hand)
    assert ledger.receipt().why == Why.FAILED
    ledger.rings.shown(hand, "h1")
    assert ledger.receipt().why == Why.LIMITED


# --- What must not ring, and what still must -------------------------------------------------------
MUTED = Verdict(named=True, why=Why.MUTED, hidden=True)


def test_a_failed_popup_of_one_who_is_muted_meanwhile_asks_for_no_time_that_is_past(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.not_shown(hand)
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(hand, MUTED)
    assert ledger.rings.next_deadline() is None, "or the daemon is ticked for ever"
    ledger.done()
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.RING)], "at once when that is over"


def test_a_hand_that_returns_does_not_come_up_where_its_owner_is_muted(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, MUTED)
    hand.state = EscalationState.PUT_AWAY
    ledger.rings.moved(hand, EscalationState.LOST)
    ledger.done()
    hand.state = EscalationState.LOST
    ledger.rings.moved(hand, EscalationState.PUT_AWAY)
    ledger.rings.consider(hand, MUTED)
    assert ledger.done() == []


def test_a_ring_that_a_crash_cut_off_is_silent_while_somebody_comes_and_rings_when_nobody_does(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.done()
    second = ledger.restarted()
    second.claimed.add(hand.id)
    second.rings.consider(hand, NAMED)
    assert second.done() == [show(Urgency.QUIET)]
    second.rings.shown(hand, "h1")
    second.claimed.clear()
    second.rings.consider(hand, NAMED)
    assert second.done() == [show(Urgency.RING, "h1")]


def test_a_ring_that_failed_and_came_quietly_for_a_claim_rings_when_nobody_comes(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.not_shown(hand)
    ledger.claimed.add(hand.id)
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    ledger.done()
    ledger.claimed.clear()
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.RING, "h1")]


def test_a_tone_that_was_played_out_as_a_claim_came_is_not_played_again(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.claimed.add(hand.id)
    ledger.rings.answered(hand)
    ledger.rings.shown(hand, "h1")
    ledger.rings.sounded(hand)
    ledger.claimed.clear()
    ledger.done()
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == []


def test_what_two_runs_died_of_is_not_repeated(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.done()
    for _ in range(tuning.RING_ATTEMPTS):
        ledger = ledger.restarted()
        ledger.rings.consider(hand, NAMED)
        ledger.done()
    ledger.rings.shown(hand, "h1")
    ledger.ctx.now += tuning.HOUR
    ledger.rings.consider(hand, NAMED, repeat=tuning.MINUTE)
    assert ledger.done() == []


def test_what_is_dismissed_before_its_notifier_answered_does_not_come_again(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.done()
    ledger.rings.dismiss(hand)
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [(ShowKind.CLOSE, Urgency.QUIET, None)]


def test_what_was_shown_while_somebody_came_stays_shown_when_it_rings_after_all(ledger: Ledger) -> None:
    hand = known()
    ledger.claimed.add(hand.id)
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    ledger.claimed.clear()
    ledger.ctx.now += 5_000
    ledger.rings.consider(hand, NAMED)
    assert ledger.receipt().shown == 0
    ledger.rings.shown(hand, "h1")
    assert ledger.receipt().shown == 5_000


# --- My own ----------------------------------------------------------------------------------------
def test_what_an_owner_is_told_comes_again_where_a_run_died_before_it_was_shown(ledger: Ledger) -> None:
    mine = known(owner=CAST.id("ana"))
    ledger.rings.tell_owner(mine, Urgency.URGENT, 1)
    ledger.done()
    second = ledger.restarted()
    second.rings.retry_owner(mine)
    assert second.done() == [show(Urgency.URGENT)]
    second.rings.shown(mine, "h1")
    second.rings.retry_owner(mine)
    assert second.done() == []


def test_a_popup_of_my_own_hand_that_failed_asks_for_no_time_once_the_hand_is_over(ledger: Ledger) -> None:
    mine = known(ONE, CAST.id("ana"))
    ledger.rings.tell_owner(mine, Urgency.URGENT, 1)
    ledger.rings.not_shown(mine)
    mine.state = EscalationState.ENDED
    ledger.rings.moved(mine, EscalationState.ACTIVE)
    assert ledger.rings.next_deadline() is None
