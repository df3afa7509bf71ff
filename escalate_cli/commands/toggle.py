"""toggle: the toolbar button."""

from escalate_cli import raising, saying
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_cli.raising import MaxAge, Message, Notify, Recent, Replace, Then

app = application()
prepare = saying.prepare


@app.command(epilog=example("escalate toggle", 'escalate toggle -m "need a supervisor" -n @leads'))
def toggle(
    *,
    message: Message = None,
    recent: Recent = None,
    notify: Notify = None,
    then: Then = None,
    max_age: MaxAge = None,
    replace: Replace = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Raise, or end what is up: for a button or a hot key. A pop-up of its own confirms it."""
    request = raising.wanted(
        message=message, recent=recent, notify=notify, then=then, max_age=max_age, replace=replace, toggle=True
    )
    return raising.code(raising.raise_hand(request, Output(as_json=as_json, quiet=quiet)))
