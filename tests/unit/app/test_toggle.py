"""start, toggle, approach, chat, seen, mute as the daemon answers them, over real nodes."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from escalate_daemon.core.commands import CommandRefused, Mute, Start
from escalate_daemon.core.recents import RECENTS_MAX
from escalate_daemon.core.views import EscalationState
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.requests import answers, hands, presence
from support.one_person import OnePerson

T = TypeVar("T")


@pytest.fixture
def ana(tmp_path: Path) -> OnePerson:
    return OnePerson(tmp_path)


def asked(request: Coroutine[object, object, T]) -> T:
    return asyncio.run(request)


def toggle(ana: OnePerson, *named: str) -> protocol.Escalation:
    request = protocol.StartRequest(message="help", named=list(named), toggle=True)
    answer = asked(hands.start(ana.daemon, request)).escalation
    assert answer is not None
    return answer


# --- One button ------------------------------------------------------------------------------------
def test_toggle_raises_and_ends_and_says_each_by_a_popup_of_its_own(ana: OnePerson) -> None:
    first = toggle(ana, "ben")
    assert (first.state, first.level) == ("active", "red")
    second = toggle(ana, "ben")
    assert (second.id, second.state) == (first.id, "ended")
    assert [words.title for words in ana.said] == ["Your escalation is up: help", "Your escalation has ended"]
    assert toggle(ana).id != first.id


@pytest.mark.parametrize("named", ["nobody", "ana"])
def test_toggle_in_vain_says_so_by_a_popup_and_raises_nothing(ana: OnePerson, named: str) -> None:
    with pytest.raises(CommandRefused):
        toggle(ana, named)
    assert [words.title for words in ana.said] == ["Nothing was raised"]
    assert ana.session.escalations() == []


# --- Recents ---------------------------------------------------------------------------------------
def test_what_was_raised_is_offered_for_reuse_and_what_was_refused_is_not(ana: OnePerson) -> None:
    for number in range(RECENTS_MAX + 2):
        asked(hands.start(ana.daemon, protocol.StartRequest(message=f"help {number}", replace=True)))
    with pytest.raises(CommandRefused):
        asked(hands.start(ana.daemon, protocol.StartRequest(message="never", named=["nobody"], replace=True)))
    assert ana.daemon.recents.all() == tuple(f"help {number}" for number in range(6, 1, -1))
    answer = asked(hands.start(ana.daemon, protocol.StartRequest(recent=2, replace=True))).escalation
    assert answer is not None
    assert answer.message == "help 5"


def test_no_message_at_all_raises_a_hand_alone(ana: OnePerson) -> None:
    answer = asked(hands.start(ana.daemon, protocol.StartRequest())).escalation
    assert answer is not None
    assert (answer.level, answer.message) == ("yellow", None)
    assert ana.daemon.recents.all() == ()


# --- Who will hear it ------------------------------------------------------------------------------
def test_before_it_is_raised_one_is_told_who_is_meant_and_who_is_not_to_be_disturbed(ana: OnePerson) -> None:
    ana.wire["cem"].say(Mute("all"))
    ana.wire.run(1_000)
    answer = asked(hands.plan(ana.daemon, protocol.PlanRequest(named=["@everyone"])))
    assert [(each.member.name, each.undisturbed) for each in answer.expected] == [("ben", False), ("cem", True)]
    assert (answer.level, answer.others_online) == ("red", 2)
    assert ana.session.escalations() == []


def test_nobody_it_is_for_being_there_is_answered(ana: OnePerson) -> None:
    ana.wire["ben"].die()
    ana.wire.run(15_000)
    answer = asked(hands.start(ana.daemon, protocol.StartRequest(named=["ben"])))
    assert answer.reached_nobody


# --- Answers ---------------------------------------------------------------------------------------
def test_approach_claims_the_only_one_and_undo_withdraws_it(ana: OnePerson) -> None:
    hand = ana.other_raises("cem")
    came = asked(answers.approach(ana.daemon, protocol.ApproachRequest())).escalation
    assert came is not None
    assert ([claim.member.name for claim in came.claims], came.id) == (["ana"], hand)
    gone = asked(answers.approach(ana.daemon, protocol.ApproachRequest(undo=True))).escalation
    assert gone is not None
    assert gone.claims == []


@pytest.mark.parametrize("undo", [True, False])
def test_approach_to_nothing_is_refused(ana: OnePerson, *, undo: bool) -> None:
    with pytest.raises(RequestFailed) as refused:
        asked(answers.approach(ana.daemon, protocol.ApproachRequest(undo=undo)))
    assert refused.value.failure.code == "nothing-to-claim"


def test_chat_says_and_reads_also_where_one_is_not_named(ana: OnePerson) -> None:
    hand = ana.other_raises("cem")
    said = asked(answers.chat(ana.daemon, protocol.ChatRequest(who="ben", text="which door?"))).escalation
    read = asked(answers.chat(ana.daemon, protocol.ChatRequest(who=hand))).escalation
    assert said is not None
    assert read is not None
    assert [line.text for line in said.thread] == [line.text for line in read.thread] == ["which door?"]


def test_seen_takes_the_popup_down_here_and_tells_the_owner(ana: OnePerson) -> None:
    hand = ana.other_raises("ana")
    assert hand in ana.wire["ana"].screen
    asked(answers.seen(ana.daemon, protocol.SeenRequest()))
    ana.wire.run(2_000)
    assert hand not in ana.wire["ana"].screen
    assert ana.wire["ben"].hands()[hand].reach.seen == 1


# --- Presence --------------------------------------------------------------------------------------
def test_room_and_away_say_that_the_escalation_has_ended_by_that(ana: OnePerson) -> None:
    for request in (protocol.PresenceRequest(presence="room", room="Blue"), protocol.PresenceRequest(presence="away")):
        ana.session.command(Start("help", ("ben",)))
        answer = asked(presence.presence(ana.daemon, request))
        assert "has ended by that" in answer.warnings[0]
        assert all(view.state is EscalationState.ENDED for view in ana.session.escalations())


def test_mute_and_unmute_tell_what_is_muted(ana: OnePerson) -> None:
    muted = asked(presence.mute(ana.daemon, protocol.MuteRequest(who="@ben", for_s=60.0, on=True)))
    assert [(each.who, each.until is not None) for each in muted.muted] == [("ben", True)]
    assert asked(presence.mute(ana.daemon, protocol.MuteRequest(who="@ben", on=False))).muted == []


def test_alias_is_muted_and_unmuted_as_whom_it_means(tmp_path: Path) -> None:
    ana = OnePerson(tmp_path, OnePerson.settings(aliases={"desk": ("ben", "@team")}))
    muted = asked(presence.mute(ana.daemon, protocol.MuteRequest(who="Desk", on=True)))
    assert [each.who for each in muted.muted] == ["ben", "@team"]
    assert asked(presence.mute(ana.daemon, protocol.MuteRequest(who="desk", on=False))).muted == []
