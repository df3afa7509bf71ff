"""group: the groups that members wear."""

from typing import Annotated, Literal

import typer

from escalate_cli import client, exits, table
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Name = Annotated[str, typer.Argument(metavar="NAME", help="The group's name, with or without @.")]
_EXAMPLE = example("escalate group list", "escalate group join team", "escalate group leave team")


@app.callback(epilog=_EXAMPLE)
def group() -> None:
    """List groups, or put one on yourself."""


@app.command("list", epilog=_EXAMPLE)
def list_groups(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """List the groups and who wears them."""
    return _ask("list", None, Output(as_json=as_json, quiet=quiet))


@app.command("join", epilog=_EXAMPLE)
def join(name: Name, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Put a group on yourself."""
    return _ask("join", name, Output(as_json=as_json, quiet=quiet))


@app.command("leave", epilog=_EXAMPLE)
def leave(name: Name, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Take a group off yourself."""
    return _ask("leave", name, Output(as_json=as_json, quiet=quiet))


def _ask(action: Literal["list", "join", "leave"], name: str | None, out: Output) -> int:
    reply = client.ask(out, protocol.GroupRequest(action=action, name=name), protocol.GroupReply)
    if out.as_json:
        out.reply(reply)
    elif action == "list" or not out.quiet:
        rows = (table.Row((f"@{each.name}", " ".join(each.members))) for each in reply.groups)
        out.lines(*table.render(("group", "members"), rows))
    out.warn(*reply.warnings)
    if action == "list" and not reply.groups:
        out.talk("nobody wears a group")
    return exits.DONE
