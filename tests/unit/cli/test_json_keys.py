"""The keys that scripts depend on, written here a second time on purpose: a change of either must be seen."""

import json

import pytest

from escalate_daemon.ipc import protocol
from support.objects import AT, SPACE, escalation, member, receipt, running
from support.scripted import Script

from .conftest import Run

MEMBER = "id name host label presence room groups location phone url me online hears version new_key"
ESCALATION = (
    "id owner level message named ladder state started_at age_s ended_at end_reason note claims reach receipts thread"
)
ME = member(me=True)
HAND = escalation(ME, receipts=(receipt(member("ben")),))
MEMBERSHIP = protocol.SpaceReply(space=SPACE, me=ME, talk=["hello"])
ONE = protocol.EscalationReply(escalation=HAND, warnings=["mind"])
STATUS = protocol.StatusReply(me=ME, space=SPACE, hear=protocol.Hear(others=2, online=1), escalations=[HAND])
PRESENCES = ("status busy", "away", "back", "room Blue", "room --leave")
INVITE = protocol.Invite(id="i1", expires_at=AT, uses=None, used=2)

Case = tuple[str, type[protocol.Request], protocol.AnyReply, str]
CASES: list[Case] = [
    ("start -m x", protocol.StartRequest, ONE, "escalation"),
    ("toggle", protocol.StartRequest, ONE, "escalation"),
    ("end", protocol.EndRequest, ONE, "escalation"),
    ("show", protocol.ShowRequest, ONE, "escalation"),
    ("approach", protocol.ApproachRequest, ONE, "escalation"),
    ("approach --undo", protocol.ApproachRequest, ONE, "escalation"),
    ("chat ana", protocol.ChatRequest, ONE, "escalation"),
    ("chat -m x", protocol.ChatRequest, ONE, "escalation"),
    ("seen", protocol.SeenRequest, ONE, "escalation"),
    ("recent", protocol.RecentRequest, protocol.RecentReply(messages=["x"]), "messages"),
    ("history", protocol.HistoryRequest, protocol.HistoryReply(escalations=[HAND]), "escalations"),
    ("history --stats", protocol.HistoryRequest, protocol.HistoryReply(escalations=[HAND]), "escalations stats"),
    *(
        (verb, protocol.MuteRequest, protocol.MuteReply(muted=[protocol.Mute(who="all", until=None)]), "muted")
        for verb in ("mute", "mute --list", "unmute ana")
    ),
    *((verb, protocol.PresenceRequest, STATUS, "me space hear escalations") for verb in PRESENCES),
    ("list", protocol.ListRequest, protocol.ListReply(escalations=[HAND]), "escalations"),
    (
        "who",
        protocol.WhoRequest,
        protocol.WhoReply(space=SPACE, members=[ME], other_spaces=1),
        "space members other_spaces",
    ),
    (
        "status",
        protocol.StatusRequest,
        STATUS,
        "me space hear escalations",
    ),
    *(
        (
            f"group {action}",
            protocol.GroupRequest,
            protocol.GroupReply(groups=[protocol.Group(name="team", members=["ana"])]),
            "groups",
        )
        for action in ("list", "join team", "leave team")
    ),
    ("up", protocol.UpRequest, MEMBERSHIP, "space me"),
    ("join esc1-x", protocol.JoinRequest, MEMBERSHIP, "space me"),
    ("leave", protocol.LeaveRequest, MEMBERSHIP, "space me"),
    ("trust ana", protocol.TrustRequest, MEMBERSHIP, "space me"),
    (
        "invite",
        protocol.InviteRequest,
        protocol.InviteReply(code="esc1-x", command="escalate join esc1-x", expires_at=AT, uses=1),
        "code command expires_at uses",
    ),
    ("invite list", protocol.InviteListRequest, protocol.InviteListReply(invites=[INVITE]), "invites"),
    ("invite revoke i1", protocol.InviteRevokeRequest, protocol.InviteListReply(invites=[INVITE]), "invites"),
    *(
        (
            verb,
            protocol.SpaceShowRequest,
            protocol.SpaceShowReply(id="s", name="n", epoch=1, open=False, admins=["ana"], me=ME),
            "id name epoch open admins me",
        )
        for verb in ("space", "space show")
    ),
    *(
        (
            f"daemon {action}",
            protocol.DaemonStatusRequest,
            running(),
            "running pid version space members_online links notifier player socket port",
        )
        for action in ("status", "start")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_every_command_prints_one_object_with_its_keys(case: Case, script: Script, run: Run) -> None:
    command, request_type, reply, keys = case
    script.answers[request_type] = reply
    ran = run(*command.split(), "--json")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    printed = json.loads(ran.out)
    assert list(printed) == ["v", *keys.split()]
    assert printed["v"] == 1


def test_a_member_and_an_escalation_bear_every_key(script: Script, run: Run) -> None:
    script.answers[protocol.ShowRequest] = ONE
    shown = json.loads(run("show", "--json").out)["escalation"]
    assert list(shown) == ESCALATION.split()
    assert list(shown["owner"]) == MEMBER.split()
    assert list(shown["reach"]) == ["named", "online", "delivered", "shown", "sounded", "seen"]
    assert list(shown["receipts"][0]) == ["member", "delivered_at", "shown_at", "sounded_at", "seen_at", "why"]


def test_members_space_hear_groups_and_invites_bear_every_key(script: Script, run: Run) -> None:
    for _, request_type, reply, _ in CASES:
        script.answers[request_type] = reply
    status = json.loads(run("status", "--json").out)
    assert list(status["space"]) == ["id", "name", "open"]
    assert list(status["hear"]) == ["others", "online"]
    assert list(json.loads(run("group", "list", "--json").out)["groups"][0]) == ["name", "members"]
    assert list(json.loads(run("invite", "list", "--json").out)["invites"][0]) == ["id", "expires_at", "uses", "used"]


def test_figures_and_mutes_bear_every_key(script: Script, run: Run) -> None:
    for _, request_type, reply, _ in CASES:
        script.answers[request_type] = reply
    figures = json.loads(run("history", "--stats", "--json").out)["stats"]
    assert list(figures) == ["yellow", "red", "shown", "claimed"]
    assert list(figures["shown"]) == ["median_s", "worst_s", "never"]
    assert list(json.loads(run("mute", "--json").out)["muted"][0]) == ["who", "until"]


def test_ladder_claims_and_thread_bear_every_key() -> None:
    assert protocol.LadderStep.__struct_fields__ == ("after_s", "named", "fired")
    assert protocol.Claim.__struct_fields__ == ("member", "at", "counts")
    assert protocol.ChatLine.__struct_fields__ == ("member", "at", "text")


def test_show_of_nothing_is_null_and_exit_0(script: Script, run: Run) -> None:
    script.answers[protocol.ShowRequest] = protocol.EscalationReply(escalation=None)
    ran = run("show", "--json")
    assert (ran.code, json.loads(ran.out)) == (0, {"v": 1, "escalation": None})


def test_the_settings_are_one_object_and_need_no_daemon(run: Run) -> None:
    ran = run("config", "show", "--json")
    assert ran.code == 0
    assert list(json.loads(ran.out)) == ["v", "settings"]


def test_an_error_is_an_object_on_stderr(script: Script, run: Run) -> None:
    script.answers[protocol.ShowRequest] = protocol.failure("unknown-name", "nobody is called anna", "ana?")
    ran = run("show", "anna", "--json")
    assert (ran.code, ran.out) == (4, "")
    assert json.loads(ran.err) == {
        "v": 1,
        "error": {"code": "unknown-name", "exit": 4, "message": "nobody is called anna", "hint": "ana?"},
    }


def test_text_that_does_not_print_is_escaped_in_json_too(script: Script, run: Run) -> None:
    script.answers[protocol.ShowRequest] = protocol.EscalationReply(escalation=escalation(message="a\x9b\u202eb"))
    ran = run("show", "--json")
    assert ran.out.strip().isprintable()
    assert json.loads(ran.out)["escalation"]["message"] == "a\x9b\u202eb"
