"""The JSON Schema of what `--json` prints, made from the local API's own structs; and the check against it.

`docs/json-schema.json` is this module's output: `python -I tests/support/json_schema.py` writes it anew.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, get_args

import msgspec

from escalate_cli import past
from escalate_daemon.ipc import protocol

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "json-schema.json"

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Schema = dict[str, Json]

REPLIES: Final[Mapping[type[protocol.Reply], tuple[str, ...]]] = {
    protocol.EscalationReply: ("start", "end", "toggle", "show", "approach", "chat", "seen"),
    protocol.ListReply: ("list",),
    protocol.HistoryReply: ("history",),
    protocol.RecentReply: ("recent",),
    protocol.WhoReply: ("who",),
    protocol.StatusReply: ("status", "away", "back", "room"),
    protocol.GroupReply: ("group list", "group join", "group leave"),
    protocol.SpaceReply: ("up", "join", "leave", "trust"),
    protocol.SpaceShowReply: ("space", "space show"),
    protocol.InviteReply: ("invite",),
    protocol.InviteListReply: ("invite list", "invite revoke"),
    protocol.MuteReply: ("mute", "unmute"),
    protocol.DaemonReply: ("daemon status", "daemon start", "daemon stop", "daemon restart"),
    protocol.DoctorReply: ("doctor",),
}
"""Which commands print which reply. `plan` and `nearby` are questions of the command line, never printed."""

_TIME: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
_ABOUT: Final = (
    "What every command of escalate prints with --json: one object a line. `$defs` holds a definition for each "
    "command by its name (`daemon status` is `daemon-status`), for each line of `watch`, for the `error` object that "
    "goes to stderr, and for what they are made of. Every key is always there; what is empty is null or [], never "
    '"". Times are RFC 3339 in UTC, durations are seconds.'
)


# --- Making it -------------------------------------------------------------------------------------
def generated() -> Schema:
    """The whole schema."""
    kinds = (*REPLIES, protocol.Event, protocol.Failure)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    built: dict[str, Schema] = json.loads(json.dumps(components))
    failure, event = built.pop("Failure"), built.pop("Event")
    defs: Schema = {}
    for reply, names in REPLIES.items():
        built[reply.__name__] = _reply(built[reply.__name__], names)
        defs |= {_name(command): _ref(reply.__name__) for command in names}
    defs |= {"config-show": _settings(), "config-set": _ref("config-show"), "config-path": _path()}
    defs |= {"watch": _watch(event), "error": _error(failure)}
    printed = [*(reply.__name__ for reply in REPLIES), "history-stats", "config-show", "config-path", "watch", "error"]
    _, figures = msgspec.json.schema_components((past.Stats,), ref_template="#/$defs/{name}")
    built |= json.loads(json.dumps(figures))
    built["history-stats"] = _with_figures(built[protocol.HistoryReply.__name__])
    defs |= {name: _object(schema) for name, schema in built.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "escalate --json",
        "description": _ABOUT,
        "anyOf": [_ref(name) for name in printed],
        "$defs": dict(sorted(defs.items())),
    }


def written() -> str:
    """The schema as the text of its file."""
    return json.dumps(generated(), indent=2, ensure_ascii=False) + "\n"


def _name(command: str) -> str:
    return command.replace(" ", "-")


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _keys(schema: Schema) -> Schema:
    keys = schema["properties"]
    assert isinstance(keys, dict)
    return keys


def _reply(schema: Schema, commands: Iterable[str]) -> Schema:
    """A reply less its talk."""
    keys = {key: value for key, value in _keys(schema).items() if key not in protocol.TALK}
    return {"description": f"Printed by: {', '.join(commands)}.", "properties": keys}


def _with_figures(history: Schema) -> Schema:
    return {"description": "Printed by: history --stats.", "properties": {**_keys(history), "stats": _ref("Stats")}}


def _object(schema: Schema) -> Schema:
    """An object all of whose keys are always there, and no others."""
    keys = _keys(schema)
    return {
        **({"description": schema["description"]} if "description" in schema else {}),
        "type": "object",
        "properties": {key: _value(key, value) for key, value in keys.items()},
        "required": list(keys),
        "additionalProperties": False,
    }


def _value(key: str, schema: Json) -> Json:
    """One value: no text is empty, no number negative, null one of the types."""
    assert isinstance(schema, dict)
    if key == "v":
        return {"const": protocol.VERSION}
    match schema:
        case {"anyOf": [wanted, {"type": "null"}]}:
            return _or_null(_value(key, wanted))
        case {"type": "array", "items": items}:
            return {"type": "array", "items": _value("", items)}
        case {"type": "string"} if key == "at" or key.endswith("_at"):
            return {"type": "string", "pattern": _TIME}
        case {"type": "string"}:
            return {"type": "string", "minLength": 1}
        case {"type": "integer" | "number" as kind}:
            return {"type": kind, "minimum": 0}
        case _:
            return {name: value for name, value in schema.items() if name != "default"}


def _or_null(schema: Json) -> Json:
    assert isinstance(schema, dict)
    words, kind = schema.get("enum"), schema.get("type")
    if isinstance(words, list):
        return {"enum": [*words, None]}
    if isinstance(kind, str):
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _watch(event: Schema) -> Schema:
    """A line of the stream: about an escalation, about a member, or `ready`."""
    kinds = _keys(event)["event"]
    assert isinstance(kinds, dict)
    words = kinds["enum"]
    assert isinstance(words, list)
    about = [word for word in words if word not in {"member", "ready"}]

    def line(word: Schema, **of: Json) -> Schema:
        return _object({"properties": {"v": {}, "event": word, **of}})

    return {
        "description": "One line of watch.",
        "oneOf": [
            line({"enum": about}, escalation=_ref("Escalation")),
            line({"const": "member"}, member=_ref("Member")),
            line({"const": "ready"}),
        ],
    }


def _error(failure: Schema) -> Schema:
    """What goes to stderr where a command fails."""
    keys = {key: value for key, value in _keys(failure).items() if key not in {"kind", "v"}}
    keys["exit"] = {"enum": [*sorted(set(protocol.EXITS.values()))]}
    error = _object({"properties": keys})
    return {
        "description": "On stderr, where a command fails.",
        "type": "object",
        "properties": {"v": {"const": protocol.VERSION}, "error": error},
        "required": ["v", "error"],
        "additionalProperties": False,
    }


def _settings() -> Schema:
    """Keys of settings come and go with versions: any, of these types."""
    value: Schema = {"type": ["string", "number", "boolean", "array", "null"], "items": {"type": "string"}}
    shown: Schema = {"type": "object", "additionalProperties": value}
    return {"description": "Printed by: config show, config set."} | _with_v("settings", shown)


def _path() -> Schema:
    return {"description": "Printed by: config path."} | _with_v("path", {"type": "string", "minLength": 1})


def _with_v(key: str, value: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"v": {"const": protocol.VERSION}, key: value},
        "required": ["v", key],
        "additionalProperties": False,
    }


# --- Checking against it ---------------------------------------------------------------------------
def validate(command: str, printed: str) -> Json:
    """The object in one printed line, which must be as the committed file says of `command` ("daemon status")."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads(FILE.read_text(encoding="utf-8"))
    assert _name(command) in schema["$defs"], f"docs/json-schema.json knows no {command!r}"
    found: Json = json.loads(printed)
    check = Draft202012Validator({**schema, "anyOf": [_ref(_name(command))]})
    worst = best_match(check.iter_errors(found))
    assert worst is None, f"{command}: {worst.json_path}: {worst.message}\n{printed}"
    return found


def replies_printed() -> set[type[protocol.Reply]]:
    """Every reply that a command prints."""
    return set(get_args(protocol.AnyReply)) - {protocol.PlanReply, protocol.NearbyReply}


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
