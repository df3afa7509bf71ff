"""approach, chat, seen, recent, mute, and saying where one is: what is sent, and what is said."""

from dataclasses import replace

import msgspec
import pytest

from escalate_cli import output, words
from escalate_daemon.ipc import protocol
from support.objects import AT, SPACE, escalation, member
from support.scripted import Script

from .conftest import Ran, Run

ANA = msgspec.structs.replace(
    member("ana"), location="row B, seat 4", phone="+44 20 7946 0000", url="https://meet.example/ana"
)
HAND = escalation(ANA)
REFUSALS: list[protocol.ErrorCode] = ["usage", "unknown-name", "in-a-room", "nothing-to-claim", "no-space"]


def claim(label: str, *, counts: bool = True, me: bool = False) -> protocol.Claim:
    return protocol.Claim(member=member(label, me=me), at=AT, counts=counts)


def line(label: str, text: str, *, me: bool = False) -> protocol.ChatLine:
    return protocol.ChatLine(member=member(label, me=me), at=AT, text=text)


def one(hand: protocol.Escalation | None, *, forgotten: int = 0, warnings: tuple[str, ...] = ()) -> protocol.AnyReply:
    return protocol.EscalationReply(escalation=hand, forgotten=forgotten, warnings=list(warnings))


def plain(ran: Ran) -> Ran:
    """Times of the day left out."""
    return replace(ran, out=ran.out.replace(f"{words.when(AT)} ", ""))


# --- approach --------------------------------------------------------------------------------------
def test_approach_prints_where_the_owner_is_and_what_it_is_about(script: Script, run: Run) -> None:
    claims = [claim("sam", me=True), claim("ben"), claim("cleo", counts=False)]
    hand = msgspec.structs.replace(HAND, claims=claims)
    script.answers[protocol.ApproachRequest] = one(hand, warnings=("opened https://meet.example/ana",))
    ran = run("approach", "ana")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "you are coming to ana's red: caller is threatening",
        "  location  row B, seat 4",
        "  host      desk",
        "  phone     +44 20 7946 0000",
        "  url       https://meet.example/ana",
        "  besides   ben, coming too",
    ]
    assert ran.err == "escalate: opened https://meet.example/ana\n"
    assert script.asked == [protocol.ApproachRequest(who="ana")]


def test_approach_says_in_which_room_the_owner_is(script: Script, run: Run) -> None:
    owner = msgspec.structs.replace(ANA, presence="room", room="Blue")
    script.answers[protocol.ApproachRequest] = one(escalation(owner))
    assert "  room      Blue\n" in run("approach").out


def test_undo_withdraws(script: Script, run: Run) -> None:
    script.answers[protocol.ApproachRequest] = one(HAND)
    ran = run("approach", "--undo")
    assert ran.out == "withdrawn: you are not coming to ana's red: caller is threatening\n"
    assert script.asked == [protocol.ApproachRequest(undo=True)]


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize(
    ("command", "request_type"),
    [
        ("approach", protocol.ApproachRequest),
        ("seen", protocol.SeenRequest),
        ("chat ana", protocol.ChatRequest),
        ("chat -m hello", protocol.ChatRequest),
        ("mute ana", protocol.MuteRequest),
        ("room Blue", protocol.PresenceRequest),
        ("recent", protocol.RecentRequest),
        ("history", protocol.HistoryRequest),
    ],
)
def test_a_refusal_is_told_with_its_code(
    code: protocol.ErrorCode, command: str, request_type: type[protocol.Request], script: Script, run: Run
) -> None:
    script.answers[request_type] = protocol.failure(code, "not so", "do this")
    ran = run(*command.split())
    assert (ran.code, ran.out) == (protocol.EXITS[code], "")
    assert ran.err == "escalate: not so\n          do this\n"


# --- chat ------------------------------------------------------------------------------------------
def test_chat_prints_the_thread_and_what_is_not_kept(script: Script, run: Run) -> None:
    hand = msgspec.structs.replace(HAND, thread=[line("ana", "hurry"), line("sam", "on my way", me=True)])
    script.answers[protocol.ChatRequest] = one(hand, forgotten=3)
    assert plain(run("chat", "ana")).out.splitlines() == [
        "red of ana: caller is threatening",
        "3 earlier lines not kept",
        "ana: hurry",
        "me: on my way",
    ]
    assert "3 earlier lines not kept" in run("chat", "ana", "-q").out
    assert script.asked[0] == protocol.ChatRequest(who="ana")


