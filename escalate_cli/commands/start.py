"""start: raise. Its options are toggle's too."""

import os
import sys
from typing import Annotated, Final

import typer

from escalate_cli import audience, client, escape, exits, output, words
from escalate_cli.options import AsJson, Quiet, application, example, seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Message = Annotated[
    str | None,
    typer.Option("-m", "--message", metavar="TEXT|-", help="What it is about; - reads standard input."),
]
Notify = Annotated[
    list[str] | None,
    typer.Option("-n", "--notify", metavar="WHO", help="Whom to ring: name, @group, @everyone. Repeatable."),
]
MaxAge = Annotated[str | None, typer.Option("--for", metavar="D", help="End it by itself after this long.")]
Replace = Annotated[bool, typer.Option("--replace", help="In the place of the one of mine that is up.")]

# The daemon knows how long a message may be and says the count; this only bounds what is read and sent.
_MESSAGE_MAX: Final = 8192


@app.command(
    epilog=example(
        'escalate start -m "caller is threatening" --notify @team',
        "escalate start --for 20m",
        "df -h / | tail -1 | escalate start -m - -n ana",
    )
)
def start(
    *,
    message: Message = None,
    notify: Notify = None,
    max_age: MaxAge = None,
    replace: Replace = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Raise your hand: yellow, or red for those it names.

    ESCALATE_MESSAGE is the message where -m is not given. With -q only the id is printed.
    """
    request = protocol.StartRequest(
        message=read_message(message), named=notify or [], max_age_s=seconds(max_age), replace=replace
    )
    return raise_hand(request, Output(as_json=as_json, quiet=quiet))


def raise_hand(request: protocol.StartRequest, out: Output) -> int:
    """Ask for it and print what is up, or what has ended (toggle)."""
    reply = client.ask(out, request, protocol.EscalationReply)
    hand = reply.escalation
    if out.as_json:
        out.reply(reply)
    elif hand is not None:
        out.lines(*_told(reply, hand, out))
    out.warn(*reply.warnings)
    if hand is not None and hand.state != "ended":
        out.warn(*audience.unseen(reply, hand, explain=out.quiet or out.as_json))
    return exits.REACHED_NOBODY if reply.reached_nobody and hand is not None else exits.DONE


def _told(reply: protocol.EscalationReply, hand: protocol.Escalation, out: Output) -> list[str]:
    if out.quiet:
        return [escape.printable(hand.id)]
    return [words.ended(hand)] if hand.state == "ended" else audience.raised(reply, hand)


def read_message(given: str | None) -> str:
    """The message that is meant: the option's, standard input, the environment's, or none."""
    if given is None:
        return _bounded(os.environ.get("ESCALATE_MESSAGE", ""))
    return _bounded(_standard_input() if given == "-" else given)


def _standard_input() -> str:
    if sys.stdin is None:
        raise failure("usage", "there is no standard input to read the message from")
    if output.can_ask():
        Output().talk("type the message, then Ctrl-D on a line of its own")
    try:
        return sys.stdin.buffer.read(_MESSAGE_MAX * 4 + 1).decode()
    except UnicodeDecodeError as error:
        raise failure("usage", "standard input is not valid text", "write it in UTF-8") from error
    except OSError as error:
        raise failure("failed", f"standard input cannot be read: {error.strerror}") from error


def _bounded(message: str) -> str:
    if len(message) > _MESSAGE_MAX:
        raise failure("usage", f"the message is far too long: more than {_MESSAGE_MAX} characters", "say it shorter")
    return message
