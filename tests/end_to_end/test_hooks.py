"""The person's own programs: each event runs its hook once, with the truth on stdin and in the environment."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import Escalation, EscalationReply
from support.floor import Floor, at, floor, write_program
from support.machine import Machine, Machines
from support.waiting import until

pytestmark = pytest.mark.end_to_end

EVENTS = ("on_ring", "on_raised", "on_claimed", "on_chat", "on_ended", "on_lost")
SHELLED = "$(touch pwned) `id` <b> \"'"


def hook_all(machine: Machine, *, how: str = "") -> None:
    """Every hook of this machine keeps what it is told; `how`: what it does besides, in shell."""
    kept = machine.folder / "told"
    kept.mkdir()
    # Written elsewhere and moved: whoever looks finds it whole.
    program = write_program(
        machine.folder / "hook",
        "new=$(mktemp)",
        '{ cat; env | grep "^ESCALATE_" | sort; } > "$new"',
        f'mv "$new" {kept}/"$ESCALATE_EVENT_EVENT.$$"',
        how,
    )
    for event in EVENTS:
        machine.run("config", "set", f"hooks.{event}", shlex.quote(str(program))).must(0)


class Told:
    """One run of a hook: its JSON and its variables."""

    def __init__(self, path: Path) -> None:
        line, *variables = path.read_text(encoding="utf-8").splitlines()
        self.object: dict[str, object] = json.loads(line)
        self.fields = dict(each.split("=", 1) for each in variables)

    @property
    def hand(self) -> str:
        """The escalation that it is about."""
        return self.fields["ESCALATE_EVENT_ID"]


def told(machine: Machine, event: str, hand: str) -> list[Told]:
    """Every run of the event's hook about this escalation."""
    runs = [Told(path) for path in (machine.folder / "told").glob(f"{event}.*")]
    return [run for run in runs if run.hand == hand]


def until_told(machine: Machine, event: str, hand: str) -> Told:
    return until(lambda: told(machine, event, hand), f"{machine.name}'s {event} ran")[0]


@pytest.fixture(scope="module")
def hooked() -> Iterator[Floor]:
    """Ana and ben; ben has hooks."""
    with floor("ana", "ben") as made:
        made["ana"].run("config", "set", "me.location", "row B, desk 4").must(0)
        made["ana"].run("config", "set", "me.phone", "+44 20 7946 0000").must(0)
        hook_all(made["ben"])
        for machine in made.all:
            machine.run("daemon", "restart").must(0)
        yield made


@pytest.fixture
def two(hooked: Floor) -> Floor:
    hooked.settle()
    return hooked


def test_each_event_runs_its_hook_once_with_its_facts_and_no_shell_reads_them(two: Floor) -> None:
    ben = two["ben"]
    hand = two.start("ana", "-m", SHELLED, "-n", "ben")
    ring, raised = until_told(ben, "on_ring", hand), until_told(ben, "on_raised", hand)
    for run, event in ((ring, "on_ring"), (raised, "on_raised")):
        assert (run.object["v"], run.object["event"]) == (1, event)
        escalation = run.object["escalation"]
        assert isinstance(escalation, dict)
        assert escalation.keys() == set(Escalation.__struct_fields__)
        assert escalation["message"] == SHELLED
        assert run.fields["ESCALATE_EVENT_EVENT"] == event
        assert run.fields["ESCALATE_EVENT_MESSAGE"] == SHELLED
        assert run.fields["ESCALATE_EVENT_OWNER"] == "ana"
        assert run.fields["ESCALATE_EVENT_LEVEL"] == "red"
        assert run.fields["ESCALATE_EVENT_STATE"] == "active"
        assert run.fields["ESCALATE_EVENT_MINE"] == "0"
        assert run.fields["ESCALATE_EVENT_LOCATION"] == "row B, desk 4"
        assert run.fields["ESCALATE_EVENT_PHONE"] == "+44 20 7946 0000"
        assert "ESCALATE_NOTIFIER" not in run.fields
    ben.run("approach", "ana").must(0)
    assert until_told(ben, "on_claimed", hand).fields["ESCALATE_EVENT_CLAIMED_BY"] == "ben"
    two["ana"].run("chat", "-m", "by the stairs").must(0)
    said = until_told(ben, "on_chat", hand).fields
    assert (said["ESCALATE_EVENT_TEXT"], said["ESCALATE_EVENT_TEXT_BY"]) == ("by the stairs", "ana")
    two["ana"].run("end", "-m", "all is well").must(0)
    ended = until_told(ben, "on_ended", hand).fields
    assert ended["ESCALATE_EVENT_STATE"] == "ended"
    assert (ended["ESCALATE_EVENT_END_REASON"], ended["ESCALATE_EVENT_NOTE"]) == ("owner", "all is well")
    for event in EVENTS[:-1]:
        assert len(told(ben, event, hand)) == 1, event
    assert not list(two.home.folder.rglob("pwned"))


