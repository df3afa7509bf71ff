"""who: the members, as this machine sees them."""

from typing import Annotated

import typer

from escalate_cli import client, exits, table, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO]", help="A name, name@host, id or @group.")]


@app.command(epilog=example("escalate who", "escalate who @team", "escalate who --json"))
def who(whom: Who = None, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """List the members: presence, groups, host, location, what each can hear, version."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.WhoRequest(who=whom), protocol.WhoReply)
    if as_json:
        out.reply(reply)
    else:
        out.lines(*table.render(words.WHO_HEADERS, map(words.who_row, reply.members)))
    if not reply.members and whom is None:
        out.talk(words.NO_SPACE)
    if reply.other_spaces:
        out.talk(f"near, but of other spaces or of none: {reply.other_spaces}")
    return exits.DONE
