"""space: the space, and who made it."""

import typer

from escalate_cli import client, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()
_EXAMPLE = example("escalate space show", "escalate space show --json")


@app.callback(invoke_without_command=True, epilog=_EXAMPLE)
def space(context: typer.Context, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Show the space that you are in."""
    return exits.DONE if context.invoked_subcommand else _show(Output(as_json=as_json, quiet=quiet))


@app.command("show", epilog=_EXAMPLE)
def show(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Show the space that you are in."""
    return _show(Output(as_json=as_json, quiet=quiet))


def _show(out: Output) -> int:
    reply = client.ask(out, protocol.SpaceShowRequest(), protocol.SpaceShowReply)
    if out.as_json:
        out.reply(reply)
        return exits.DONE
    facts = [
        ("space", f"{reply.name} (open)" if reply.open else reply.name),
        ("id", reply.id),
        ("epoch", str(reply.epoch)),
        ("admins", ", ".join(reply.admins)),
        ("me", words.me(reply.me)),
    ]
    out.lines(*words.aligned(facts))
    return exits.DONE
