"""history: what was raised before, as this machine saw it."""

from typing import Annotated

import msgspec
import typer

from escalate_cli import client, exits, past, table
from escalate_cli.options import AsJson, Quiet, application, example, seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Since = Annotated[str | None, typer.Option("--since", metavar="D", help="No older than this.")]
Csv = Annotated[bool, typer.Option("--csv", help="As CSV with a header row.")]
Stats = Annotated[bool, typer.Option("--stats", help="How many, and how long until they were shown and claimed.")]


@app.command(
    epilog=example("escalate history --since 7d", "escalate history --csv > june.csv", "escalate history --stats")
)
def history(
    *, since: Since = None, csv: Csv = False, stats: Stats = False, as_json: AsJson = False, quiet: Quiet = False
) -> int:
    """List past escalations, newest first: raised, first shown, claimed, ended, by whom and why."""
    if csv and (stats or as_json):
        raise failure("usage", f"--csv and {'--stats' if stats else '--json'} cannot go together")
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.HistoryRequest(since_s=seconds(since)), protocol.HistoryReply)
    hands = reply.escalations
    if as_json and stats:
        keys = {"escalations": msgspec.to_builtins(hands), "stats": msgspec.to_builtins(past.stats(hands))}
        out.object(keys)
    elif as_json:
        out.reply(reply)
    elif csv:
        out.lines(*past.csv_lines(hands))
    elif stats:
        out.lines(*past.stats_lines(past.stats(hands)))
    else:
        out.lines(*table.render(past.HEADERS, map(past.row, hands)))
    if not hands:
        out.talk("nothing was raised here" if since is None else f"nothing was raised here in the last {since}")
    return exits.DONE
