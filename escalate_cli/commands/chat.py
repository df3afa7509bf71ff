"""chat: the thread of one escalation."""

from typing import Annotated

import typer

from escalate_cli import client, exits, output, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Who = Annotated[str | None, typer.Argument(metavar="[WHO]", help="Whose escalation: its owner or its id.")]
Text = Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What you say; without it the thread is printed.")]
Message = Annotated[
    str | None,
    typer.Option("-m", "--message", metavar="TEXT", help="What you say where only one is active."),
]


@app.command(
    epilog=example("escalate chat ana", 'escalate chat ana "I am on my way"', 'escalate chat -m "in 5 minutes"')
)
def chat(
    who: Who = None,
    text: Text = None,
    *,
    message: Message = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Read an escalation's thread, or say something in it. On a terminal the thread stays open: Ctrl-D leaves."""
    out = Output(as_json=as_json, quiet=quiet)
    if text is not None and message is not None:
        raise failure("usage", "TEXT and -m cannot go together")
    said = text if message is None else message
    if who is None and said is None:
        raise failure("usage", "whose thread?", "escalate chat WHO [TEXT], or escalate chat -m TEXT")
    reply = client.ask(out, protocol.ChatRequest(who=who, text=said), protocol.EscalationReply)
    hand = reply.escalation
    if as_json:
        out.reply(reply)
    elif hand is not None and said is None:
        out.lines(*_printed(hand, reply.forgotten, quiet=quiet))
    elif hand is not None and not quiet:
        out.lines(f"said in {words.whose(hand)}")
    out.warn(*reply.warnings)
    if hand is None:
        out.talk("nothing is active")
    elif said is None and not as_json and hand.state != "ended" and output.can_talk():
        from escalate_cli import live  # a thread and a queue, which a script needs not

        live.run(hand, out)
    return exits.DONE


def _printed(hand: protocol.Escalation, forgotten: int, *, quiet: bool) -> list[str]:
    lines = [*words.kept_from(forgotten), *map(words.said, hand.thread)]
    return lines if quiet else [words.headline(hand), *lines]
