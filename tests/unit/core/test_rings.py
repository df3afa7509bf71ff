import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import ShowKind, Stored, Urgency
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.slots import Receipt
from escalate_daemon.core.views import EscalationState, Why
from support.ring_ledger import BEN, CEM, NAMED, ONE, QUIETLY, START, Ledger, known, show


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


# --- One ring --------------------------------------------------------------------------------------
def test_named_is_rung_once_however_often_it_is_considered(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.RING)]
    ledger.rings.shown(hand, "h1")
    ledger.rings.sounded(hand)
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == []


def test_who_is_not_named_is_shown_it_quietly_and_writes_no_receipt(ledger: Ledger) -> None:
    ledger.rings.consider(known(), QUIETLY)
    assert ledger.done() == [show(Urgency.QUIET)]
    ledger.rings.shown(known(), "h1")
    assert ledger.rings.receipt(ONE) is None


@pytest.mark.parametrize("why", [Why.BUSY, Why.NOT_HERE])
def test_named_who_judges_itself_not_to_be_rung_says_why(ledger: Ledger, why: Why) -> None:
    ledger.rings.consider(known(), Verdict(named=True, why=why))
    assert ledger.done() == [show(Urgency.QUIET)]
    ledger.rings.shown(known(), "h1")
    assert (ledger.receipt().why, ledger.receipt().shown, ledger.receipt().sounded) == (why, 0, -1)


def test_receipt_grows_with_what_succeeded_and_not_before(ledger: Ledger) -> None:
    hand = known(raised_at=START - 1_000)
    ledger.rings.consider(hand, NAMED)
    assert ledger.receipt() == Receipt(ONE, BEN, delivered=1_000)
    ledger.ctx.now += 10
    ledger.rings.shown(hand, "h1")
    assert ledger.receipt() == Receipt(ONE, BEN, 1_000, shown=1_010)
    ledger.ctx.now += 10
    ledger.rings.sounded(hand)
    ledger.ctx.now += 10
    ledger.rings.seen(hand)
    assert ledger.receipt() == Receipt(ONE, BEN, 1_000, 1_010, 1_020, 1_030)


