"""Pop-ups that failed, were lost, or came late: shown again, rung no more."""

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState, Why
from support.ring_ledger import NAMED, Ledger, known, show


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
    assert ledger.rings.next_deadline() == ledger.ctx.now
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
