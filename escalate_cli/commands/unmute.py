"""unmute: be disturbed again."""

from typing import Annotated

import typer

from escalate_cli import muting
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO|all]", help="As muted; all where it is left out.")]


@app.command(epilog=example("escalate unmute", "escalate unmute ana"))
def unmute(who: Who = None, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Be disturbed on this machine again, by all or by one."""
    request = protocol.MuteRequest(who=muting.whom(who), on=False)
    return muting.ask(request, Output(as_json=as_json, quiet=quiet))
