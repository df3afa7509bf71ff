"""What follows from time and answers, seen at one node: whose turn it is, and what is due when."""

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import Approach, LadderStep, Say, SetPolicy, SetPresence, Start, Withdraw
from escalate_daemon.core.facts import EscalationChat, EscalationClaimed, EscalationUpdated
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.views import Why
from support.core_seat import Seat
from support.core_wire import Wire

STEP = 30 * tuning.SECOND


@pytest.fixture
def wire() -> Wire:
    wire = Wire("ana", "ben", "cem")
    wire.run(3_000)
    return wire


def raised(wire: Wire, *named: str, then: tuple[str, ...] = ()) -> HandId:
    ladder = (LadderStep(STEP, then),) if then else ()
    hand = wire["ana"].say(Start("help", named, ladder=ladder))
    assert hand is not None
    wire.run(1_000)
    return hand


def fired(seat: Seat, hand: HandId) -> list[bool]:
    return [step.fired for step in seat.hands()[hand].ladder]


# --- Steps -----------------------------------------------------------------------------------------
def test_step_fires_on_every_machine_by_its_own_clock(wire: Wire) -> None:
    hand = wire["ana"].say(Start("help", ("ben",), ladder=(LadderStep(STEP, ("cem",)),)))
    assert hand is not None
    wire.run(STEP - 1)
    assert [fired(seat, hand) for seat in wire.seats] == [[False]] * 3
    wire.run(1)
    assert fired(wire["ana"], hand) == [True]
    wire.run(10)  # the others learnt of it that much later
    assert [fired(seat, hand) for seat in wire.seats] == [[True]] * 3
    wire.run(1_000)
    assert wire["ana"].hands()[hand].reach.sounded == 2


def test_step_that_has_fired_stays_so_when_somebody_comes(wire: Wire) -> None:
    hand = raised(wire, "ben", then=("cem",))
    wire.run(STEP)
    wire["ben"].say(Approach(hand))
    wire.run(1_000)
    assert [fired(seat, hand) for seat in wire.seats] == [[True]] * 3


def test_step_that_has_fired_stays_so_for_who_starts_anew_or_comes_while_somebody_is_coming(wire: Wire) -> None:
    hand = raised(wire, then=("cem",))
    wire.run(STEP)
    wire["ben"].say(Approach(hand))
    wire.run(1_000)
    for name in ("ana", "ben", "cem"):
        wire[name].die()
        wire.run(100)
        wire[name].start()
        wire.introduce()
        wire.run(3_000)
    views = [seat.hands()[hand] for seat in wire.seats]
    assert [(view.level, view.named, view.reach.sounded) for view in views] == [("red", ("cem",), 1)] * 3
    assert wire["cem"].rings(hand) == 1


def test_step_whose_time_came_after_the_claim_does_not_fire_for_who_starts_anew_either(wire: Wire) -> None:
    hand = raised(wire, "ben", then=("cem",))
    wire["ben"].say(Approach(hand))
    wire.run(2 * STEP)
    wire["cem"].die()
    wire.run(100)
    wire["cem"].start()
    wire.introduce()
    wire.run(3_000)
    assert [fired(seat, hand) for seat in wire.seats] == [[False]] * 3
    assert wire["cem"].rings(hand) == 0


def test_here_of_a_step_means_who_is_available_when_its_time_comes(wire: Wire) -> None:
    wire["cem"].say(SetPresence(slots.BUSY))
    hand = raised(wire, "ben", then=("@here",))
    wire["cem"].say(SetPresence(slots.AVAILABLE))
    wire.run(STEP)
    assert wire["cem"].rings(hand) == 1


def test_here_of_a_hand_means_who_was_available_when_it_was_raised(wire: Wire) -> None:
    wire["cem"].say(SetPresence(slots.BUSY))
    wire.run(1_000)
    hand = raised(wire, "@here")
    wire["cem"].say(SetPresence(slots.AVAILABLE))
    wire.run(STEP)
    assert wire["cem"].rings(hand) == 0
    whys = {receipt.member.name: receipt.why for receipt in wire["ana"].hands()[hand].receipts}
    assert whys == {"ben": None, "cem": Why.NOT_HERE}


# --- Facts -----------------------------------------------------------------------------------------
def test_claim_chat_and_withdrawal_are_each_told_to_watchers_once(wire: Wire) -> None:
    hand = raised(wire, "ben")
    ana = wire["ana"]
    ana.facts.clear()
    wire["cem"].say(Approach(hand))
    wire.run(50)
    wire["cem"].say(Say(hand, "coming"))
    wire.run(50)
    assert len(ana.facts_of(EscalationClaimed)) == len(ana.facts_of(EscalationChat)) == 1
    assert ana.facts_of(EscalationClaimed)[0].view.claimed
    assert [line.text for line in ana.facts_of(EscalationChat)[0].view.thread] == ["coming"]
    wire.run(1_000)
    ana.facts.clear()
    wire["cem"].say(Withdraw(hand))
    wire.run(1_000)
    assert not ana.facts_of(EscalationClaimed)
    (told,) = ana.facts_of(EscalationUpdated)
    assert not told.view.claimed


def test_claim_that_ceases_to_count_by_time_alone_is_told(wire: Wire) -> None:
    hand = raised(wire, "ben")
    wire["cem"].say(Approach(hand))
    wire.run(1_000)
    wire["cem"].die()
    wire.run(tuning.CLAIM_OUTLIVES - 5_000)
    wire["ana"].facts.clear()
    wire.run(10_000)
    claims = [fact.view.claimed for fact in wire["ana"].facts_of(EscalationUpdated)]
    assert claims[-1:] == [False]


def test_answer_to_what_is_over_is_told_to_nobody(wire: Wire) -> None:
    hand = raised(wire, "ben")
    wire.cut("ana", "ben", "cem")
    wire["cem"].say(Approach(hand))
    wire.run(500)
    wire["ana"].say(SetPresence(slots.AWAY))
    wire.heal("ana")
    wire.run(3_000)
    assert wire["ana"].facts_of(EscalationClaimed) == []


# --- Rings -----------------------------------------------------------------------------------------
def test_policy_of_repeat_takes_effect_at_once(wire: Wire) -> None:
    hand = raised(wire, "ben")
    wire.run(tuning.MINUTE)
    assert wire["ben"].rings(hand) == 1
    wire["ben"].say(SetPolicy(Policy(repeat=STEP)))
    wire.run(2 * STEP + 100)
    assert wire["ben"].rings(hand) in (3, 4)
    before = wire["ben"].rings(hand)
    wire["ben"].say(SetPolicy(Policy()))
    wire.run(5 * STEP)
    assert wire["ben"].rings(hand) == before


def test_owner_is_not_followed_as_one_who_is_rung(wire: Wire) -> None:
    hand = raised(wire, "@everyone")
    wire.run(10_000)
    assert wire["ana"].rings(hand) == 0
