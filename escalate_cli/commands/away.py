"""away: not here for a while."""

from escalate_cli import presence
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()


@app.command(epilog=example("escalate away", "escalate back"))
def away(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Say that you are away. It ends what you have up."""
    return presence.say(protocol.PresenceRequest(presence="away"), Output(as_json=as_json, quiet=quiet))
