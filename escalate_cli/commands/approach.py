"""approach: claim one and go, or withdraw that."""

from typing import Annotated

import typer

from escalate_cli import client, escape, exits, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO]", help="Its owner or its id; else the only one.")]
Undo = Annotated[bool, typer.Option("--undo", help="You are not coming after all.")]


@app.command(epilog=example("escalate approach", "escalate approach ana", "escalate approach --undo"))
def approach(who: Who = None, *, undo: Undo = False, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Say that you are coming: all see it, and ringing stops everywhere. Prints where its owner is."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.ApproachRequest(who=who, undo=undo), protocol.EscalationReply)
    hand = reply.escalation
    if as_json:
        out.reply(reply)
    elif hand is not None and not quiet:
        out.lines(*_told(hand, undo=undo))
    out.warn(*reply.warnings)
    return exits.DONE


def _told(hand: protocol.Escalation, *, undo: bool) -> list[str]:
    said = f": {escape.printable(hand.message)}" if hand.message else ""
    if undo:
        return [f"withdrawn: you are not coming to {words.whose(hand)}{said}"]
    others = [claim.member.label for claim in hand.claims if claim.counts and not claim.member.me]
    facts = [*words.where(hand.owner), ("besides", f"{words.names(others)}, coming too" if others else "")]
    return [f"you are coming to {words.whose(hand)}{said}", *words.aligned(facts)]
