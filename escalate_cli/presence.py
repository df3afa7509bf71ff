"""Saying where I am: what status, away, back and room have in common."""

from escalate_cli import client, exits, words
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol


def say(request: protocol.PresenceRequest, out: Output) -> int:
    """Say it, and print how I stand now."""
    reply = client.ask(out, request, protocol.StatusReply)
    if out.as_json:
        out.reply(reply)
    elif reply.me is not None and not out.quiet:
        out.lines(f"you are {words.presence(reply.me)}")
    out.warn(*reply.warnings)
    return exits.DONE
