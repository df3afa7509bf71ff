"""room: enter or leave a meeting room."""

from typing import Annotated

import typer

from escalate_cli import presence
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The room you go into.")]
Leave = Annotated[bool, typer.Option("--leave", help="You are out of it again.")]


@app.command(
    epilog=example("escalate room Blue", "escalate start -m 'projector' -n @room:Blue", "escalate room --leave")
)
def room(name: Name = None, *, leave: Leave = False, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Go into a meeting room, or come out. Going in ends what you have up."""
    if (name is None) != leave:
        raise failure("usage", "which room?" if name is None else "a room's name and --leave cannot go together")
    request = protocol.PresenceRequest(presence="back" if leave else "room", room=name)
    return presence.say(request, Output(as_json=as_json, quiet=quiet))
