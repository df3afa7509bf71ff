"""end: end mine."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Note = Annotated[str, typer.Option("-m", "--message", metavar="NOTE", help="How it was settled.")]


@app.command(epilog=example("escalate end", 'escalate end -m "settled"'))
def end(*, note: Note = "", as_json: AsJson = False, quiet: Quiet = False) -> int:
    """End your escalation, everywhere. Nothing happens where there is none."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.EndRequest(note=note), protocol.EscalationReply)
    if as_json:
        out.reply(reply)
    elif reply.escalation is not None and not quiet:
        out.lines(words.ended(reply.escalation))
    out.warn(*reply.warnings)
    if not reply.in_space:
        out.talk(words.NO_SPACE)
    elif reply.escalation is None:
        out.talk("you have none up")
    return exits.DONE
