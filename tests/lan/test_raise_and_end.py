"""One red raised, shown, heard and ended, on a clean wire and where a fifth of all is lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from escalate_daemon.ipc.protocol import Escalation, EscalationReply, ListReply
from support.popups import Event
from support.room import CALLER, Room
from support.waiting import Figures, Stopwatch, never

pytestmark = pytest.mark.lan


@dataclass
class Story:
    """What a red did from its raising to its end, as everybody saw it."""

    hand: str
    loss: int
    seconds: float = 0.0  # from the command's start to the last pop-up
    listed: dict[str, list[Escalation]] = field(default_factory=dict)
    owner_view: Escalation | None = None
    popups: dict[str, list[Event]] = field(default_factory=dict)
    rings_heard: dict[str, int] = field(default_factory=dict)
    left_up: dict[str, list[Event]] = field(default_factory=dict)
    popups_at_end: dict[str, list[Event]] = field(default_factory=dict)


@pytest.fixture(scope="module", params=[0, 20], ids=["clean", "a-fifth-lost"])
def story(together: Room, figures: Figures, request: pytest.FixtureRequest) -> Iterator[Story]:
    """The whole story, told once for each wire."""
    loss: int = request.param
    wire = f"{loss} % loss"
    ana, ben, cyd = together.ana, together.ben, together.cyd
    together.settle()
    together.lan.lose(loss)
    watch = Stopwatch()
    raised = ana.machine.run("start", "-m", CALLER, "--notify", "@team", "--json").must(0)
    figures.note(f"start to its answer, {wire}", watch.seconds())
    escalation = raised.read(EscalationReply).escalation
    assert escalation is not None
    told = Story(hand=escalation.id, loss=loss)
    last = max(host.until_popup().time for host in (ben, cyd))
    told.seconds = watch.until_event(last)
    figures.note(f"start to the last pop-up, {wire}", told.seconds, 2)
    told.owner_view = ana.until_told_sounded(told.hand)
    figures.note(f"start to reach shown and sounded, {wire}", watch.seconds())
    for host in together.all:
        told.listed[host.name] = host.machine.ask(ListReply, "list").escalations
        told.popups[host.name] = host.desk.popups()
    ending = Stopwatch()
    ana.machine.run("end").must(0)
    ben.until_no_popup()
    cyd.until_no_popup()
    figures.note(f"end to both pop-ups closed, {wire}", ending.seconds())
    for host in together.all:
        told.left_up[host.name] = host.desk.up()
        told.rings_heard[host.name] = host.desk.tones()
        told.popups_at_end[host.name] = host.desk.popups()
    yield told
    together.lan.heal_all()


def test_on_a_clean_wire_everybody_is_told_within_two_seconds(story: Story) -> None:
    assert story.loss or story.seconds < 2


def test_the_named_get_one_critical_popup(story: Story) -> None:
    (popup,) = story.popups["ben"]
    assert popup.critical
    assert CALLER in popup.title + popup.body


def test_the_others_get_one_normal_popup_in_red(story: Story) -> None:
    (popup,) = story.popups["cyd"]
    assert not popup.critical
    assert popup.colour == "red"
    assert CALLER in popup.title + popup.body


def test_only_the_named_hear_the_tone(story: Story) -> None:
    assert story.rings_heard == {"ana": 0, "ben": 1, "cyd": 0}


def test_all_three_list_the_same_escalation(story: Story) -> None:
    for name, listed in story.listed.items():
        (escalation,) = listed
        assert escalation.id == story.hand, name
        assert (escalation.level, escalation.message, escalation.state) == ("red", CALLER, "active"), name
        assert escalation.owner.name == "ana", name
        assert escalation.named == ["@team"], name


def test_the_owner_is_told_who_was_reached(story: Story) -> None:
    assert story.owner_view is not None
    reach = story.owner_view.reach
    assert (reach.named, reach.online, reach.delivered, reach.shown, reach.sounded) == (1, 1, 1, 1, 1)
    (receipt,) = story.owner_view.receipts
    assert receipt.member.name == "ben"
    assert receipt.shown_at is not None
    assert receipt.sounded_at is not None
    assert receipt.why is None


def test_ending_closes_every_popup_and_shows_no_other(story: Story) -> None:
    assert story.left_up["ben"] == story.left_up["cyd"] == []
    assert {name: len(came) for name, came in story.popups_at_end.items()} == {"ana": 0, "ben": 1, "cyd": 1}


def test_a_hand_without_a_message_is_seen_by_all_without_sound(together: Room) -> None:
    together.settle()
    hand = together.start(together.ana)
    for host in (together.ben, together.cyd):
        host.until_popup()
        seen = host.until_sees(hand)
        assert (seen.level, seen.message) == ("yellow", None)
        (popup,) = host.desk.up()
        assert not popup.critical
        assert popup.colour == "yellow"
    never(lambda: not all(host.desk.silent() for host in together.all), "a yellow one sounds", for_s=1.0)


def test_a_yellow_message_is_seen_by_all_without_sound(together: Room) -> None:
    together.settle()
    hand = together.start(together.cyd, "-m", "how do I park a call?")
    for host in (together.ana, together.ben):
        host.until_popup()
        (popup,) = host.desk.up()
        assert "how do I park a call?" in popup.title + popup.body
        assert not popup.critical
    view = together.cyd.machine.sees(hand)
    assert view is not None
    assert (view.reach.named, view.reach.shown) == (0, 0)
    never(lambda: not all(host.desk.silent() for host in together.all), "a yellow one sounds", for_s=1.0)


def test_everyone_rings_all_but_oneself(together: Room) -> None:
    together.settle()
    hand = together.start(together.ben, "-m", "fire drill", "-n", "@everyone")
    for host in (together.ana, together.cyd):
        host.until_rung()
    together.ana.until_heard()
    together.cyd.until_heard()
    view = together.ben.until_sees(hand)
    assert view.reach.named == 2
    assert together.ben.desk.silent()
