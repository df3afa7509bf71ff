"""Every exit code of the contract, by real daemons, each for every reason that it names."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest

from escalate_daemon.ipc.protocol import EscalationReply, InviteReply
from support.floor import Floor, at, floor, write_program
from support.machine import LOG_ONLY, Done, Machine, Machines
from support.waiting import until

pytestmark = pytest.mark.end_to_end

RED = ("start", "-m", "help", "-n", "ben")


@pytest.fixture(scope="module")
def joined() -> Iterator[Floor]:
    with floor("ana", "ben") as made:
        yield made


@pytest.fixture
def two(joined: Floor) -> Floor:
    joined.settle()
    return joined


def word(done: Done) -> str:
    """The code of the one error object on stderr, whose exit is the command's."""
    errors = [json.loads(line)["error"] for line in done.err.splitlines() if line.startswith("{")]
    assert len(errors) == 1, done
    assert errors[0]["exit"] == done.exit
    assert errors[0]["message"]
    return str(errors[0]["code"])


def refused(machine: Machine, code: int, *argv: str) -> str:
    """The error's word of a command that is refused with this code and prints nothing."""
    done = machine.run(*argv, "--json").must(code)
    assert done.out == ""
    return word(done)


# --- 0, 5 ------------------------------------------------------------------------------------------
def test_0_raised_and_somebody_it_is_for_is_there_and_ended_even_where_there_is_none(two: Floor) -> None:
    assert two["ana"].ask(EscalationReply, *RED).escalation is not None
    assert two["ana"].ask(EscalationReply, "end").escalation is not None
    assert two["ana"].ask(EscalationReply, "end").escalation is None


def test_0_a_wait_for_shown_seen_and_claim_ends_when_it_comes(two: Floor) -> None:
    ana, ben = two["ana"], two["ben"]
    ana.run(*RED, "--wait", "shown=60s").must(0)
    known = {each.id for each in ana.escalations()}
    for kind, does in (("seen", "seen"), ("claim", "approach")):
        waiting = ana.spawn(*RED, "--replace", "--wait", kind, "--json")
        mine = until(lambda: {each.id for each in ana.escalations()} - known, "it is up").pop()
        known.add(mine)
        two.until_sees("ben", mine)
        ben.run(does, mine).must(0)
        out, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 0, err
        assert json.loads(out)["escalation"]["id"] == mine


def test_5_raised_and_nobody_it_is_for_can_see_it_without_an_error_object(two: Floor) -> None:
    done = two["ana"].run("start", "-n", "@nobody-wears-this", "--json").must(5)
    assert json.loads(done.out)["escalation"]["reach"]["online"] == 0
    assert '"error"' not in done.err
    assert len(two["ana"].escalations()) == 1


# --- 1, 6, 130 -------------------------------------------------------------------------------------
def test_1_the_wait_is_over_because_it_ended_first_and_the_reason_is_said(two: Floor) -> None:
    waiting = two["ana"].spawn(*RED, "--wait", "claim", "--json")
    until(two["ben"].escalations, "ben sees it")
    two["ana"].run("room", "Blue").must(0)
    out, err = waiting.communicate(timeout=60)
    two["ana"].run("room", "--leave").must(0)
    assert waiting.returncode == 1
    assert json.loads(out)["escalation"]["end_reason"] == "room"
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "failed"
    assert "room" in err


def test_1_an_invite_that_nobody_answers(two: Floor, machines: Machines) -> None:
    code = two["ana"].ask(InviteReply, "invite").code
    assert refused(machines.add("cyd", env=LOG_ONLY), 1, "join", code, "127.0.0.1:9") == "no-answer"


def test_6_the_wait_ran_out_and_it_stays_up_and_is_printed(two: Floor) -> None:
    done = two["ana"].run(*RED, "--wait", "claim=1s", "--json").must(6)
    assert word(done) == "timed-out"
    assert json.loads(done.out)["escalation"]["state"] == "active"
    assert len(two["ana"].escalations()) == 1


def test_6_and_not_5_where_nobody_can_hear_and_the_wait_ran_out(two: Floor) -> None:
    two["ana"].run("start", "-n", "@nobody-wears-this", "--wait", "shown=1s").must(6)
    assert len(two["ana"].escalations()) == 1


