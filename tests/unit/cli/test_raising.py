"""What start says before it raises, and the options that it shares with toggle and run."""

import pytest

from escalate_cli import output, saying
from escalate_daemon.ipc import protocol
from support.objects import escalation, member
from support.scripted import Script

from .conftest import Run


def expected(label: str, *, undisturbed: bool = False, **kinds: object) -> protocol.Expected:
    return protocol.Expected(member=member(label, **kinds), undisturbed=undisturbed)  # type: ignore[arg-type]


def plan(*whom: protocol.Expected, level: str = "red", others: int = 0, warnings: tuple[str, ...] = ()) -> Script:
    reply = protocol.PlanReply(
        level=level, message="", expected=list(whom), others_online=others, settled=True, warnings=list(warnings)
    )
    return Script({protocol.PlanRequest: reply, protocol.StartRequest: protocol.EscalationReply(escalation=HAND)})


HAND = escalation()


def answers(script: Script, made: Script) -> None:
    script.answers |= made.answers


# --- Before it is raised ---------------------------------------------------------------------------
def test_it_says_before_raising_who_will_hear_it_and_who_not(script: Script, run: Run) -> None:
    answers(
        script,
        plan(
            expected("ben"),
            expected("cleo", presence="away"),
            expected("dan", presence="lost"),
            expected("eve", undisturbed=True),
            expected("fay", hears="none"),
            expected("gil"),
            expected("hal", hears="popup"),
            expected("ida", presence="busy"),
            expected("jim", presence="left"),
            expected("kim", presence="room"),
        ),
    )
    ran = run("start", "-n", "@team")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "will hear it: 2 (ben, gil)",
        "away: cleo",
        "not reached: dan",
        "on do-not-disturb: eve",
        "nothing there to show it on: fay",
        "will only see it: hal (no sound there)",
        "busy: ida (rung only by name)",
        "left: jim",
        "in a room: kim",
        "raised red for @team: caller is threatening",
        f"id {HAND.id}",
    ]
    assert [type(asked) for asked in script.asked] == [protocol.PlanRequest, protocol.StartRequest]


def test_who_is_busy_hears_it_when_named_by_name(script: Script, run: Run) -> None:
    answers(script, plan(expected("ida", presence="busy", groups=("ops",))))
    assert run("start", "-n", "Ida").out.splitlines()[0] == "will hear it: 1 (ida)"
    assert run("start", "-n", "@ops").out.splitlines()[:2] == [
        "will hear it: nobody",
        "busy: ida (rung only by name)",
    ]


def test_a_yellow_one_says_before_how_many_see_it(script: Script, run: Run) -> None:
    answers(script, plan(level="yellow", others=2))
    assert run("start").out.splitlines()[0].startswith("2 other members get it, quietly")


@pytest.mark.parametrize("code", ["unknown-name", "usage", "no-space", "no-daemon"])
def test_a_plan_that_is_refused_raises_nothing(code: protocol.ErrorCode, script: Script, run: Run) -> None:
    script.answers[protocol.PlanRequest] = protocol.failure(code, "not so", "do this")
    ran = run("start", "-n", "anna")
    assert (ran.code, ran.out) == (protocol.EXITS[code], "")
    assert ran.err == "escalate: not so\n          do this\n"
    assert [type(asked) for asked in script.asked] == [protocol.PlanRequest]


def test_a_plan_that_fails_stops_no_raise(script: Script, run: Run) -> None:
    answers(script, plan())
    script.answers[protocol.PlanRequest] = protocol.failure("failed", "broken")
    ran = run("start", "-n", "ana")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "raised red for @team: caller is threatening")


@pytest.mark.parametrize("option", ["-q", "--json"])
def test_scripts_get_no_plan(option: str, script: Script, run: Run) -> None:
    answers(script, plan())
    run("start", option)
    assert [type(asked) for asked in script.asked] == [protocol.StartRequest]


def test_a_warning_of_both_is_said_once(script: Script, run: Run) -> None:
    answers(script, plan(warnings=("nobody wears @taem",)))
    script.answers[protocol.StartRequest] = protocol.EscalationReply(escalation=HAND, warnings=["nobody wears @taem"])
    assert run("start", "-n", "@taem").err.count("nobody wears") == 1


