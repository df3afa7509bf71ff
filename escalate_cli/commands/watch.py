"""watch: a live board; JSON Lines where no person looks."""

import msgspec

from escalate_cli import exits, output, words
from escalate_cli.follow import Begun, Tick, follow
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc.protocol import Event

app = application()

_PIPE_TICK_S = 1.0  # how soon it is noticed that nobody reads any more


@app.command(epilog=example("escalate watch", "escalate watch --json | jq -c 'select(.event == \"raised\")'"))
def watch(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Watch what is active, live; q leaves. In a pipe, or with --json: JSON Lines."""
    out = Output(as_json=True, quiet=quiet)
    if as_json or not output.is_terminal():
        over = _print(out)
    else:
        from escalate_cli import board

        over = board.run(follow(Output(quiet=True), board.TICK_S))  # talk would tear the board
    if over:
        out.talk(words.NO_SPACE)
    return exits.DONE


def _print(out: Output) -> bool:
    """JSON Lines until nobody reads them (False), or there is no space to watch (True)."""
    for step in follow(out, _PIPE_TICK_S):
        if isinstance(step, Begun) and step.open_space:
            out.warn(words.OPEN_SPACE)
        if isinstance(step, Event) and not out.object(keys(step)):
            return False
        if isinstance(step, Tick) and output.reader_left():
            return False
    return True


def keys(event: Event) -> dict[str, output.Json]:
    """An event's JSON keys: its name and what it is about."""
    built: dict[str, output.Json] = {"event": event.event}
    if event.escalation is not None:
        built["escalation"] = msgspec.to_builtins(event.escalation)
    if event.member is not None:
        built["member"] = msgspec.to_builtins(event.member)
    return built
