"""trust: a new key under a known name."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str, typer.Argument(metavar="WHO", help="The member, as `escalate who` shows it: ana~3f2a.")]


@app.command(epilog=example("escalate trust ana~3f2a"))
def trust(who: Who, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Trust a member whose name you know under another key."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.TrustRequest(who=who), protocol.SpaceReply)
    words.membership(reply, out, "trusted in")
    return exits.DONE
