"""start --wait: what it waits for, and how each end of it is told."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Escalation, Event
from support.objects import AT, escalation, member, receipt
from support.scripted import Script, serving
from support.waiting import until

from .conftest import Run

NOBODY_YET = protocol.Reach(named=1, online=1, delivered=0, shown=0, sounded=0, seen=0)
HAND = msgspec.structs.replace(escalation(), reach=NOBODY_YET)


def reached(**numbers: int) -> Escalation:
    return msgspec.structs.replace(HAND, reach=msgspec.structs.replace(HAND.reach, **numbers))


def claimed(*labels: str, counts: bool = True) -> Escalation:
    claims = [protocol.Claim(member=member(label), at=AT, counts=counts) for label in labels]
    return msgspec.structs.replace(HAND, claims=claims)


def ended(reason: protocol.EndReason = "room") -> Escalation:
    return msgspec.structs.replace(HAND, state="ended", ended_at=AT, end_reason=reason)


def listed(*later: Event) -> list[Event]:
    return [Event(event="raised", escalation=HAND), Event(event="ready"), *later]


def telling(script: Script, *later: Event) -> None:
    script.answers |= {
        protocol.StartRequest: protocol.EscalationReply(escalation=HAND, reached_nobody=True),
        protocol.ListRequest: protocol.ListReply(escalations=[]),
    }
    script.events = listed(*later)


CLAIMED = Event(event="claimed", escalation=claimed("sam"))
SHOWN = Event(event="updated", escalation=reached(delivered=1, shown=1))
SEEN = Event(event="updated", escalation=reached(delivered=1, shown=1, seen=1))


@pytest.mark.parametrize(
    ("kind", "event", "outcome"),
    [
        ("claim", CLAIMED, "sam is coming"),
        ("claim=1h", Event(event="claimed", escalation=claimed("sam", "ana")), "sam, ana are coming"),
        ("shown", SHOWN, "shown to 1 of 1"),
        ("seen", SEEN, "seen by 1 of 1"),
        ("shown", SEEN, "shown to 1 of 1"),
    ],
)
def test_the_first_of_its_kind_ends_the_wait_with_0(
    kind: str, event: Event, outcome: str, script: Script, run: Run
) -> None:
    telling(script, event)
    ran = run("start", "-n", "@team", "--wait", kind)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "raised red for @team: caller is threatening"
    assert ran.out.splitlines()[-1] == outcome


def test_who_was_shown_it_is_named(script: Script, run: Run) -> None:
    hand = msgspec.structs.replace(reached(shown=1), receipts=[receipt(member("ben"))])
    telling(script, Event(event="updated", escalation=hand))
    assert run("start", "-n", "@team", "--wait", "shown").out.endswith("shown to ben\n")


def test_others_and_lesser_news_do_not_end_it(script: Script, run: Run) -> None:
    other = msgspec.structs.replace(claimed("sam"), id="another")
    events = [
        Event(event="claimed", escalation=other),
        SHOWN,
        Event(event="updated", escalation=claimed("sam", counts=False)),
    ]
    telling(script, *events)
    assert run("start", "-n", "@team", "--wait", "claim=1s").code == 6


def test_its_end_before_ends_the_wait_with_1_and_the_reason(script: Script, run: Run) -> None:
    telling(script, Event(event="ended", escalation=ended()))
    ran = run("start", "-n", "@team", "--wait", "claim")
    assert ran.code == 1
    assert "its owner went into a room" in ran.err
    assert "nobody is coming" in ran.err


def test_a_claim_that_came_before_the_end_is_a_claim(script: Script, run: Run) -> None:
    hand = msgspec.structs.replace(claimed("sam"), state="ended", end_reason="owner")
    telling(script, Event(event="ended", escalation=hand))
    assert run("start", "-n", "@team", "--wait", "claim").code == 0


def test_leaving_the_space_ends_the_wait_with_1(script: Script, run: Run) -> None:
    telling(script)
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[], in_space=False)
    assert run("start", "-n", "@team", "--wait", "claim").code == 1


def test_the_end_of_its_time_is_6_and_it_stays_up(script: Script, run: Run) -> None:
    telling(script)
    ran = run("start", "-n", "@team", "--wait", "claim=1s")
    assert ran.code == 6
    assert "raised red" in ran.out
    assert "nobody is coming after 1s; it stays up" in ran.err
    assert protocol.EndRequest() not in script.asked


def test_quiet_prints_the_id_alone_whatever_comes(script: Script, run: Run) -> None:
    telling(script, CLAIMED)
    assert run("start", "-q", "-n", "@team", "--wait", "claim").out == f"{HAND.id}\n"
    telling(script)
    assert run("start", "-q", "-n", "@team", "--wait", "claim=1s").out == f"{HAND.id}\n"


def test_json_is_one_object_as_it_stands_at_the_end(script: Script, run: Run) -> None:
    telling(script, CLAIMED)
    ran = run("start", "--json", "-n", "@team", "--wait", "claim")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    printed = json.loads(ran.out)
    assert list(printed) == ["v", "escalation"]
    assert printed["escalation"]["claims"][0]["member"]["name"] == "sam"


@pytest.mark.parametrize(
    ("event", "limit", "code", "error"),
    [(SHOWN, "1s", 6, "timed-out"), (Event(event="ended", escalation=ended()), "1h", 1, "failed")],
)
def test_json_of_a_wait_in_vain_is_the_object_and_the_error(
    event: Event, limit: str, code: int, error: str, *, script: Script, run: Run
) -> None:
    telling(script, event)
    ran = run("start", "--json", "-n", "@team", "--wait", f"claim={limit}")
    assert (ran.code, ran.out.count("\n")) == (code, 1)
    assert json.loads(ran.out)["escalation"]["id"] == HAND.id
    assert json.loads(ran.err.splitlines()[-1])["error"]["code"] == error


@pytest.mark.parametrize("wait", ["shown", "seen=5m", "come", "claim=", "claim=5", "claim=soon", ""])
def test_what_cannot_be_waited_for_on_yellow_or_at_all_exits_2_and_raises_nothing(
    wait: str, script: Script, run: Run
) -> None:
    ran = run("start", "--then", "2m @team", "--wait", wait)
    assert (ran.code, ran.out, script.asked) == (2, "", [])


def test_a_claim_of_a_yellow_one_can_be_waited_for(script: Script, run: Run) -> None:
    telling(script, CLAIMED)
    assert run("start", "--wait", "claim").code == 0


def test_a_refused_start_waits_for_nothing(script: Script, run: Run) -> None:
    script.answers[protocol.StartRequest] = protocol.failure("already-active", "one is up")
    ran = run("start", "-n", "@team", "--wait", "claim", "--json")
    assert (ran.code, ran.out) == (7, "")


# --- The daemon goes and comes ---------------------------------------------------------------------
class Restarted(Script):
    """The first stream breaks off; the next tells `again`."""

    again: Sequence[Event] = ()

    async def watch(self) -> AsyncIterator[Event]:
        self.watchers += 1
        for event in listed() if self.watchers == 1 else self.again:
            yield event
        if self.watchers == 1:
            raise protocol.failure("no-daemon", "the daemon stops")


@pytest.mark.parametrize(
    ("again", "code"),
    [(listed(CLAIMED), 0), ([Event(event="ready")], 1)],
    ids=["it is still up", "it has ended meanwhile"],
)
def test_a_restart_of_the_daemon_is_survived(
    again: list[Event], code: int, where: paths.Paths, home: Path, run: Run
) -> None:
    script = Restarted()
    telling(script)
    script.again = again
    with serving(where.socket, script):
        assert run("start", "-n", "@team", "--wait", "claim").code == code
    assert script.watchers == 2


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupt_leaves_it_up_says_so_and_exits_130(as_json: bool, where: paths.Paths, home: Path) -> None:
    script = Script()
    telling(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ESCALATE_HOME": str(home)}
    with serving(where.socket, script):
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "escalate_cli",
                "start",
                "-n",
                "@team",
                "--wait",
                "claim",
                *["--json"][: int(as_json)],
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        until(lambda: script.watchers == 1, "it waits")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "it stays up" in err
    assert "Traceback" not in err
    assert not as_json or json.loads(out)["escalation"]["id"] == HAND.id
