"""up, join, leave, invite: what they send, and when they ask."""

from collections.abc import Iterator

import pytest

from escalate_cli import output
from escalate_cli.commands import up as up_command
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from support.objects import AT, SPACE, member
from support.scripted import Script, serving

from .conftest import Run

IN = protocol.SpaceReply(space=SPACE, me=member(me=True), talk=["your fingerprint: abc"])


class Nearby(Script):
    """Others are near, so `up` makes no space until it is told to."""

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        self.asked.append(request)
        near = isinstance(request, protocol.UpRequest) and not request.new
        return protocol.NearbyReply(other_spaces=2) if near else IN


@pytest.fixture
def nearby(where: paths.Paths) -> Iterator[Nearby]:
    script = Nearby()
    with serving(where.socket, script):
        yield script


def answering(monkeypatch: pytest.MonkeyPatch, *, asked: bool, yes: bool = False) -> None:
    monkeypatch.setattr(up_command, "can_ask", lambda: asked)
    monkeypatch.setattr(up_command, "confirm", lambda _: yes)


def test_up_in_a_script_warns_of_others_and_makes_a_space(
    nearby: Nearby, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, asked=False)
    ran = run("up", "floor-2")
    assert ran.code == 0
    assert "2 others are near" in ran.err
    assert nearby.asked == [protocol.UpRequest(name="floor-2"), protocol.UpRequest(name="floor-2", new=True)]


def test_up_on_a_terminal_asks_and_takes_no(nearby: Nearby, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, asked=True)
    ran = run("up")
    assert (ran.code, ran.out) == (1, "")
    assert len(nearby.asked) == 1


def test_up_on_a_terminal_makes_one_after_yes(nearby: Nearby, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, asked=True, yes=True)
    assert run("up").out == "up in floor-2 as ana\n"


def test_new_and_open_are_sent(script: Script, run: Run) -> None:
    script.answers[protocol.UpRequest] = IN
    run("up", "demo", "--new", "--open")
    assert script.asked == [protocol.UpRequest(name="demo", new=True, open=True)]


def test_join_sends_code_host_and_yes_and_tells_the_fingerprint(script: Script, run: Run) -> None:
    script.answers[protocol.JoinRequest] = IN
    ran = run("join", "ESC1-abc", "desk4:7000", "--yes")
    assert script.asked == [protocol.JoinRequest(code="ESC1-abc", host="desk4:7000", yes=True)]
    assert "your fingerprint: abc" in ran.err
    assert run("join", "--open", "demo", "-q").out == ""
    assert script.asked[-1] == protocol.JoinRequest(open_name="demo")


def test_leave_sends_forget(script: Script, run: Run) -> None:
    script.answers[protocol.LeaveRequest] = IN
    run("leave", "--forget")
    assert script.asked == [protocol.LeaveRequest(forget=True)]


def test_an_invite_prints_the_command_alone_on_stdout(script: Script, run: Run) -> None:
    script.answers[protocol.InviteRequest] = protocol.InviteReply(
        code="esc1-x", command="escalate join esc1-x", expires_at=AT, uses=None
    )
    ran = run("invite", "--reusable", "--for", "30d")
    assert ran.out == "escalate join esc1-x\n"
    assert "any number of uses" in ran.err
    assert script.asked == [protocol.InviteRequest(reusable=True, for_s=2_592_000.0)]


def test_a_question_is_no_unless_it_is_yes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import io
    import sys

    for typed, meant in (("y\n", True), ("YES\n", True), ("\n", False), ("", False), ("n\n", False)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        assert output.confirm("all the same?") is meant
    assert capsys.readouterr().out == ""
