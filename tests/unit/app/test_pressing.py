"""Buttons of pop-ups: each does what its verb does, and a press that can do nothing says so."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from escalate_cli.verbs import VERBS
from escalate_daemon import config
from escalate_daemon.core import slots
from escalate_daemon.core.commands import EndMine, SetPresence, Start
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState
from escalate_daemon.ipc import protocol
from escalate_daemon.notify.base import Press
from escalate_daemon.pressing import WAITING_MAX, Pressing
from escalate_daemon.requests import answers, hands
from support.one_person import OnePerson
from support.waiting import soon


@pytest.fixture
def ana(tmp_path: Path) -> OnePerson:
    return OnePerson(tmp_path)


def press(ana: OnePerson, *presses: tuple[HandId, Press], done: Callable[[], bool]) -> None:
    async def scenario() -> None:
        pressing = Pressing(ana.daemon)
        running = asyncio.create_task(pressing.run())
        for each in presses:
            pressing.press(*each)
        try:
            await soon(done, "it is done")
        finally:
            running.cancel()
            await asyncio.wait([running])
            await ana.daemon.actions.aclose()

    asyncio.run(scenario())


def coming(ana: OnePerson, hand: HandId) -> list[str]:
    return [claim.member.name for claim in ana.view(hand).claims]


VERB_OF = {Press.APPROACH: "approach", Press.WITHDRAW: "approach", Press.CHAT: "chat", Press.END: "end"}


def test_every_button_has_a_verb() -> None:
    assert VERB_OF.keys() == set(Press)
    assert set(VERB_OF.values()) <= set(VERBS)


def test_approach_claims_like_the_verb(ana: OnePerson) -> None:
    hand = ana.other_raises("ana")
    press(ana, (hand, Press.APPROACH), done=lambda: coming(ana, hand) == ["ana"])
    assert [claim.member.name for claim in ana.wire["ben"].hands()[hand].claims] == ["ana"]
    assert ana.said == []


def test_a_double_click_goes_once(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    goes = ("sh", "-c", f'echo "$ESCALATE_EVENT_ID" >> {ran}')
    ana = OnePerson(tmp_path / "home", OnePerson.settings(approach=config.Approach(goes)))
    one, other = ana.other_raises("ana"), ana.other_raises("ana", name="cem")
    approach = Press.APPROACH
    clicks = (one, approach), (one, approach), (other, approach)
    press(ana, *clicks, done=lambda: ran.exists() and other in ran.read_text())
    assert ran.read_text().split() == [one, other]


def test_not_coming_withdraws_like_the_verb(ana: OnePerson) -> None:
    hand = ana.other_raises("ana")
    asyncio.run(answers.approach(ana.daemon, protocol.ApproachRequest()))
    press(ana, (hand, Press.WITHDRAW), done=lambda: coming(ana, hand) == [])
    assert ana.said == []


def test_end_it_ends_mine_like_the_verb(ana: OnePerson) -> None:
    asyncio.run(hands.start(ana.daemon, protocol.StartRequest(message="help", named=["ben"])))
    (mine,) = ana.session.escalations()
    press(ana, (mine.id, Press.END), done=lambda: ana.view(mine.id).state is EscalationState.ENDED)


def test_end_it_of_a_popup_whose_hand_was_replaced_ends_nothing_else(ana: OnePerson) -> None:
    first = ana.session.command(Start("one", ("ben",)))
    ana.session.command(EndMine())
    second = ana.session.command(Start("two", ("ben",)))
    other = ana.other_raises("ana")
    assert first is not None
    assert second is not None
    press(ana, (first, Press.END), (other, Press.APPROACH), done=lambda: coming(ana, other) == ["ana"])
    assert ana.view(second).state is EscalationState.ACTIVE


def test_chat_opens_the_person_s_program_or_names_what_to_type(tmp_path: Path) -> None:
    program = ("sh", "-c", f'echo "$ESCALATE_EVENT_ID" > {tmp_path}/opened')
    ana = OnePerson(tmp_path / "home", OnePerson.settings(chat=config.Chat(program)))
    hand = ana.other_raises("ana")
    press(ana, (hand, Press.CHAT), done=(tmp_path / "opened").exists)
    broken = OnePerson(tmp_path / "home2", OnePerson.settings(chat=config.Chat(("false",))))
    hand = broken.other_raises("ana")
    press(broken, (hand, Press.CHAT), done=lambda: bool(broken.said))
    assert f"escalate chat {hand}" in broken.said[0].body


@pytest.mark.parametrize("why", ["in a room", "ended", "no session"])
def test_press_that_can_do_nothing_says_why_in_a_popup(ana: OnePerson, why: str) -> None:
    hand = ana.other_raises("ana")
    if why == "in a room":
        ana.session.command(SetPresence(slots.ROOM, "Blue"))
    elif why == "ended":
        ana.wire["ben"].say(EndMine())
        ana.wire.run(1_000)
    else:
        ana.daemon.session = None
    press(ana, (hand, Press.APPROACH), done=lambda: bool(ana.said))
    assert ana.said[0].title == "Not now"
    assert coming(ana, hand) == []


def test_approach_program_that_fails_is_told_though_one_is_coming(tmp_path: Path) -> None:
    ana = OnePerson(tmp_path, OnePerson.settings(approach=config.Approach(("false",))))
    hand = ana.other_raises("ana")
    press(ana, (hand, Press.APPROACH), done=lambda: bool(ana.said))
    assert "false exited with 1" in ana.said[0].body
    assert coming(ana, hand) == ["ana"]


def test_presses_are_bounded_and_those_dropped_are_logged(ana: OnePerson, caplog: pytest.LogCaptureFixture) -> None:
    pressing = Pressing(ana.daemon)
    with caplog.at_level(logging.WARNING):
        for number in range(WAITING_MAX + 1):
            pressing.press(HandId(f"{number:016x}"), Press.CHAT)
    assert caplog.text.count("is dropped") == 1
