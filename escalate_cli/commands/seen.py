"""seen: dismiss the pop-up here."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO]", help="Its owner or its id; else the only one.")]


@app.command(epilog=example("escalate seen", "escalate seen ana"))
def seen(who: Who = None, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Dismiss an escalation's pop-up on this machine, and let its owner know that you saw it."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.SeenRequest(who=who), protocol.EscalationReply)
    if as_json:
        out.reply(reply)
    elif reply.escalation is not None and not quiet:
        out.lines(f"seen: {words.whose(reply.escalation)}")
    if reply.escalation is None:
        out.talk("nobody else's is active")
    out.warn(*reply.warnings)
    return exits.DONE