# --- The ladder ------------------------------------------------------------------------------------
def test_each_then_is_a_rung(script: Script, run: Run) -> None:
    answers(script, plan())
    run("start", "-n", "ana", "--then", "90s '@the leads' ben", "--then", "5m @everyone")
    rungs = [
        protocol.Rung(after_s=90.0, named=["@the leads", "ben"]),
        protocol.Rung(after_s=300.0, named=["@everyone"]),
    ]
    assert [asked.ladder for asked in script.asked if isinstance(asked, protocol.PlanRequest)] == [rungs]
    assert [asked.ladder for asked in script.asked if isinstance(asked, protocol.StartRequest)] == [rungs]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([""], "empty"),
        (["5m"], "names nobody"),
        (["@leads"], "not a duration"),
        (["@leads 5m"], "not a duration"),
        (["5m 'ana"], "quotation"),
        (["5m ana", "5m ben"], "does not come after"),
        (["5m ana", "90s ben"], "90s does not come after 5m"),
        (["1m a", "2m b", "3m c", "4m d", "5m e"], "at most 4"),
    ],
)
@pytest.mark.parametrize("verb", ["start", "toggle"])
def test_a_wrong_ladder_exits_2_with_a_reason(
    verb: str, steps: list[str], reason: str, script: Script, run: Run
) -> None:
    ran = run(verb, *(word for step in steps for word in ("--then", step)))
    assert (ran.code, ran.out, script.asked) == (2, "", [])
    assert reason in ran.err.lower()


# --- Recent messages -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("argv", "number"),
    [
        (["-r"], 1),
        (["--recent"], 1),
        (["-r", "3"], 3),
        (["-r3"], 3),
        (["--recent=2"], 2),
        (["--recent", "2"], 2),
        (["-r", "-n", "ana"], 1),
        (["-n", "ana", "-r"], 1),
        (["-qr"], 1),
    ],
)
def test_r_takes_its_number_or_the_first(argv: list[str], number: int, script: Script, run: Run) -> None:
    answers(script, plan())
    assert run("start", "-q", *argv).code == 0
    asked = script.asked[-1]
    assert isinstance(asked, protocol.StartRequest)
    assert (asked.recent, asked.message) == (number, "")


def test_a_message_that_looks_like_r_is_a_message(script: Script, run: Run) -> None:
    answers(script, plan())
    run("start", "-q", "-m", "-r")
    assert script.asked == [protocol.StartRequest(message="-r")]


def test_r_passes_over_the_message_of_the_environment(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATE_MESSAGE", "from the environment")
    answers(script, plan())
    run("start", "-q", "-r", "2")
    assert script.asked == [protocol.StartRequest(recent=2)]


@pytest.mark.parametrize("argv", [["-m", "x", "-r"], ["-r", "0"], ["-r", "x"], ["--recent=-1"], ["-r", "99999999"]])
@pytest.mark.parametrize("verb", ["start", "toggle"])
def test_a_wrong_r_exits_2(verb: str, argv: list[str], script: Script, run: Run) -> None:
    ran = run(verb, *argv)
    assert (ran.code, ran.out, script.asked) == (2, "", [])


def test_what_follows_two_dashes_is_left_alone() -> None:
    assert saying.prepare(["-r", "--", "-r"]) == ["--recent=ask", "--", "-r"]
    assert saying.prepare(["-n", "-r", "grep", "-r"]) == ["-n", "-r", "grep", "-r"]


def asking(monkeypatch: pytest.MonkeyPatch, *typed: str | None) -> None:
    rest = iter(typed)
    monkeypatch.setattr(output, "can_ask", lambda: True)
    monkeypatch.setattr(output, "answer", lambda _: next(rest))


@pytest.mark.parametrize(("typed", "number"), [(["2\n"], 2), (["\n"], 1), (["x\n", "9\n", " 2 \n"], 2)])
def test_a_terminal_gets_a_menu_on_stderr(
    typed: list[str], number: int, script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(monkeypatch, *typed)
    answers(script, plan())
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=["printer on fire", "paper\x1b is out"])
    ran = run("start", "-q", "-r")
    assert (ran.code, ran.out) == (0, f"{HAND.id}\n")
    assert ran.err == "  1  printer on fire\n  2  paper\\x1b is out\n"
    assert script.asked[-1] == protocol.StartRequest(recent=number)


@pytest.mark.parametrize(("typed", "code"), [([None], 130), (["x\n"] * 3, 2)])
def test_a_menu_without_a_choice_raises_nothing(
    typed: list[str | None], code: int, script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking(monkeypatch, *typed)
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=["printer on fire"])
    assert run("start", "-r").code == code
    assert script.asked == [protocol.RecentRequest()]


def test_a_menu_of_nothing_says_so(script: Script, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asking(monkeypatch)
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=[])
    ran = run("start", "-r")
    assert ran.code == 2
    assert "-m TEXT" in ran.err
