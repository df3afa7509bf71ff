"""mute: do-not-disturb here."""

from typing import Annotated

import typer

from escalate_cli import muting
from escalate_cli.options import AsJson, Quiet, application, example, seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO|all]", help="Whose escalations; all where it is left out.")]
For = Annotated[str | None, typer.Option("--for", metavar="D", help="For so long; else until `escalate unmute`.")]
OnlyList = Annotated[bool, typer.Option("--list", help="Change nothing: only list what is muted here.")]


@app.command(epilog=example("escalate mute --for 1h", "escalate mute ana", "escalate mute --list"))
def mute(
    who: Who = None,
    *,
    duration: For = None,
    only_list: OnlyList = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Do not be disturbed on this machine, by all or by one. Whoever rings you is told that it was so."""
    out = Output(as_json=as_json, quiet=quiet)
    if only_list and (who is not None or duration is not None):
        raise failure("usage", "--list changes nothing: it takes neither WHO nor --for")
    on = None if only_list else True
    return muting.ask(protocol.MuteRequest(who=muting.whom(who), on=on, for_s=seconds(duration)), out)
