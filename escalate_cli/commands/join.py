"""join: come into somebody's space."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Code = Annotated[str | None, typer.Argument(metavar="[CODE]", help="What `escalate invite` printed: esc1-...")]
Host = Annotated[str | None, typer.Argument(metavar="[HOST[:PORT]]", help="The inviter, where multicast fails.")]
OpenName = Annotated[str | None, typer.Option("--open", metavar="NAME", help="An open space, by its name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Leave the space that you are in.")]


@app.command(
    epilog=example("escalate join esc1-7q2m-...", "escalate join esc1-7q2m-... desk4", "escalate join --open demo")
)
def join(
    code: Code = None,
    host: Host = None,
    *,
    open_name: OpenName = None,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Join a space by an invite's code. HOST where multicast fails."""
    if (code is None) == (open_name is None):
        raise failure("usage", "join takes a code, or --open NAME", "ask a member for `escalate invite`")
    out = Output(as_json=as_json, quiet=quiet)
    request = protocol.JoinRequest(code=code, host=host, open_name=open_name, yes=yes)
    words.membership(client.ask(out, request, protocol.SpaceReply), out, "joined")
    return exits.DONE
