"""Every command's --json, run with real daemons, against the published schema: what passes here is the contract."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from escalate_cli.verbs import VERBS
from escalate_daemon.ipc.protocol import DaemonReply, EndRequest, InviteListReply, InviteReply
from support.json_schema import validate
from support.machine import LOG_ONLY, Done, Machine, Machines
from support.waiting import until

pytestmark = pytest.mark.end_to_end

ELSEWHERE = {"join", "leave", "watch"}  # each has a test of its own below
WITHOUT_JSON = {"demo", "run", "completion"}


@dataclass(frozen=True)
class Case:
    """A command of ana's. `ben` raises with these options first; `before` and `after` are ana's commands around it."""

    command: str  # its name in the schema
    argv: str
    exits: tuple[int, ...] = (0,)
    ben: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: str = ""  # a verb that comes with it, where its own was there before

    @property
    def is_there(self) -> bool:
        """Whether the command line has it by now."""
        return (self.needs or self.argv.split()[0]) in VERBS


RED = "-m 'caller is threatening' -n ana"
CASES = (
    Case("start", "start -m help"),
    Case("start", "start -m help -n ben"),
    Case("start", "start -m help -n @nobody", exits=(5,)),
    Case("start", "start -m other -n ben --replace", before=("start -m help -n ben",)),
    Case("start", "start -n ben --then '2m @team' --for 1h", needs="approach"),
    Case("start", "start -m help -n ben --wait claim=1s", exits=(6,), needs="approach"),
    Case("toggle", "toggle -m help"),
    Case("toggle", "toggle", before=("start",)),
    Case("end", "end"),
    Case("end", "end -m 'ben fixed it'", before=("start -m help",)),
    Case("list", "list"),
    Case("list", "list", ben=RED, before=("start -m mine -n ben",)),
    Case("show", "show"),
    Case("show", "show ben", ben=RED),
    Case("approach", "approach ben", ben=RED),
    Case("approach", "approach ben --undo", ben=RED, before=("approach ben",)),
    Case("chat", "chat ben 'on my way'", ben=RED),
    Case("chat", "chat ben", ben=RED, before=("chat ben hello",)),
    Case("chat", "chat -m hello", ben=RED),
    Case("seen", "seen ben", ben=RED),
    Case("show", "show ben", ben=RED, before=("approach ben", "chat ben hello", "seen ben"), needs="approach"),
    Case("recent", "recent", before=("start -m help", "end")),
    Case("history", "history"),
    Case("history", "history --since 1h", ben=RED, before=("start -m help", "end -m done")),
    Case("history stats", "history --stats", before=("start -m help", "end")),
    Case("who", "who"),
    Case("who", "who ben"),
    Case("status", "status"),
    Case("status", "status", ben=RED, before=("start -m mine",)),
    Case("status", "status busy", after=("status available",), needs="room"),
    Case("away", "away", after=("back",)),
    Case("back", "back", before=("away",)),
    Case("room", "room Blue", after=("room --leave",)),
    Case("room", "room --leave", before=("room Blue",)),
    Case("who", "who", before=("room Blue",), after=("room --leave",), needs="room"),
    Case("mute", "mute ben --for 1h", after=("unmute ben",)),
    Case("mute", "mute --list"),
    Case("mute", "mute all", after=("unmute all",)),
    Case("unmute", "unmute", before=("mute ben",)),
    Case("group join", "group join team"),
    Case("group list", "group list", before=("group join team",)),
    Case("group leave", "group leave team", before=("group join team",)),
    Case("trust", "trust ben"),
    Case("up", "up"),
    Case("space", "space"),
    Case("space show", "space show"),
    Case("invite", "invite"),
    Case("invite", "invite --reusable --for 30d"),
    Case("invite list", "invite list", before=("invite", "invite --reusable")),
    Case("daemon status", "daemon status"),
    Case("daemon start", "daemon start"),
    Case("daemon restart", "daemon restart"),
    Case("daemon stop", "daemon stop", after=("daemon start",)),
    Case("daemon status", "daemon status", exits=(3,), before=("daemon stop",), after=("daemon start",)),
    Case("config path", "config path"),
    Case("config show", "config show"),
    Case("config set", "config set me.location 'row B'"),
    Case("doctor", "doctor", exits=(0, 1)),
)
REFUSED = (
    Case("error", "start -m " + "x" * 51, exits=(2,)),
    Case("error", "start -n nobody", exits=(4,)),
    Case("error", "start -m again -n ben", exits=(7,), before=("start -m help -n ben",)),
    Case("error", "show nobody", exits=(4,)),
    Case("error", "up Elsewhere", exits=(7,)),
    Case("error", "join esc1-nonsense", exits=(2,)),
    Case("error", "config set me.nothing 1", exits=(2,)),
    Case("error", "daemon stop", exits=(3,), before=("daemon stop",), after=("daemon start",)),
    Case("error", "approach", exits=(7,)),
    Case("error", "approach ben", exits=(7,), ben=RED, before=("room Blue",), after=("room --leave",), needs="room"),
    Case("error", "start -r 9", exits=(2,), needs="recent"),
)


def at(machine: Machine) -> str:
    """Where its daemon listens."""
    return f"127.0.0.1:{machine.ask(DaemonReply, 'daemon', 'status').port}"


def printed(done: Done, command: str) -> None:
    """One line, as the schema says."""
    assert done.out.count("\n") == 1, str(done)
    validate(command, done.out)


@dataclass
class Two:
    ana: Machine
    ben: Machine

    def together(self) -> None:
        until(lambda: self.ana.online() == self.ben.online() == {"ana", "ben"}, "both see each other")

    def settle(self) -> None:
        """Together, no hand anywhere."""
        self.together()
        for machine in (self.ana, self.ben):
            machine.look(EndRequest())
        until(lambda: not self.ana.escalations() and not self.ben.escalations(), "no hand is up")


@pytest.fixture(scope="module")
def joined() -> Iterator[Two]:
    with Machines() as machines:
        two = Two(machines.add("ana", env=LOG_ONLY), machines.add("ben", env=LOG_ONLY))
        printed(two.ana.run("up", "Floor", "--new", "--json").must(0), "up")
        code = two.ana.ask(InviteReply, "invite").code
        printed(two.ben.run("join", code, at(two.ana), "--json").must(0), "join")
        two.together()
        yield two


@pytest.fixture
def two(joined: Two) -> Two:
    joined.settle()
    return joined


def run(two: Two, case: Case) -> Done:
    """The case's command, with what comes before and after it."""
    if case.ben is not None:
        two.ben.run("start", *shlex.split(case.ben)).must(0, 5)
        until(two.ana.escalations, "ana sees ben's hand")
    for line in case.before:
        two.ana.run(*shlex.split(line)).must(0)
    done = two.ana.run(*shlex.split(case.argv), "--json").must(*case.exits)
    for line in case.after:
        two.ana.run(*shlex.split(line)).must(0)
    return done