def test_first_word_stays_when_a_report_comes_twice(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    for handle in ("h1", "h2"):
        ledger.ctx.now += 10
        ledger.rings.shown(hand, handle)
        ledger.rings.sounded(hand)
        ledger.rings.seen(hand)
    assert ledger.receipt() == Receipt(ONE, BEN, 0, 10, 10, 10)
    ledger.done()
    hand.state = EscalationState.ENDED
    ledger.rings.moved(hand, EscalationState.ACTIVE)
    assert ledger.done() == [(ShowKind.CLOSE, Urgency.URGENT, "h2")], "but the newest handle is the pop-up's"


def test_report_on_a_hand_never_shown_changes_nothing(ledger: Ledger) -> None:
    for report in (ledger.rings.sounded, ledger.rings.seen, ledger.rings.not_shown):
        report(known())
    ledger.rings.shown(known(), "h1")
    ledger.rings.closed(ONE)
    assert ledger.ctx.drain() == []


def test_putting_on_the_group_rings_what_was_quiet(ledger: Ledger) -> None:
    ledger.rings.consider(known(), QUIETLY)
    ledger.rings.shown(known(), "h1")
    ledger.done()
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == [show(Urgency.RING, "h1")], "in the place of the quiet one"
    ledger.rings.shown(known(), "h1")
    ledger.rings.consider(known(), QUIETLY)
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == []


# --- Rule 14 ---------------------------------------------------------------------------------------
def flood(ledger: Ledger, rings: int, every: int, owner: MemberId = BEN, first: int = 1) -> list[Urgency]:
    for number in range(first, first + rings):
        ledger.rings.consider(known(HandId(f"{number:016x}"), owner, ledger.ctx.now), NAMED)
        ledger.ctx.now += every
    return [urgency for _, urgency, _ in ledger.done()]


def test_seventh_ring_of_one_owner_within_a_minute_is_urgent_without_sound(ledger: Ledger) -> None:
    assert flood(ledger, 8, 1_000) == [Urgency.RING] * 6 + [Urgency.URGENT] * 2
    assert ledger.receipt(HandId(f"{7:016x}")).why == Why.LIMITED
    assert ledger.receipt(HandId(f"{6:016x}")).why == ""


def test_ring_after_20_s_of_quiet_always_sounds(ledger: Ledger) -> None:
    flood(ledger, 8, 1_000)
    ledger.ctx.now += tuning.RING_QUIET - 1_000
    assert flood(ledger, 1, 0, first=20) == [Urgency.RING]


def test_one_owners_flood_does_not_silence_another(ledger: Ledger) -> None:
    flood(ledger, 8, 1)
    assert flood(ledger, 1, 0, CEM, first=20) == [Urgency.RING]


def test_limit_is_six_a_minute_in_the_long_run(ledger: Ledger) -> None:
    urgencies = flood(ledger, 300, 1_000)
    assert urgencies.count(Urgency.RING) <= 6 * 5 + 6
    assert urgencies.count(Urgency.RING) >= 6 * 5 - 6


# --- Crashes ---------------------------------------------------------------------------------------
def test_crash_in_the_show_window_rings_exactly_once_more(ledger: Ledger) -> None:
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == [show(Urgency.RING)]
    second = ledger.restarted()
    second.rings.consider(known(), NAMED)
    assert second.done() == [show(Urgency.RING)]
    second.rings.shown(known(), "h1")
    second.done()
    third = second.restarted()
    third.rings.consider(known(), NAMED)
    assert third.done() == []


def test_second_crash_in_the_window_shows_it_quietly_as_failed(ledger: Ledger) -> None:
    ledger.rings.consider(known(), NAMED)
    ledger.done()
    second = ledger.restarted()
    second.rings.consider(known(), NAMED)
    second.done()
    third = second.restarted()
    third.rings.consider(known(), NAMED)
    assert third.done() == [show(Urgency.QUIET)]
    assert third.receipt().why == Why.FAILED
    third.rings.shown(known(), "h1")
    third.rings.consider(known(), NAMED)
    assert third.done() == []
    fourth = third.restarted()
    fourth.rings.consider(known(), NAMED)
    assert fourth.done() == []


def test_crash_after_the_report_rings_nothing_again_and_keeps_the_handle(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    ledger.done()
    second = ledger.restarted()
    second.rings.consider(hand, NAMED)
    assert second.done() == []
    hand.state = EscalationState.LOST
    second.rings.moved(hand, EscalationState.ACTIVE)
    assert second.done() == [(ShowKind.UPDATE, Urgency.URGENT, "h1")]


@pytest.mark.parametrize("row", [(b"\xff\xfe", b"\x90"), (ONE.encode(), b"junk"), (ONE.encode(), b"\x91\x01")])
def test_unreadable_row_of_the_ledger_is_left_out(row: tuple[bytes, bytes]) -> None:
    ledger = Ledger(disk={row[0]: Stored(row[1], 0)})
    ledger.rings.consider(known(), NAMED)
    assert ledger.done() == [show(Urgency.RING)]


# --- Not shown -------------------------------------------------------------------------------------
def test_what_nothing_could_show_is_failed_and_tried_again_while_it_is_up(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.done()
    ledger.rings.not_shown(hand)
    assert (ledger.receipt().why, ledger.receipt().shown) == (Why.FAILED, -1)
    assert ledger.rings.next_deadline() == START + tuning.RESHOW_EVERY
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == []
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.RING)]
    ledger.rings.shown(hand, "h1")
    assert (ledger.receipt().why, ledger.rings.next_deadline()) == ("", None)


def test_what_sounded_unseen_is_tried_again_without_sound(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.sounded(hand)
    ledger.rings.not_shown(hand)
    ledger.done()
    ledger.ctx.now += tuning.RESHOW_EVERY
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.URGENT)]


