"""start, toggle and end: what they send, and what they say."""

import io
import sys

import msgspec
import pytest

from escalate_daemon.ipc import protocol
from support.objects import SPACE, escalation, member, receipt
from support.scripted import Script

from .conftest import Run

UNSETTLED = protocol.PlanReply(
    level="red", message="", expected=[], others_online=0, settled=False
)  # a daemon that has just started cannot say beforehand who is there


@pytest.fixture
def script(script: Script) -> Script:
    script.answers[protocol.PlanRequest] = UNSETTLED
    return script


@pytest.fixture
def up(script: Script) -> Script:
    """Whatever is raised is up."""
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=escalation())
    return script


ENDED = "ended red: caller is threatening, after 12s\n"


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_every_option_is_sent(up: Script, run: Run) -> None:
    run("start", "-m", "printer on fire", "-n", "ana", "--notify", "@team", "--for", "20m", "--replace")
    assert up.asked == [
        protocol.PlanRequest(message="printer on fire", named=["ana", "@team"], replace=True),
        protocol.StartRequest(message="printer on fire", named=["ana", "@team"], max_age_s=1200.0, replace=True),
    ]


def test_toggle_takes_the_same_options(up: Script, run: Run) -> None:
    run("toggle", "-m", "x", "-n", "ana", "--for", "5m")
    assert up.asked == [protocol.StartRequest(message="x", named=["ana"], max_age_s=300.0, toggle=True)]


def test_the_environment_gives_the_message_that_is_left_out(
    up: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATE_MESSAGE", "from the environment")
    run("start")
    run("start", "-m", "given")
    run("start", "-m", "")
    assert [asked.message for asked in up.asked if isinstance(asked, protocol.StartRequest)] == [
        "from the environment",
        "given",
        "",
    ]


def test_a_dash_reads_standard_input(up: Script, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, b"disk is full\n")
    run("start", "-q", "-m", "-")
    assert up.asked == [protocol.StartRequest(message="disk is full\n")]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 1_000_000])
def test_standard_input_that_is_no_message_exits_2(
    content: bytes, up: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, content)
    assert run("start", "-m", "-").code == 2
    assert up.asked == []


def test_quiet_prints_the_id_alone(up: Script, run: Run) -> None:
    ran = run("start", "-q")
    assert (ran.code, ran.out, ran.err) == (0, f"{escalation().id}\n", "")


def test_it_says_who_will_hear_it_and_who_not(script: Script, run: Run) -> None:
    hand = escalation(
        receipts=(
            receipt(member("ben")),
            receipt(member("cleo", presence="away")),
            receipt(member("dan", presence="lost")),
            receipt(member("eve"), why="muted"),
            receipt(member("fay", hears="none")),
            receipt(member("gil")),
            receipt(member("hal", hears="popup")),
        )
    )
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand)
    assert run("start", "-n", "@team").out.splitlines() == [
        "raised red for @team: caller is threatening",
        "will hear it: ben, gil",
        "will only see it: cleo (away), hal (no sound there)",
        "will NOT see it: dan (not reached), eve (do-not-disturb), fay (nothing there to show it on)",
        f"id {hand.id}",
    ]


def test_a_yellow_one_says_that_nobody_is_rung(script: Script, run: Run) -> None:
    hand = escalation(level="yellow", message=None)
    script.answers[protocol.StartRequest] = protocol.EscalationReply(
        escalation=hand, others_online=2, warnings=["your name is odd"]
    )
    ran = run("start")
    assert ran.out.splitlines()[0] == "raised yellow"
    assert ran.out.splitlines()[1] == "2 other members get it, quietly; it names nobody, so nobody is rung"
    assert ran.err == "escalate: your name is odd\n"


def test_toggle_says_that_it_ended(script: Script, run: Run) -> None:
    hand = escalation(state="ended")
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand)
    assert run("toggle").out == ENDED


def test_end_sends_its_note_and_says_what_ended(script: Script, run: Run) -> None:
    hand = escalation(state="ended")
    script.answers[protocol.EndRequest] = protocol.EscalationReply(escalation=hand)
    ran = run("end", "-m", "settled")
    assert (ran.code, ran.out, script.asked) == (0, ENDED, [protocol.EndRequest(note="settled")])


def test_without_a_space_nothing_is_raised_and_the_hint_names_up_and_join(script: Script, run: Run) -> None:
    script.answers[protocol.StartRequest] = protocol.failure("no-space", "no space", "escalate up, or escalate join")
    ran = run("start", "-m", "x")
    assert (ran.code, ran.out) == (8, "")
    assert "join" in ran.err


def test_what_the_daemon_cannot_answer_is_no_traceback(script: Script, run: Run) -> None:
    script.answers[protocol.StartRequest] = protocol.ListReply(escalations=[])
    assert run("start").code == 1
    script.answers.clear()
    ran = run("start")
    assert ran.code == 1
    assert "escalate daemon logs" in ran.err


def test_named_without_a_receipt_yet_are_counted(script: Script, run: Run) -> None:
    hand = escalation(receipts=(receipt(member("ben")),))
    reach = protocol.Reach(named=3, online=2, delivered=1, shown=1, sounded=0, seen=0)
    script.answers[protocol.StartRequest] = protocol.EscalationReply(
        escalation=msgspec.structs.replace(hand, reach=reach)
    )
    assert run("start", "-n", "@team").out.splitlines()[1:3] == [
        "will hear it: ben",
        "of the 3 named 2 can be reached now",
    ]


def test_who_says_whom_it_does_not_reach(script: Script, run: Run) -> None:
    gone = msgspec.structs.replace(member("ben"), online=False)
    script.answers[protocol.WhoRequest] = protocol.WhoReply(space=SPACE, members=[gone], other_spaces=0)
    assert run("who").out.split("\t")[:2] == ["ben", "available (not reached)"]


def test_it_warns_where_all_are_reached_and_none_can_see_it(script: Script, run: Run) -> None:
    hand = escalation(receipts=(receipt(member("ben", hears="none")), receipt(member("cleo"), why="muted")))
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand)
    ran = run("start", "-n", "@team")
    assert ran.code == 0
    assert "nobody it is for can see it now" in ran.err
