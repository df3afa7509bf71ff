"""Answers and presence on both sides of a cut: nothing lost, everyone told, and all agree at the end."""

from escalate_daemon.core import tuning
from escalate_daemon.core.commands import Approach, EndMine, Say, SetPresence, Start, Withdraw
from escalate_daemon.core.facts import EscalationClaimed
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState
from support.core_wire import Wire

NAMES = ("ana", "ben", "cem", "dora")
HEALED = 15_000  # ms: links that broke are made anew, and compared


def raised(*names: str) -> tuple[Wire, HandId]:
    """Ana's red for everyone, known to all."""
    wire = Wire(*names)
    wire.run(5_000)
    hand = wire["ana"].say(Start("help", ("@everyone",)))
    assert hand is not None
    wire.run(2_000)
    assert all(hand in seat.hands() for seat in wire.seats)
    return wire, hand


def claimants(wire: Wire, hand: HandId) -> list[set[str]]:
    """Who comes, as each sees it."""
    return [{claim.member.name for claim in seat.hands()[hand].claims if claim.counts} for seat in wire.seats]


def test_two_claims_on_two_sides_of_a_cut_both_stand_and_each_rings_nobody_again() -> None:
    wire, hand = raised(*NAMES)
    for here in ("ana", "ben"):
        wire.cut(here, "cem", "dora")
    wire.run(1_000)
    wire["ben"].say(Approach(hand))
    wire["cem"].say(Approach(hand))
    wire.run(2_000)
    assert claimants(wire, hand) == [{"ben"}, {"ben"}, {"cem"}, {"cem"}]
    for here in ("ana", "ben"):
        wire.heal(here, "cem", "dora")
    wire.run(HEALED)
    assert claimants(wire, hand) == [{"ben", "cem"}] * 4
    told = [fact.view for fact in wire["ana"].facts_of(EscalationClaimed)]
    assert {claim.member.name for claim in told[-1].claims} == {"ben", "cem"}
    assert [wire[name].rings(hand) for name in NAMES[1:]] == [1, 1, 1]


def test_a_claim_on_what_ended_meanwhile_beyond_a_cut_ends_everywhere_and_rings_nobody() -> None:
    wire, hand = raised(*NAMES)
    wire.cut("dora")
    wire.run(1_000)
    wire["ana"].say(EndMine("found one"))
    wire["dora"].say(Approach(hand))
    wire["dora"].say(Say(hand, "on my way"))
    wire.run(5_000)
    assert wire["dora"].hands()[hand].ended_ago is None
    wire.heal("dora")
    wire.run(HEALED)
    for seat in wire.seats:
        view = seat.hands()[hand]
        assert (view.state, view.note) == (EscalationState.ENDED, "found one"), seat.name
    assert hand not in wire["dora"].screen
    assert wire["dora"].rings(hand) == 1


def test_a_claim_withdrawn_beyond_a_cut_no_longer_counts_after_it() -> None:
    wire, hand = raised(*NAMES)
    wire["dora"].say(Approach(hand))
    wire.run(2_000)
    wire.cut("dora")
    wire.run(1_000)
    wire["dora"].say(Withdraw(hand))
    wire["ben"].say(Approach(hand))
    wire.run(2_000)
    assert claimants(wire, hand)[0] == {"ben", "dora"}  # it counts for a minute yet: nobody has heard otherwise
    wire.heal("dora")
    wire.run(HEALED)
    assert claimants(wire, hand) == [{"ben"}] * 4


def test_lines_said_on_both_sides_of_a_cut_are_all_in_one_thread_for_all() -> None:
    wire, hand = raised(*NAMES)
    wire.cut("dora")
    wire.run(1_000)
    for name, words in (("ana", "one"), ("dora", "two"), ("cem", "three"), ("dora", "four")):
        wire[name].say(Say(hand, words))
        wire.run(500)
    wire.heal("dora")
    wire.run(HEALED)
    threads = [[(line.member.name, line.text) for line in seat.hands()[hand].thread] for seat in wire.seats]
    assert threads == [[("ana", "one"), ("dora", "two"), ("cem", "three"), ("dora", "four")]] * 4


def test_presence_changed_on_both_sides_of_a_cut_is_known_to_all_and_ends_what_it_ends() -> None:
    wire, hand = raised(*NAMES)
    mine = wire["dora"].say(Start("dora's", ("ben",)))
    assert mine is not None
    wire.run(2_000)
    wire.cut("dora")
    wire.run(1_000)
    wire["ana"].say(SetPresence("room", "Blue"))
    wire["dora"].say(SetPresence("away"))
    wire["ben"].say(SetPresence("busy"))
    wire.run(5_000)
    wire["ana"].say(SetPresence("available"))
    wire.heal("dora")
    wire.run(HEALED)
    wanted = {"ana": "available", "ben": "busy", "cem": "available", "dora": "away"}
    for seat in wire.seats:
        assert {member.name: member.presence for member in seat.live.members(seat.now)} == wanted, seat.name
        ends = {each: seat.hands()[each].end_reason for each in (hand, mine)}
        assert [reason and reason.value for reason in ends.values()] == ["room", "away"], seat.name
        assert not seat.screen, seat.name
    assert wire["cem"].rings(mine) == 0


def test_a_claimant_who_dies_beyond_a_cut_counts_for_a_minute_and_then_the_hand_is_unclaimed() -> None:
    wire, hand = raised(*NAMES)
    wire["dora"].say(Approach(hand))
    wire.run(2_000)
    wire["dora"].vanish()
    wire.run(20_000)
    assert claimants_of_the_living(wire, hand) == [{"dora"}] * 3
    wire.run(tuning.CLAIM_OUTLIVES)
    assert claimants_of_the_living(wire, hand) == [set()] * 3


def claimants_of_the_living(wire: Wire, hand: HandId) -> list[set[str]]:
    return [{c.member.name for c in seat.hands()[hand].claims if c.counts} for seat in wire.up()]