@pytest.mark.parametrize(
    ("argv", "who", "text"),
    [
        (["ana", "on my way"], "ana", "on my way"),
        (["-m", "on my way"], None, "on my way"),
        (["ana", "-m", "on my way"], "ana", "on my way"),
        (["ana", "--", "-1"], "ana", "-1"),
    ],
)
def test_chat_with_a_text_says_it(argv: list[str], who: str | None, text: str, script: Script, run: Run) -> None:
    script.answers[protocol.ChatRequest] = one(HAND)
    ran = run("chat", *argv)
    assert (ran.code, ran.out) == (0, "said in ana's red\n")
    assert script.asked == [protocol.ChatRequest(who=who, text=text)]
    assert run("chat", "-q", *argv).out == ""


@pytest.mark.parametrize("argv", [[], ["ana", "x", "-m", "y"], ["ana", "x", "y"]])
def test_chat_without_whose_or_with_two_texts_exits_2(argv: list[str], script: Script, run: Run) -> None:
    ran = run("chat", *argv)
    assert (ran.code, ran.out, script.asked) == (2, "", [])


def test_hostile_text_in_a_thread_is_escaped(script: Script, run: Run) -> None:
    hostile = "\x1b]0;owned\x07\r\n"
    hand = msgspec.structs.replace(HAND, thread=[line(hostile, hostile)], claims=[claim(hostile)])
    for kind in (protocol.ChatRequest, protocol.ShowRequest, protocol.ApproachRequest, protocol.SeenRequest):
        script.answers[kind] = one(hand, warnings=(hostile,))
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[hand])
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=[hostile])
    script.answers[protocol.HistoryRequest] = protocol.HistoryReply(escalations=[hand])
    script.answers[protocol.MuteRequest] = protocol.MuteReply(muted=[protocol.Mute(who=hostile, until=None)])
    commands = ("chat ana", "show", "approach", "seen", "list", "list --prompt", "recent", "history", "history --csv")
    for command in (*commands, "mute"):
        ran = run(*command.split())
        assert ran.code == 0
        assert not set("\x1b\x07\r") & set(ran.out + ran.err)


# --- seen, recent ----------------------------------------------------------------------------------
def test_seen_says_whose(script: Script, run: Run) -> None:
    script.answers[protocol.SeenRequest] = one(HAND)
    assert run("seen", "ana").out == "seen: ana's red\n"
    assert run("seen", "-q").out == ""
    assert script.asked == [protocol.SeenRequest(who="ana"), protocol.SeenRequest()]


def test_seen_says_that_there_is_nothing_to_dismiss(script: Script, run: Run) -> None:
    script.answers[protocol.SeenRequest] = one(None)
    assert run("seen").err == "escalate: nobody else's is active\n"
    assert run("seen", "-q").err == ""


def test_recent_is_a_line_each_and_numbered_for_a_person(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=["printer on fire", "paper is out"])
    assert run("recent").out == "printer on fire\npaper is out\n"
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    assert run("recent").out == "1  printer on fire\n2  paper is out\n"


def test_no_recent_message_is_said(script: Script, run: Run) -> None:
    script.answers[protocol.RecentRequest] = protocol.RecentReply(messages=[])
    ran = run("recent")
    assert (ran.code, ran.out, ran.err) == (0, "", "escalate: you have said nothing yet\n")


# --- mute ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "request_"),
    [
        ("mute", protocol.MuteRequest(on=True)),
        ("mute all", protocol.MuteRequest(on=True)),
        ("mute ana --for 1h", protocol.MuteRequest(who="ana", on=True, for_s=3600.0)),
        ("mute --list", protocol.MuteRequest()),
        ("unmute", protocol.MuteRequest(on=False)),
        ("unmute all", protocol.MuteRequest(on=False)),
        ("unmute ana", protocol.MuteRequest(who="ana", on=False)),
    ],
)
def test_mute_and_unmute_send_whom_and_print_what_is_muted(
    command: str, request_: protocol.MuteRequest, script: Script, run: Run
) -> None:
    muted = [protocol.Mute(who="all", until=None), protocol.Mute(who="ana", until=AT)]
    script.answers[protocol.MuteRequest] = protocol.MuteReply(muted=muted, warnings=["mind"])
    ran = run(*command.split())
    assert script.asked == [request_]
    assert ran.out == f"all\tunmuted\nana\t{words.when(AT)}\n"
    assert ran.err == "escalate: mind\n"


