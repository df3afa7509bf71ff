"""What programs are told: the contract's object, and fields that may stand in a command."""

import json
from dataclasses import replace

from escalate_daemon import present, telling
from escalate_daemon.core.views import EndReason, EscalationState
from escalate_daemon.notify.program import environment
from support.hands import ANA, RED

NOW = 1_700_000_000.0


def test_the_body_is_one_line_with_the_object_that_show_prints() -> None:
    body = telling.told("on_ring", RED, NOW).body
    assert body.endswith(b"}\n")
    assert body.count(b"\n") == 1
    read = json.loads(body)
    assert (read["v"], read["event"]) == (1, "on_ring")
    assert read["escalation"]["id"] == RED.id
    assert read["escalation"]["owner"]["location"] == "row B, desk 4"
    assert read["escalation"]["started_at"] == "2023-11-14T22:13:20.000Z"


def test_the_fields_say_the_same() -> None:
    fields = telling.told("on_ended", replace(RED, note="done", end_reason=EndReason.OWNER), NOW).fields
    assert fields["EVENT"] == "on_ended"
    assert (fields["ID"], fields["OWNER"], fields["MINE"], fields["LEVEL"]) == (RED.id, "Ana", "0", "red")
    assert (fields["MESSAGE"], fields["STATE"]) == ("caller is threatening", EscalationState.ACTIVE)
    assert (fields["END_REASON"], fields["NOTE"]) == ("owner", "done")
    assert (fields["CLAIMED_BY"], fields["TEXT"], fields["PHONE"]) == ("", "", "")
    assert telling.told("on_raised", replace(RED, owner=replace(ANA, me=True)), NOW).fields["MINE"] == "1"


def test_an_object_of_the_local_api_is_told_like_its_view() -> None:
    assert telling.told("chat", present.escalation(RED, NOW), 0.0) == telling.told("chat", RED, NOW)


def test_what_would_be_an_option_of_a_command_is_not_told() -> None:
    bad = "-oProxyCommand=reboot"
    told = telling.told("approach", replace(RED, owner=replace(ANA, host=bad, phone=bad, url=bad)), NOW)
    owner = json.loads(told.body)["escalation"]["owner"]
    for field in ("host", "phone", "url"):
        assert told.fields[field.upper()] == ""
        assert owner[field] is None
    assert telling.told("approach", RED, NOW).fields["HOST"] == "ana-pc"


def test_no_field_is_left_out_of_the_page_that_says_them() -> None:
    page = telling.__doc__ or ""
    for name in environment({}, telling.told("on_ring", RED, NOW).fields):
        assert name.removeprefix("ESCALATE_EVENT_") in page
