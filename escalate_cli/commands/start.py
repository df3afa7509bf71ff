"""start: raise, and wait for what comes of it where that is wanted."""

from escalate_cli import raising, saying
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_cli.raising import MaxAge, Message, Notify, Recent, Replace, Then, Wait

app = application()
prepare = saying.prepare


@app.command(
    epilog=example(
        'escalate start -m "caller is threatening" --notify @team',
        'escalate start -m "server room 40 C" -n ana --then "2m @leads" --then "5m @everyone"',
        "escalate start -r -n @team                  # something again",
        "escalate start -n @ops --wait claim=5m || mail -s 'nobody comes' boss",
        "df -h / | tail -1 | escalate start -m - -n ana",
    )
)
def start(
    *,
    message: Message = None,
    recent: Recent = None,
    notify: Notify = None,
    then: Then = None,
    max_age: MaxAge = None,
    wait: Wait = None,
    replace: Replace = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Raise your hand: yellow, or red for those it names.

    ESCALATE_MESSAGE is the message where neither -m nor -r is given. With -q only the id is printed.
    """
    out = Output(as_json=as_json, quiet=quiet)
    if wait is not None:
        from escalate_cli import waiting

        goal = waiting.parse(wait, red=bool(notify))
    request = raising.wanted(message=message, recent=recent, notify=notify, then=then, max_age=max_age, replace=replace)
    reply = raising.raise_hand(request, out, json_later=wait is not None)
    if wait is None or reply.escalation is None:
        return raising.code(reply)
    return waiting.wait(reply.escalation, goal, out)
