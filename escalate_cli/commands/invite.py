"""invite: a code with which somebody joins."""

from typing import Annotated

import typer

from escalate_cli import client, escape, exits, table, words
from escalate_cli.options import AsJson, Quiet, application, example, seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Reusable = Annotated[bool, typer.Option("--reusable", help="Any number of uses: for fleets.")]
For = Annotated[str | None, typer.Option("--for", metavar="D", help="How long it can be used; 15m, reusable 30d.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `escalate invite list` shows it.")]
_EXAMPLE = example("escalate invite", "escalate invite --reusable --for 30d", "escalate invite revoke 3f2a91c0")


@app.callback(invoke_without_command=True, epilog=_EXAMPLE)
def invite(
    context: typer.Context,
    *,
    reusable: Reusable = False,
    valid_for: For = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Print the command with which somebody joins your space: one use, 15 minutes."""
    if context.invoked_subcommand:
        return exits.DONE
    out = Output(as_json=as_json, quiet=quiet)
    request = protocol.InviteRequest(reusable=reusable, for_s=seconds(valid_for))
    reply = client.ask(out, request, protocol.InviteReply)
    if as_json:
        out.reply(reply)
    else:
        out.lines(escape.printable(reply.command))
        uses = "any number of uses" if reply.uses is None else "one use" if reply.uses == 1 else f"{reply.uses} uses"
        out.talk(f"{uses}, until {words.when(reply.expires_at)}; run it on the other machine")
    return exits.DONE


@app.command("list", epilog=_EXAMPLE)
def list_invites(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """List the invites that you gave."""
    return _list(protocol.InviteListRequest(), Output(as_json=as_json, quiet=quiet))


@app.command("revoke", epilog=_EXAMPLE)
def revoke(identifier: Id, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Take an invite back."""
    return _list(protocol.InviteRevokeRequest(id=identifier), Output(as_json=as_json, quiet=quiet))


def _list(request: protocol.InviteListRequest | protocol.InviteRevokeRequest, out: Output) -> int:
    reply = client.ask(out, request, protocol.InviteListReply)
    if out.as_json:
        out.reply(reply)
        return exits.DONE
    out.lines(*table.render(("id", "expires", "uses", "used"), map(_row, reply.invites)))
    if not reply.invites:
        out.talk("no invite of yours can be used")
    return exits.DONE


def _row(invite: protocol.Invite) -> table.Row:
    if invite.uses is None:  # any member serves it: nobody knows all of its uses
        return table.Row((invite.id, words.when(invite.expires_at), "any", ""))
    return table.Row((invite.id, words.when(invite.expires_at), str(invite.uses), str(invite.used)))
