"""daemon: this machine's daemon itself."""

from typing import Annotated

import typer

from escalate_cli import client, escape, exits, running, words
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure

app = application()

Lines = Annotated[int, typer.Option("-n", "--lines", min=1, max=100_000, help="How many of the last lines.")]
_EXAMPLE = example("escalate daemon status", "escalate daemon restart", "escalate daemon logs -n 50")


@app.callback(epilog=_EXAMPLE)
def daemon() -> None:
    """Run, start, stop or look at the daemon. Every other command starts it where it is not there."""


@app.command("run", epilog=_EXAMPLE)
def run() -> int:
    """Run it here, in the foreground."""
    from escalate_cli import process

    return process.become()


@app.command("start", epilog=_EXAMPLE)
def start(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Start it, where it is not running."""
    out = Output(as_json=as_json, quiet=quiet)
    return _print(out, client.ask(out, protocol.DaemonStatusRequest(), protocol.DaemonReply))


@app.command("stop", epilog=_EXAMPLE)
def stop(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Stop it. This is not leaving: others see you lost."""
    out = Output(as_json=as_json, quiet=quiet)
    running.stop(out)
    if not as_json:
        out.talk("stopped; others see you lost. Any command starts it again")
        return exits.DONE
    return _print(out, running.nothing())


@app.command("restart", epilog=_EXAMPLE)
def restart(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Stop it where it runs, and start it."""
    out = Output(as_json=as_json, quiet=quiet)
    if running.status(out) is not None:
        running.stop(out)
    return _print(out, client.ask(out, protocol.DaemonStatusRequest(), protocol.DaemonReply))


@app.command("status", epilog=_EXAMPLE)
def status(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Say whether and how it runs; exit 3 where it does not."""
    out = Output(as_json=as_json, quiet=quiet)
    found = running.status(out)
    _print(out, found or running.nothing())
    return exits.NO_DAEMON if found is None else exits.DONE


@app.command("logs", epilog=_EXAMPLE)
def logs(*, lines: Lines = 100, quiet: Quiet = False) -> int:
    """Print the end of its log."""
    path = client.find().log_file
    out = Output(quiet=quiet)
    try:
        text = running.tail(path, lines)
    except FileNotFoundError:
        out.talk(f"nothing has been logged yet at {path}")
        return exits.DONE
    except OSError as error:
        raise failure("failed", f"cannot read {path}: {error.strerror}") from error
    out.lines(*map(escape.printable, text))
    return exits.DONE


def _print(out: Output, reply: protocol.DaemonReply) -> int:
    if out.as_json:
        out.reply(reply)
    elif not out.quiet:
        out.lines(*_facts(reply))
    out.warn(*reply.warnings)
    return exits.DONE


def _facts(reply: protocol.DaemonReply) -> list[str]:
    if not reply.running:
        return ["not running"]
    facts = [
        ("pid", str(reply.pid or "")),
        ("version", reply.version or ""),
        ("space", words.space(reply.space) if reply.space else "none"),
        ("members", f"{reply.members_online} online"),
        ("links", str(reply.links)),
        ("notifier", reply.notifier or "none"),
        ("player", reply.player or "none"),
        ("socket", reply.socket),
        ("port", str(reply.port or "none")),
    ]
    return ["running", *words.aligned(facts)]
