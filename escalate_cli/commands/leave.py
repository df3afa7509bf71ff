"""leave: leave the space until `up`."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed

app = application()

Forget = Annotated[bool, typer.Option("--forget", help="Give the membership up; to return takes an invite.")]


@app.command(epilog=example("escalate leave", "escalate leave --forget"))
def leave(*, forget: Forget = False, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Leave the space: ends yours, says goodbye, hears nothing until `escalate up`."""
    out = Output(as_json=as_json, quiet=quiet)
    try:
        reply = client.ask(out, protocol.LeaveRequest(forget=forget), protocol.SpaceReply)
    except RequestFailed as refused:
        if refused.failure.code != "no-space":
            raise
        reply = protocol.SpaceReply(space=None, me=None, talk=[words.NO_SPACE])
    words.membership(reply, out, "left")
    return exits.DONE
