"""Many commands at once on a machine whose daemon does not run."""

import json

import pytest

from escalate_daemon.ipc.protocol import ListReply
from support.machine import Machine
from support.waiting import until

pytestmark = pytest.mark.end_to_end


def test_twelve_starts_at_once_make_one_daemon_and_one_escalation_and_tell_eleven_why_not(
    alone: Machine,
) -> None:
    alone.run("daemon", "stop").must(0)
    until(lambda: not alone.processes(), "the daemon is gone")
    commands = [alone.spawn("start", "-n", "@everyone", "-m", f"number {number}", "--json") for number in range(12)]
    ended = [(command.communicate(timeout=90), command.returncode) for command in commands]
    raised = [json.loads(out) for (out, _), code in ended if code == 5]
    refused = [json.loads(err)["error"] for (_, err), code in ended if code == 7]
    assert (len(raised), len(refused)) == (1, 11), ended
    assert {error["code"] for error in refused} == {"already-active"}
    (listed,) = alone.ask(ListReply, "list").escalations
    assert listed.id == raised[0]["escalation"]["id"]
    until(lambda: len(alone.processes()) == 1, "one daemon runs")
