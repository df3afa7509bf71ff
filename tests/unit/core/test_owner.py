from dataclasses import dataclass, field

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.hands import Known
from escalate_daemon.core.owner import Owner
from escalate_daemon.core.slots import YELLOW, Hand
from support.ring_ledger import ONE, START, Ledger, known, show

ALARM, CALM = show(Urgency.URGENT), show(Urgency.QUIET)
ENDS_SOON = tuning.MAX_AGE - tuning.WARN_BEFORE_END


@dataclass
class Told:
    """The owner's own pop-up of one hand; its reports come at once."""

    hand: Known = field(default_factory=known)
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.owner = Owner(self.ledger.ctx, self.ledger.rings, lambda hand: hand.id in self.ledger.claimed)

    def at(self, age: int, *, claimed: bool = False, said: bool = False) -> list[object]:
        """What is shown at this age."""
        self.ledger.ctx.now = START + age
        self.ledger.claimed = {ONE} if claimed else set()
        self.owner.follow(self.hand, said=said)
        self.ledger.rings.shown(self.hand, None)
        return [*self.ledger.done()]


@pytest.fixture
def told() -> Told:
    return Told()


def test_owner_is_told_loudly_after_the_set_time_that_nobody_comes_and_once(told: Told) -> None:
    assert told.at(60 * tuning.SECOND - 1) == []
    assert told.owner.next_deadline(told.hand) == START + 60 * tuning.SECOND
    assert told.at(60 * tuning.SECOND) == [ALARM]
    assert told.at(tuning.HOUR) == []
    assert told.owner.next_deadline(told.hand) == START + ENDS_SOON


def test_set_time_is_the_policys_and_0_is_never(told: Told) -> None:
    told.owner.warn_after = 5_000
    assert told.at(5_000) == [ALARM]
    other = Told()
    other.owner.warn_after = 0
    assert (other.at(tuning.HOUR), other.owner.next_deadline(other.hand)) == ([], START + ENDS_SOON)


def test_yellow_of_which_nobody_takes_notice_is_told_quietly() -> None:
    told = Told(hand=known())
    told.hand.hand = Hand(ONE, YELLOW)
    assert told.at(tuning.WARN_AFTER) == [CALM]


def test_claim_is_told_quietly_and_spares_the_warning(told: Told) -> None:
    assert told.at(10_000, claimed=True) == [CALM]
    assert told.at(tuning.HOUR, claimed=True) == []


def test_claim_that_counts_no_more_is_told_loudly_whatever_the_age(told: Told) -> None:
    told.at(10_000, claimed=True)
    assert told.at(20_000) == [ALARM]
    assert told.at(30_000, claimed=True) == [CALM]
    assert told.at(40_000) == [ALARM]


def test_what_was_said_is_told_and_moves_no_warning(told: Told) -> None:
    assert told.at(10_000, said=True) == [CALM]
    assert told.at(tuning.WARN_AFTER) == [ALARM]
    assert told.at(tuning.WARN_AFTER + 1, said=True) == [CALM]


@pytest.mark.parametrize("claimed", [True, False])
def test_near_end_is_told_loudly_and_once_also_where_somebody_comes(told: Told, *, claimed: bool) -> None:
    told.at(tuning.WARN_AFTER, claimed=claimed)
    assert told.at(ENDS_SOON - 1, claimed=claimed) == []
    assert told.at(ENDS_SOON, claimed=claimed) == [ALARM]
    assert told.at(tuning.MAX_AGE - 1, claimed=claimed) == []
    assert told.owner.next_deadline(told.hand) is None


def test_short_life_is_warned_of_at_three_quarters(told: Told) -> None:
    told.hand.hand = Hand(ONE, YELLOW, max_age=40_000)
    assert told.at(29_999) == []
    assert told.at(30_000) == [ALARM]


def test_next_run_tells_nothing_twice_and_what_is_new(told: Told) -> None:
    told.at(tuning.WARN_AFTER)
    after = Told(told.hand, told.ledger.restarted())
    assert after.at(tuning.HOUR) == []
    assert after.at(tuning.HOUR, claimed=True) == [CALM]


def test_popup_of_mine_that_nothing_could_show_is_tried_again(told: Told) -> None:
    told.ledger.ctx.now += tuning.WARN_AFTER
    told.owner.follow(told.hand)
    told.ledger.rings.not_shown(told.hand)
    assert told.ledger.done() == [ALARM]
    told.ledger.ctx.now += tuning.RESHOW_EVERY
    told.owner.follow(told.hand)
    assert told.ledger.done() == [ALARM]


def test_what_is_told_anew_comes_up_though_what_was_before_it_was_touched(told: Told) -> None:
    told.at(10_000, claimed=True)
    told.ledger.rings.seen(told.hand)
    assert told.at(20_000) == [ALARM]
