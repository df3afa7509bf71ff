"""back: here again."""

from escalate_cli import presence
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()


@app.command(epilog=example("escalate back"))
def back(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Say that you are available again, out of any room."""
    return presence.say(protocol.PresenceRequest(presence="back"), Output(as_json=as_json, quiet=quiet))
