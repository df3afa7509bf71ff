"""The published JSON Schema is that of this code, knows every command, and lets nothing else pass."""

import json

import msgspec
import pytest

from escalate_cli.verbs import VERBS
from escalate_daemon.ipc import protocol
from support import json_schema
from support.objects import AT, SPACE, escalation, member, receipt

WITHOUT_JSON = {"demo", "run", "completion"}


def printed(**keys: object) -> str:
    return msgspec.json.encode({"v": 1, **keys}).decode()


def test_the_committed_schema_is_that_of_this_code() -> None:
    committed = json.loads(json_schema.FILE.read_text(encoding="utf-8"))
    assert committed == json_schema.generated(), "write it anew: python -I tests/support/json_schema.py"


def test_every_reply_that_is_printed_has_its_commands() -> None:
    assert set(json_schema.REPLIES) == json_schema.replies_printed()


def test_every_verb_has_a_definition() -> None:
    defined = json_schema.generated()["$defs"]
    assert isinstance(defined, dict)
    lacking = [
        verb
        for verb in VERBS
        if verb not in WITHOUT_JSON and not any(name == verb or name.startswith(f"{verb}-") for name in defined)
    ]
    assert not lacking


def test_no_talk_is_in_it() -> None:
    defined = json_schema.generated()["$defs"]
    assert isinstance(defined, dict)
    for reply in json_schema.REPLIES:
        built = defined[reply.__name__]
        assert isinstance(built, dict)
        keys = built["properties"]
        assert isinstance(keys, dict)
        assert not keys.keys() & protocol.TALK


def test_what_commands_print_passes() -> None:
    one = escalation(member(me=True), receipts=(receipt(member("ben"), "muted"),))
    json_schema.validate("start", printed(escalation=one))
    json_schema.validate("show", printed(escalation=None))
    json_schema.validate("list", printed(escalations=[one]))
    json_schema.validate("watch", printed(event="claimed", escalation=one))
    json_schema.validate("watch", printed(event="ready"))
    json_schema.validate("up", printed(space=SPACE, me=None))
    json_schema.validate("mute", printed(muted=[protocol.Mute(who="all", until=AT)]))
    json_schema.validate("error", printed(error={"code": "usage", "exit": 2, "message": "no", "hint": None}))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("show", '{"escalation": null}'),
        ("show", printed()),
        ("show", printed(escalation=None, warnings=[])),
        ("show", '{"v": 2, "escalation": null}'),
        ("recent", printed(messages=[""])),
        ("invite", printed(code="esc1-x", command="escalate join esc1-x", expires_at="tomorrow", uses=1)),
        ("invite", printed(code="esc1-x", command="escalate join esc1-x", expires_at=AT, uses=-1)),
        ("watch", printed(event="ready", member=None)),
        ("watch", printed(event="member", escalation=None)),
        ("error", printed(error={"code": "odd", "exit": 2, "message": "no", "hint": None})),
        ("error", printed(error={"code": "usage", "exit": 99, "message": "no", "hint": None})),
    ],
)
def test_what_breaks_the_contract_does_not_pass(command: str, text: str) -> None:
    with pytest.raises(AssertionError, match=command):
        json_schema.validate(command, text)


def test_a_command_that_the_schema_does_not_know_is_named() -> None:
    with pytest.raises(AssertionError, match="knows no 'juggle'"):
        json_schema.validate("juggle", printed())