def there(cases: tuple[Case, ...]) -> list[Case]:
    return [case for case in cases if case.is_there]


@pytest.mark.parametrize("case", there(CASES), ids=lambda case: case.argv)
def test_a_command_prints_what_the_schema_says(two: Two, case: Case) -> None:
    printed(run(two, case), case.command)


@pytest.mark.parametrize("case", there(REFUSED), ids=lambda case: case.argv[:40])
def test_a_refusal_is_the_schema_s_error_on_stderr_and_nothing_on_stdout(two: Two, case: Case) -> None:
    done = run(two, case)
    assert done.out == ""
    errors = [line for line in done.err.splitlines() if line.startswith("{")]
    assert len(errors) == 1, str(done)
    validate("error", errors[0])


def test_a_revoked_invite_prints_the_rest(two: Two) -> None:
    two.ana.run("invite", "--reusable").must(0)
    given = two.ana.ask(InviteListReply, "invite", "list").invites[0]
    printed(two.ana.run("invite", "revoke", given.id, "--json").must(0), "invite revoke")


def test_who_leaves_is_told_in_the_same_object_as_who_comes(two: Two) -> None:
    printed(two.ben.run("leave", "--json").must(0), "leave")
    printed(two.ben.run("up", "--json").must(0), "up")


def test_every_line_of_watch_is_one_of_the_schema_s(two: Two) -> None:
    two.ben.run("start", "-m", "first").must(0)
    until(two.ana.escalations, "ana sees it")
    with two.ana.watching() as watching:
        until(lambda: any(event.event == "ready" for event in watching.events()), "the beginning")
        two.ben.run("group", "join", "team").must(0)
        two.ben.run("start", "-m", "second", "-n", "ana").must(0)
        if "approach" in VERBS:
            two.ana.run("approach", "ben").must(0)
            two.ana.run("chat", "ben", "coming").must(0)
        two.ben.run("end").must(0)
        wanted = {"raised", "ready", "member", "ended"} | ({"claimed", "chat"} if "approach" in VERBS else set())
        until(lambda: wanted <= {event.event for event in watching.events()}, "all of it is told")
    for line in watching.lines():
        validate("watch", line)


def test_without_a_space_what_answers_answers_in_the_schema_s_words(machines: Machines) -> None:
    cy = machines.add("cy", env=LOG_ONLY)
    for command in ("list", "end", "status", "who", "leave"):
        printed(cy.run(command, "--json").must(0), command)
    done = cy.run("start", "--json").must(8)
    validate("error", done.err.splitlines()[-1])


def test_no_verb_is_left_out() -> None:
    checked = {case.argv.split()[0] for case in CASES} | ELSEWHERE | WITHOUT_JSON
    assert set(VERBS) <= checked, "give it a case: what it prints is part of the contract"