def test_130_interrupted_while_it_waits_and_it_stays_up(two: Floor) -> None:
    waiting = two["ana"].spawn(*RED, "--wait", "claim")
    assert waiting.stdout is not None
    while not waiting.stdout.readline().startswith("id "):
        pass
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    assert "Traceback" not in err
    assert len(two["ana"].escalations()) == 1


# --- 2, 3, 4 ---------------------------------------------------------------------------------------
def test_2_which_one_is_not_said_where_several_are_up_and_the_choice_is(two: Floor, machines: Machines) -> None:
    two["ana"].run("start", "-m", "ana's").must(0)
    two["ben"].run("start", "-m", "ben's").must(0)
    until(lambda: len(two["ana"].escalations()) == 2, "ana sees both")
    assert refused(two["ana"], 2, "chat", "-m", "which?") == "usage"
    said = two["ana"].run("chat", "-m", "which?").must(2).err
    assert "ana" in said
    assert "ben" in said


@pytest.mark.parametrize(
    "argv",
    [
        ("start", "-m", "x" * 51),
        ("start", "--for", "soon"),
        ("start", "--wait", "shown"),  # a yellow one is shown to nobody in particular
        ("start", "-n", "ben", "--wait", "heard"),
        ("start", "-n", "ben", "--then", "@everyone"),
        ("start", "-m", "one", "-r", "1"),
        ("end", "now"),
        ("room",),
        ("chat",),
        ("chat", "ben", "x" * 281),
        ("history", "--csv", "--stats"),
        ("mute", "--for", "0s"),
        ("config", "set", "me.nmae", "ana"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_2_what_is_typed_wrong(two: Floor, argv: tuple[str, ...]) -> None:
    if argv[:2] == ("chat", "ben"):
        two.until_sees("ana", two.start("ben", "-m", "help"))
    assert refused(two["ana"], 2, *argv) == "usage"


def test_3_the_daemon_cannot_be_started_or_is_not_running(machines: Machines) -> None:
    fresh = machines.add("ana", env=LOG_ONLY)
    fresh.run("daemon", "status").must(3)
    assert refused(fresh, 3, "daemon", "stop") == "no-daemon"
    fresh.run("list", "--prompt").must(3)
    assert fresh.processes() == []
    fresh.run("daemon", "start").must(0)
    held = fresh.signal_daemon(signal.SIGSTOP)
    shutil.rmtree(fresh.home / "run")
    assert refused(fresh, 3, "list") == "no-daemon"  # another one cannot be started beside one that hangs
    os.kill(held, signal.SIGCONT)


@pytest.mark.parametrize(
    "argv",
    [
        ("start", "-n", "bne"),
        ("start", "-n", "ben", "--then", "2m bne"),
        ("show", "bne"),
        ("approach", "bne"),
        ("chat", "bne", "hello"),
        ("seen", "bne"),
        ("who", "bne"),
        ("mute", "bne"),
        ("trust", "bne"),
        ("invite", "revoke", "0000"),
    ],
    ids=" ".join,
)
def test_4_nobody_of_that_name_nothing_raised_and_the_nearest_named(two: Floor, argv: tuple[str, ...]) -> None:
    assert refused(two["ana"], 4, *argv) == "unknown-name"
    assert argv[0] == "invite" or "ben" in two["ana"].run(*argv).must(4).err
    assert two["ana"].escalations() == []


# --- 7, 8 ------------------------------------------------------------------------------------------
def test_7_one_is_active_already(two: Floor) -> None:
    two["ana"].run(*RED).must(0)
    for argv in (("start", "-n", "ben", "-m", "another"), ("start", "-m", "yellow over red")):
        assert refused(two["ana"], 7, *argv) == "already-active"
    two["ana"].run("end").must(0)
    two["ana"].run("start", "-m", "yellow").must(0)
    assert refused(two["ana"], 7, "start", "-m", "yellow again") == "already-active"
    two["ana"].run(*RED).must(0)  # but red replaces one's own yellow
    assert [each.level for each in two["ana"].escalations()] == ["red"]


def test_7_approach_while_in_a_room_and_nothing_is_claimed(two: Floor) -> None:
    hand = two.start("ben", "-m", "help", "-n", "ana")
    two.until_sees("ana", hand)
    two["ana"].run("room", "Blue").must(0)
    assert refused(two["ana"], 7, "approach", "ben") == "in-a-room"
    two["ana"].run("room", "--leave").must(0)
    assert two.show("ana", hand).claims == []
    two["ana"].run("approach", "ben").must(0)


def test_7_nothing_to_claim(two: Floor) -> None:
    assert refused(two["ana"], 7, "approach") == "nothing-to-claim"
    assert refused(two["ana"], 7, "approach", "--undo") == "nothing-to-claim"
    mine = two.start("ana", "-m", "mine")
    assert refused(two["ana"], 7, "approach", mine) == "nothing-to-claim"
    hand = two.start("ben", "-m", "help", "-n", "ana")
    two.until_sees("ana", hand)
    two["ben"].run("end").must(0)
    until(lambda: two.show("ana", hand).state == "ended", "ana knows of the end")
    assert refused(two["ana"], 7, "approach", hand) == "nothing-to-claim"
    assert refused(two["ana"], 7, "chat", hand, "too late") == "nothing-to-claim"


def test_7_another_space_while_in_one_and_a_daemon_beside_one(two: Floor) -> None:
    assert refused(two["ana"], 7, "up", "Elsewhere") == "already-active"
    two["ana"].run("daemon", "run").must(7)


def test_8_refused(two: Floor, machines: Machines) -> None:
    cyd = machines.add("cyd", env=LOG_ONLY)
    for argv in (("start",), ("approach",), ("chat", "-m", "hi"), ("room", "Blue"), ("invite",), ("recent",)):
        assert refused(cyd, 8, *argv) == "no-space", argv
    code = two["ana"].ask(InviteReply, "invite").code
    cyd.run("join", code, at(two["ana"])).must(0)
    dan = machines.add("dan", env=LOG_ONLY)
    assert refused(dan, 8, "join", code, at(two["ana"])) == "invite-used"
    dan.run("up", "Plaza", "--open").must(0)
    assert refused(dan, 8, "invite") == "not-allowed"
    assert refused(cyd, 8, "join", "--open", "Plaza") == "not-allowed"  # others are in the space that it would leave
    cyd.run("leave", "--forget").must(0)


# --- run -------------------------------------------------------------------------------------------
def test_run_exits_as_the_command_did_and_raises_only_where_it_failed(two: Floor) -> None:
    ana = two["ana"]
    shell = ("run", "-q", "-n", "ben", "--", "sh", "-c")
    well = ana.run(*shell, "echo out; echo err >&2").must(0)
    assert (well.out, well.err) == ("out\n", "err\n")
    assert ana.escalations() == []
    ana.run(*shell, "exit 3").must(3)
    (raised,) = ana.escalations()
    assert (raised.level, raised.message) == ("red", "sh: exit 3")
    ana.run(*shell, "kill -TERM $$").must(128 + signal.SIGTERM)
    ana.run(*shell, "kill -KILL $$").must(128 + signal.SIGKILL)
    (same,) = ana.escalations()
    assert same.id == raised.id
    assert len(two.show("ana", raised.id).thread) == 2  # what is up already is told there


def test_run_exits_127_126_and_125_by_its_own_failures(two: Floor) -> None:
    ana = two["ana"]
    ana.run("run", "--", "no-such-program").must(127)
    two.settle()
    plain = write_program(ana.folder / "plain", "true")
    plain.chmod(0o644)
    ana.run("run", "--", str(plain)).must(126)
    two.settle()
    ran = ana.folder / "ran"
    for options in (("-n", "bne"), ("-m", "x" * 51), ("--for", "soon"), ("--nonsense",)):
        ana.run("run", *options, "--", "touch", str(ran)).must(125)
    assert not ran.exists()
    assert ana.escalations() == []


def test_run_passes_sigterm_on_and_exits_as_the_command_did(two: Floor) -> None:
    ready = two["ana"].folder / "ready"
    program = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    running = two["ana"].spawn("run", "-n", "ben", "--", sys.executable, "-c", program)
    until(ready.exists, "the command runs")
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
