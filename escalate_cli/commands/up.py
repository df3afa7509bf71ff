"""up: come into my space, or make one."""

from typing import Annotated

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output, can_ask, confirm
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The name of a space that is made.")]
New = Annotated[bool, typer.Option("--new", help="Make a space without looking for others first.")]
Open = Annotated[bool, typer.Option("--open", help="A space that anybody can join by its name: for demos only.")]


@app.command(epilog=example("escalate up", "escalate up floor-2 --new", "escalate up demo --open"))
def up(
    name: Name = None,
    *,
    new: New = False,
    is_open: Open = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Come into your space. Without one: look for others nearby for 2 s, then make one."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = _up(out, protocol.UpRequest(name=name, new=new, open=is_open))
    words.membership(reply, out, "up in")
    return exits.DONE


def _up(out: Output, request: protocol.UpRequest) -> protocol.SpaceReply:
    reply = client.ask(out, request, protocol.Reply)
    if isinstance(reply, protocol.NearbyReply):
        many = reply.other_spaces != 1
        near = f"{reply.other_spaces} other{'s are' if many else ' is'} near, of other spaces or of none yet"
        out.warn(near, "to be with them: have one of them run `escalate invite`, then run what it prints")
        if can_ask() and not confirm("make a new space all the same?"):
            raise failure("failed", "no space was made", "escalate join CODE, or escalate up --new")
        request = protocol.UpRequest(name=request.name, new=True, open=request.open)
        reply = client.ask(out, request, protocol.SpaceReply)
    if not isinstance(reply, protocol.SpaceReply):
        raise failure("failed", "the daemon answered something else", "escalate daemon restart")
    return reply
