"""Exit codes: the contract's table, and where each command departs from it."""

import json
from pathlib import Path
from typing import get_args

import pytest

from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import ErrorCode, failure
from support.objects import escalation, member, receipt
from support.scripted import Script

from .conftest import Run

TABLE = {
    1: "failed no-answer",
    2: "usage",
    3: "no-daemon",
    4: "unknown-name",
    6: "timed-out",
    7: "already-active in-a-room nothing-to-claim",
    8: "no-space not-a-member invite-used invite-expired not-allowed",
}


def test_every_error_code_has_the_contracts_exit_code() -> None:
    assert {code: number for number, codes in TABLE.items() for code in codes.split()} == protocol.EXITS
    assert set(protocol.EXITS) == set(get_args(ErrorCode))


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_a_refusal_of_the_daemon_exits_with_its_code(code: ErrorCode, script: Script, run: Run) -> None:
    script.answers[protocol.StartRequest] = failure(code, "not so", "do this")
    ran = run("start")
    assert (ran.code, ran.out) == (protocol.EXITS[code], "")
    assert ran.err == "escalate: not so\n          do this\n"


def test_a_red_that_reaches_nobody_is_printed_and_exits_5(script: Script, run: Run) -> None:
    lost = member("ben", presence="lost")
    hand = escalation(receipts=(receipt(lost),))
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand, reached_nobody=True)
    ran = run("start", "-n", "ben", "--json")
    assert ran.code == 5
    assert json.loads(ran.out)["escalation"]["id"] == hand.id
    assert "error" not in ran.err
    assert "nobody it is for" in ran.err
    assert "will NOT see it: ben (not reached)" in ran.err


def test_quiet_does_not_hide_that_nobody_was_reached(script: Script, run: Run) -> None:
    hand = escalation(level="yellow")
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=hand, reached_nobody=True)
    ran = run("start", "-q")
    assert (ran.code, ran.out) == (5, f"{hand.id}\n")
    assert "nobody else can see it now" in ran.err


@pytest.mark.parametrize(
    ("command", "request_type", "reply"),
    [
        ("list", protocol.ListRequest, protocol.ListReply(escalations=[], in_space=False)),
        ("end", protocol.EndRequest, protocol.EscalationReply(escalation=None, in_space=False)),
        ("who", protocol.WhoRequest, protocol.WhoReply(space=None, members=[], other_spaces=0)),
        (
            "status",
            protocol.StatusRequest,
            protocol.StatusReply(me=None, space=None, hear=protocol.Hear(others=0, online=0), escalations=[]),
        ),
        ("leave", protocol.LeaveRequest, failure("no-space", "you are in no space")),
        ("watch", protocol.ListRequest, protocol.ListReply(escalations=[], in_space=False)),
    ],
)
def test_without_a_space_these_exit_0_with_a_hint(
    command: str,
    request_type: type[protocol.Request],
    reply: protocol.AnyReply | protocol.RequestFailed,
    script: Script,
    run: Run,
) -> None:
    script.answers[request_type] = reply
    ran = run(command)
    assert ran.code == 0
    assert "escalate join" in ran.err


def test_leave_without_a_space_still_prints_its_object(script: Script, run: Run) -> None:
    script.answers[protocol.LeaveRequest] = failure("no-space", "you are in no space")
    assert json.loads(run("leave", "--json").out) == {"v": 1, "space": None, "me": None}


def test_end_of_nothing_exits_0(script: Script, run: Run) -> None:
    script.answers[protocol.EndRequest] = protocol.EscalationReply(escalation=None)
    assert run("end").code == 0


@pytest.mark.parametrize("action", ["status", "stop"])
def test_status_and_stop_never_start_the_daemon(action: str, run: Run) -> None:
    assert run("daemon", action).code == 3


def test_status_of_no_daemon_prints_its_object(run: Run) -> None:
    printed = json.loads(run("daemon", "status", "--json").out)
    assert printed["running"] is False
    assert printed["pid"] is None
    assert printed["socket"]


def test_a_prompt_starts_no_daemon_and_says_nothing(run: Run) -> None:
    ran = run("list", "--prompt")
    assert (ran.code, ran.out, ran.err) == (3, "", "")


@pytest.mark.parametrize(
    "argv",
    [
        ["start", "--for", "soon"],
        ["start", "--for", "0s"],
        ["start", "--fro", "5m"],
        ["start", "-m"],
        ["start", "-m", "x" * 10_000],
        ["start", "-m", "\udcff"],
        ["join"],
        ["join", "esc1-x", "--open", "demo"],
        ["invite", "--for", "5"],
        ["invite", "revoke"],
        ["group"],
        ["config", "set", "me.nmae", "Ana"],
        ["config", "set", "daemon.port", "many"],
        ["lsit"],
        ["chat"],
        [],
    ],
)
def test_wrong_usage_exits_2_with_a_reason(argv: list[str], script: Script, run: Run) -> None:
    ran = run(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("escalate: ")
    assert script.asked == []


def test_settings_that_cannot_be_changed_exit_1_whatever_was_typed(run: Run, home: Path) -> None:
    (home / "config.toml").write_text("[me")
    ran = run("config", "set", "me.name", "Ana")
    assert ran.code == 1
    assert str(home / "config.toml") in ran.err
    assert "config show" not in ran.err


def test_wrong_usage_is_an_object_with_json(run: Run) -> None:
    error = json.loads(run("start", "--for", "soon", "--json").err)["error"]
    assert (error["code"], error["exit"]) == ("usage", 2)


def test_a_folder_that_cannot_hold_a_socket_exits_3_naming_the_mend(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from escalate_daemon import paths

    def refuse(environ: object) -> paths.Paths:
        raise paths.PathsError("set ESCALATE_HOME to a short path")

    monkeypatch.setattr(paths, "find", refuse)
    ran = run("list")
    assert ran.code == 3
    assert "ESCALATE_HOME" in ran.err


def test_an_interrupt_exits_130_without_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from escalate_cli import client

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "line", interrupt)
    ran = run("list")
    assert (ran.code, ran.out, ran.err) == (130, "", "")
