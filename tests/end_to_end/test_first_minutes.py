"""What the README tells a newcomer to type, on one machine."""

import json

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, EscalationReply, ListReply, StatusReply
from support.machine import Machine

pytestmark = pytest.mark.end_to_end


def test_up_then_start_then_list_then_end(fresh: Machine) -> None:
    up = fresh.run("up", "Floor", "--new").must(0)
    assert "Floor" in up.out + up.err
    started = fresh.run("start", "-m", "caller is threatening").must(5)
    assert "nobody" in (started.out + started.err).lower()
    (listed,) = fresh.ask(ListReply, "list").escalations
    assert (listed.level, listed.message, listed.state) == ("yellow", "caller is threatening", "active")
    assert listed.owner.me
    assert "caller is threatening" in fresh.run("list").must(0).out
    ended = fresh.ask(EscalationReply, "end").escalation
    assert ended is not None
    assert (ended.id, ended.state, ended.end_reason) == (listed.id, "ended", "owner")
    assert fresh.ask(ListReply, "list").escalations == []
    fresh.run("end").must(0)


def test_a_raised_hand_survives_its_daemons_restart(alone: Machine) -> None:
    alone.run("start", "-m", "still here").must(5)
    (before,) = alone.ask(ListReply, "list").escalations
    alone.run("daemon", "restart").must(0)
    (after,) = alone.ask(ListReply, "list").escalations
    assert (after.id, after.message) == (before.id, "still here")
    assert after.age_s >= before.age_s


def test_any_command_starts_the_daemon_but_status_and_stop(fresh: Machine) -> None:
    assert not fresh.ask(DaemonReply, "daemon", "status", exits=(3,)).running
    fresh.run("daemon", "stop").must(3)
    assert fresh.processes() == []
    fresh.run("list").must(0)
    assert fresh.ask(DaemonReply, "daemon", "status").running


def test_status_shows_me_my_space_and_who_would_hear(settled: Machine) -> None:
    status = settled.ask(StatusReply, "status")
    assert status.me is not None
    assert status.me.name == "ana"
    assert status.space is not None
    assert status.space.name == "Floor"
    assert (status.hear.others, status.hear.online) == (0, 0)


def test_toggle_raises_and_then_ends(settled: Machine) -> None:
    settled.run("toggle", "-m", "help").must(5)
    assert len(settled.ask(ListReply, "list").escalations) == 1
    settled.run("toggle").must(0)
    assert settled.ask(ListReply, "list").escalations == []


def test_quiet_start_prints_the_id_settled(settled: Machine) -> None:
    started = settled.run("start", "-q", "-m", "help").must(5)
    (listed,) = settled.ask(ListReply, "list").escalations
    assert started.out == f"{listed.id}\n"


def test_the_message_comes_from_stdin_or_the_environment(settled: Machine) -> None:
    settled.run("start", "-m", "-", given="two\nlines\n").must(5)
    (listed,) = settled.ask(ListReply, "list").escalations
    assert listed.message == "two lines"
    settled.run("end").must(0)
    settled.run("start", ESCALATE_MESSAGE="from the environment").must(5)
    (listed,) = settled.ask(ListReply, "list").escalations
    assert listed.message == "from the environment"


def test_every_key_of_an_escalation_is_always_there(settled: Machine) -> None:
    printed = json.loads(settled.run("start", "--json").must(5).out)
    assert printed.keys() == {"v", "escalation"}
    escalation = printed["escalation"]
    assert escalation.keys() >= {"id", "owner", "level", "message", "named", "ladder", "state", "started_at"}
    assert escalation.keys() >= {
        "age_s",
        "ended_at",
        "end_reason",
        "note",
        "claims",
        "reach",
        "receipts",
        "thread",
    }
    assert escalation["message"] is None
    assert escalation["claims"] == []
    assert "" not in escalation["owner"].values()
