"""show: one escalation in full."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO]", help="Its owner or its id; else yours or the only one.")]


@app.command(epilog=example("escalate show", "escalate show ana", "escalate show --json | jq .escalation.reach"))
def show(who: Who = None, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Show one escalation in full: message, named, ladder, receipts by name, claims, thread."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.ShowRequest(who=who), protocol.EscalationReply)
    if as_json:
        out.reply(reply)
    elif reply.escalation is not None:
        out.lines(*words.show(reply.escalation, reply.forgotten))
    out.warn(*reply.warnings)
    if reply.escalation is None:
        out.talk("nothing is active")
    return exits.DONE