def test_late_failure_of_an_ended_hand_asks_for_nothing_more(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    hand.state = EscalationState.ENDED
    ledger.rings.moved(hand, EscalationState.ACTIVE)
    ledger.rings.not_shown(hand)
    assert ledger.rings.next_deadline() is None


# --- Moves -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("verdict", "calm"), [(NAMED, Urgency.URGENT), (QUIETLY, Urgency.QUIET)], ids=["rung", "quiet"]
)
@pytest.mark.parametrize(
    ("before", "state", "kind"),
    [
        (EscalationState.ACTIVE, EscalationState.LOST, ShowKind.UPDATE),
        (EscalationState.LOST, EscalationState.ACTIVE, ShowKind.UPDATE),
        (EscalationState.LOST, EscalationState.PUT_AWAY, ShowKind.CLOSE),
        (EscalationState.ACTIVE, EscalationState.ENDED, ShowKind.CLOSE),
        (EscalationState.PUT_AWAY, EscalationState.LOST, ShowKind.SHOW),
    ],
)
def test_popup_follows_its_hand_as_urgent_as_it_was_and_without_a_sound(
    ledger: Ledger, *, before: EscalationState, state: EscalationState, kind: ShowKind, verdict: Verdict, calm: Urgency
) -> None:
    hand = known()
    ledger.rings.consider(hand, verdict)
    ledger.rings.shown(hand, "h1")
    ledger.done()
    hand.state = state
    ledger.rings.moved(hand, before)
    if hand.is_up:
        ledger.rings.consider(hand, verdict)
    assert ledger.done() == [(kind, calm, "h1")]


def test_hand_never_shown_is_not_closed_either(ledger: Ledger) -> None:
    hand = known()
    hand.state = EscalationState.ENDED
    ledger.rings.moved(hand, EscalationState.ACTIVE)
    assert ledger.ctx.drain() == []


def test_put_away_and_back_rings_nobody_already_rung_also_after_a_restart(ledger: Ledger) -> None:
    hand = known()
    ledger.rings.consider(hand, NAMED)
    ledger.rings.shown(hand, "h1")
    hand.state = EscalationState.PUT_AWAY
    ledger.rings.moved(hand, EscalationState.LOST)
    ledger.done()
    second = ledger.restarted()
    assert second.rings.was_put_away(ONE)
    hand.state = EscalationState.LOST
    second.rings.moved(hand, EscalationState.PUT_AWAY)
    second.rings.consider(hand, NAMED)
    assert second.done() == [show(Urgency.URGENT, "h1")]
    second.rings.shown(hand, "h2")
    second.rings.consider(hand, NAMED)
    assert second.done() == []
    assert not second.rings.was_put_away(ONE)


def test_named_member_that_never_rang_is_rung_when_the_hand_returns(ledger: Ledger) -> None:
    """Rule 10: who gets it while it is active, and was not rung, is rung then."""
    hand = known()
    hand.state = EscalationState.PUT_AWAY
    ledger.rings.moved(hand, None)
    assert ledger.done() == []
    hand.state = EscalationState.ACTIVE
    ledger.rings.moved(hand, EscalationState.PUT_AWAY)
    ledger.rings.consider(hand, NAMED)
    assert ledger.done() == [show(Urgency.RING)]


# --- An earlier run's pop-ups ----------------------------------------------------------------------
def test_popup_of_an_earlier_run_is_closed_where_its_hand_is_over(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        hand = known(HandId(f"{number:016x}"))
        ledger.rings.consider(hand, NAMED)
        ledger.rings.shown(hand, f"h{number}")
    ledger.rings.closed(HandId(f"{3:016x}"))
    ledger.done()
    second = ledger.restarted()
    second.rings.close_left_over(lambda hand: hand == f"{1:016x}")
    assert second.done() == [(ShowKind.CLOSE, Urgency.QUIET, "h2")]


def test_ledger_is_bounded_and_forgets_what_is_over_first(ledger: Ledger) -> None:
    for number in range(tuning.RINGS_KEPT + 10):
        ledger.rings.consider(known(HandId(f"{number:016x}")), QUIETLY)
    up = {f"{number:016x}" for number in range(5)}
    ledger.rings.forget_old(lambda hand: hand in up)
    ledger.done()
    assert len(ledger.disk) == tuning.RINGS_KEPT
    assert {hand.encode() for hand in up} <= set(ledger.disk)
