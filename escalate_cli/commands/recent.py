"""recent: my last messages."""

from escalate_cli import client, escape, exits, output
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

app = application()


@app.command(epilog=example("escalate recent", "escalate start -r 2 -n @team     # the second of them again"))
def recent(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """List your last messages, newest first: `escalate start -r N` says the Nth again."""
    out = Output(as_json=as_json, quiet=quiet)
    reply = client.ask(out, protocol.RecentRequest(), protocol.RecentReply)
    if as_json:
        out.reply(reply)
        return exits.DONE
    said = [escape.printable(message) for message in reply.messages]
    out.lines(*(f"{at}  {each}" for at, each in enumerate(said, 1)) if output.is_terminal() else said)
    if not reply.messages:
        out.talk("you have said nothing yet")
    return exits.DONE