def test_my_own_hand_runs_on_raised_and_not_on_ring(two: Floor) -> None:
    hand = two.start("ben", "-m", "mine", "-n", "ana")
    assert until_told(two["ben"], "on_raised", hand).fields["ESCALATE_EVENT_MINE"] == "1"
    two["ben"].run("end").must(0)
    until_told(two["ben"], "on_ended", hand)
    assert told(two["ben"], "on_ring", hand) == []


def test_an_owner_who_vanishes_runs_on_lost_and_a_restart_runs_nothing_again(two: Floor) -> None:
    ben = two["ben"]
    hand = two.start("ana", "-m", "still here", "-n", "ben")
    until_told(ben, "on_ring", hand)
    two["ana"].run("daemon", "stop").must(0)
    two.until_sees("ben", hand, "lost")
    assert until_told(ben, "on_lost", hand).fields["ESCALATE_EVENT_STATE"] == "lost"
    two["ana"].run("daemon", "start").must(0)
    two.until_sees("ben", hand)
    ben.run("daemon", "restart").must(0)
    two.until_sees("ben", hand)
    two["ana"].run("chat", "-m", "and now").must(0)
    until_told(ben, "on_chat", hand)  # what came before it has run by now
    counts = [len(told(ben, event, hand)) for event in ("on_ring", "on_raised", "on_lost")]
    assert counts == [1, 1, 1]


BAD = {
    "hangs": "sleep 600 & sleep 600",
    "fails": "echo no lamp >&2; exit 3",
    "floods": "yes 'so much to say'",
}


@pytest.mark.parametrize("what", [*BAD, "is missing"])
def test_a_hook_that_is_bad_holds_nothing_up_and_loses_nothing(machines: Machines, what: str) -> None:
    two = Floor(machines)
    for name in ("ana", "ben"):
        two.add(name)
    hook_all(two["ben"], how=BAD.get(what, ""))
    if what == "is missing":
        for event in EVENTS:
            two["ben"].run("config", "set", f"hooks.{event}", "/no/such/program").must(0)
    two.come_in("ana", "ben")
    hand = two.start("ana", "-m", "help", "-n", "ben", "--wait", "shown=60s")
    for number in range(6):  # more than run at once
        two["ana"].run("chat", "-m", f"line {number}").must(0)
    two["ben"].run("approach", "ana").must(0)
    until(lambda: two.show("ana", hand).claims, "ana is told of the claim")
    until(lambda: len(two.show("ben", hand).thread) == 6, "ben has every line")
    if what in ("fails", "is missing"):
        log = two["ben"].home / "state" / "daemon.log"
        words = "no lamp" if what == "fails" else "/no/such/program"
        until(lambda: words in log.read_text(encoding="utf-8"), "its failure is in the log")
    two["ben"].run("daemon", "stop").must(0)
    until(lambda: not two["ben"].processes(), "nothing of it outlives the daemon")


def test_in_an_open_space_no_hook_runs_and_no_approach_action_does(machines: Machines) -> None:
    two = Floor(machines)
    for name in ("ana", "ben"):
        two.add(name)
    hook_all(two["ben"])
    action = write_program(two["ben"].folder / "go", f"touch {two['ben'].folder}/went")
    two["ben"].run("config", "set", "approach.run", shlex.quote(str(action))).must(0)
    two["ana"].run("up", "Plaza", "--open").must(0)
    two["ben"].run("config", "set", "daemon.peers", at(two["ana"])).must(0)
    two["ben"].run("up", "Plaza", "--open").must(0)
    two.until_together()
    hand = two.start("ana", "-m", "help", "-n", "ben", "--wait", "shown=60s")
    went = two["ben"].run("approach", "ana").must(0)
    assert "open space" in went.err
    two["ana"].run("end").must(0)
    until(lambda: two.show("ben", hand).state == "ended", "ben knows of the end")
    two["ben"].run("daemon", "stop").must(0)
    assert list((two["ben"].folder / "told").iterdir()) == []
    assert not (two["ben"].folder / "went").exists()


def test_an_approach_runs_the_person_s_action_and_one_that_fails_is_told_and_claims_all_the_same(two: Floor) -> None:
    ana, ben = two["ana"], two["ben"]
    went = ben.folder / "went"
    action = write_program(
        ben.folder / "go", f'echo "$ESCALATE_EVENT_OWNER at $ESCALATE_EVENT_LOCATION" > {went}', "exit 4"
    )
    ben.run("config", "set", "approach.run", shlex.quote(str(action))).must(0)
    ben.run("daemon", "restart").must(0)
    two.until_together()
    hand = two.start("ana", "-m", "help", "-n", "ben")
    two.until_sees("ben", hand)
    done = ben.run("approach", "ana").must(0)
    assert "approach.run" in done.err
    assert "exited with 4" in done.err
    assert went.read_text(encoding="utf-8") == "ana at row B, desk 4\n"
    until(lambda: two.show("ana", hand).claims, "ana is told that ben comes")
    assert ana.ask(EscalationReply, "show").escalation is not None
