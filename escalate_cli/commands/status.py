"""status: one screen about me, the space, who would hear me, what is active; or saying where I am."""

from typing import Annotated, Literal

import typer

from escalate_cli import client, exits, presence, table, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Where = Annotated[
    Literal["available", "busy", "away"] | None,
    typer.Argument(metavar="[available|busy|away]", help="Say that you are; busy is rung only by name."),
]


@app.command(epilog=example("escalate status", "escalate status busy", "escalate status --json"))
def status(where: Where = None, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Say on one screen who you are, where, who would hear you, and what is active. Or say how you are."""
    out = Output(as_json=as_json, quiet=quiet)
    if where is not None:
        return presence.say(protocol.PresenceRequest(presence=where), out)
    reply = client.ask(out, protocol.StatusRequest(), protocol.StatusReply)
    if as_json:
        out.reply(reply)
    else:
        out.lines(*_screen(reply))
    out.warn(*reply.warnings)
    if reply.space is None:
        out.talk(words.NO_SPACE)
    elif reply.me is None:
        out.talk(f"you are not in {reply.space.name} now, and hear nothing: escalate up")
    return exits.DONE


def _screen(reply: protocol.StatusReply) -> list[str]:
    if reply.me is None or reply.space is None:
        return words.aligned([("space", words.space(reply.space) if reply.space else "none")])
    facts = [
        ("me", words.me(reply.me)),
        ("space", words.space(reply.space)),
        ("hears", words.hears(reply.me)),
        ("heard by", words.audience(reply.hear)),
        ("active", str(len(reply.escalations)) if reply.escalations else "nothing"),
    ]
    return [*words.aligned(facts), *table.render(words.LIST_HEADERS, map(words.list_row, reply.escalations))]
