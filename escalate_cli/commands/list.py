"""list: what is active, mine first."""

from collections.abc import Sequence
from typing import Annotated

import typer

from escalate_cli import client, escape, exits, table, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Escalation, RequestFailed

app = application()

Prompt = Annotated[bool, typer.Option("--prompt", help="One short line, or none, for prompts and status bars.")]


@app.command("list", epilog=example("escalate list", "escalate list --json", "escalate list --prompt"))
def list_active(*, prompt: Prompt = False, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """List what is active, yours first."""
    out = Output(as_json=as_json, quiet=quiet)
    if prompt:
        return _prompt(out)
    reply = client.ask(out, protocol.ListRequest(), protocol.ListReply)
    if as_json:
        out.reply(reply)
    else:
        out.lines(*table.render(words.LIST_HEADERS, map(words.list_row, reply.escalations)))
    if not reply.in_space:
        out.talk(words.NO_SPACE)
    elif not reply.escalations:
        out.talk("nothing is active")
    return exits.DONE


def _prompt(out: Output) -> int:
    """A prompt is drawn at every Enter: it starts no daemon, and says nothing where there is none."""
    try:
        reply = client.ask(Output(quiet=True), protocol.ListRequest(), protocol.ListReply, start=False, banner=False)
    except RequestFailed as refused:
        return refused.failure.exit
    if reply.escalations:
        out.lines(f"{'OPEN SPACE ' if reply.open_space else ''}{in_short(reply.escalations)}")
    return exits.DONE


def in_short(escalations: Sequence[Escalation]) -> str:
    """`red ana: printer on fire (sam is coming)`, or where several are up `red 2 yellow 1, 1 claimed`."""
    if len(escalations) > 1:
        levels = [each.level for each in escalations]
        counted = " ".join(f"{level} {levels.count(level)}" for level in ("red", "yellow") if level in levels)
        claimed = sum(any(claim.counts for claim in each.claims) for each in escalations)
        return f"{counted}, {claimed} claimed" if claimed else counted
    only = escalations[0]
    whose = f"{only.level} {'me' if only.owner.me else only.owner.label}"
    coming = words.coming(only)
    told = f"{whose}: {only.message}" if only.message else whose
    return escape.printable(f"{told} ({coming})" if coming else told)
