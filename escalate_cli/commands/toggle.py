"""toggle: the toolbar button."""

from escalate_cli.commands.start import MaxAge, Message, Notify, Replace, raise_hand, read_message
from escalate_cli.options import AsJson, Quiet, application, example, seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()


@app.command(epilog=example("escalate toggle", 'escalate toggle -m "need a supervisor" -n @leads'))
def toggle(
    *,
    message: Message = None,
    notify: Notify = None,
    max_age: MaxAge = None,
    replace: Replace = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Raise, or end what is up: for a button or a hot key. A pop-up of its own confirms it."""
    request = protocol.StartRequest(
        message=read_message(message),
        named=notify or [],
        max_age_s=seconds(max_age),
        replace=replace,
        toggle=True,
    )
    return raise_hand(request, Output(as_json=as_json, quiet=quiet))