def test_nobody_muted_is_said(script: Script, run: Run) -> None:
    script.answers[protocol.MuteRequest] = protocol.MuteReply(muted=[])
    ran = run("unmute")
    assert (ran.out, ran.err) == ("", "escalate: nobody is muted here\n")


@pytest.mark.parametrize("command", ["mute ana --list", "mute --list --for 1h", "mute --for 1", "unmute --for 1h"])
def test_wrong_muting_exits_2(command: str, script: Script, run: Run) -> None:
    assert (run(*command.split()).code, script.asked) == (2, [])


# --- Presence --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "request_"),
    [
        ("status available", protocol.PresenceRequest(presence="available")),
        ("status busy", protocol.PresenceRequest(presence="busy")),
        ("status away", protocol.PresenceRequest(presence="away")),
        ("away", protocol.PresenceRequest(presence="away")),
        ("back", protocol.PresenceRequest(presence="back")),
        ("room Blue", protocol.PresenceRequest(presence="room", room="Blue")),
        ("room --leave", protocol.PresenceRequest(presence="back")),
    ],
)
def test_presence_is_sent_and_told(command: str, request_: protocol.PresenceRequest, script: Script, run: Run) -> None:
    me = msgspec.structs.replace(member(me=True), presence="room", room="Blue")
    script.answers[protocol.PresenceRequest] = protocol.StatusReply(
        me=me, space=SPACE, hear=protocol.Hear(others=1, online=1), escalations=[], warnings=["your red is over"]
    )
    ran = run(*command.split())
    assert script.asked == [request_]
    assert (ran.code, ran.out, ran.err) == (0, "you are in room Blue\n", "escalate: your red is over\n")


@pytest.mark.parametrize("command", ["room", "room Blue --leave", "status gone", "away now"])
def test_wrong_presence_exits_2(command: str, script: Script, run: Run) -> None:
    assert (run(*command.split()).code, script.asked) == (2, [])


# --- What others show of it ------------------------------------------------------------------------
def test_list_says_who_is_coming(script: Script, run: Run) -> None:
    both = [claim("sam"), claim("ben", counts=False)]
    hands = [
        msgspec.structs.replace(HAND, claims=both),
        msgspec.structs.replace(HAND, claims=both[1:]),
        msgspec.structs.replace(HAND, claims=both, state="lost"),
    ]
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=hands)
    states = [row.split("\t")[5] for row in run("list").out.splitlines()]
    assert states == ["sam is coming", "active, nobody is coming any more", "contact lost, sam is coming"]


def test_a_prompt_says_briefly_that_somebody_comes(script: Script, run: Run) -> None:
    claimed = msgspec.structs.replace(HAND, claims=[claim("sam")])
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[claimed])
    assert run("list", "--prompt").out == "red ana: caller is threatening (sam is coming)\n"
    script.answers[protocol.ListRequest] = protocol.ListReply(escalations=[claimed, HAND])
    assert run("list", "--prompt").out == "red 2, 1 claimed\n"


def test_show_tells_claims_ladder_room_and_thread(script: Script, run: Run) -> None:
    owner = msgspec.structs.replace(ANA, presence="room", room="Blue")
    steps = [
        protocol.LadderStep(after_s=90.0, named=["@leads", "ben"], fired=True),
        protocol.LadderStep(after_s=300.0, named=["@everyone"], fired=False),
    ]
    hand = msgspec.structs.replace(
        escalation(owner),
        claims=[claim("sam"), claim("ben", counts=False)],
        ladder=steps,
        thread=[line("sam", "on my way")],
    )
    script.answers[protocol.ShowRequest] = one(hand, forgotten=1)
    told = run("show").out
    for expected in (
        "room      Blue",
        "ladder    after 90s: @leads, ben, done",
        "ladder    after 5m: @everyone",
        f"coming    sam, {words.when(AT)}\n",
        f"coming    ben, {words.when(AT)} (no longer counts)",
        f"said      {words.when(AT)} sam: on my way",
        "1 earlier line not kept",
    ):
        assert f"{expected}" in told


def test_who_says_in_which_room_somebody_is(script: Script, run: Run) -> None:
    inside = msgspec.structs.replace(member("ben"), presence="room", room="Blue")
    script.answers[protocol.WhoRequest] = protocol.WhoReply(space=SPACE, members=[inside], other_spaces=0)
    assert run("who").out.split("\t")[1] == "in room Blue"
