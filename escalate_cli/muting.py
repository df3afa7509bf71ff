"""Do-not-disturb here: what mute and unmute have in common."""

from escalate_cli import client, exits, table, words
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol

ALL = "all"


def ask(request: protocol.MuteRequest, out: Output) -> int:
    """Change it or not, and print what is muted here now."""
    reply = client.ask(out, request, protocol.MuteReply)
    if out.as_json:
        out.reply(reply)
    elif request.on is None or not out.quiet:
        out.lines(*table.render(("muted", "until"), map(_row, reply.muted)))
    out.warn(*reply.warnings)
    if not reply.muted:
        out.talk("nobody is muted here")
    return exits.DONE


def whom(who: str | None) -> str | None:
    """WHO as the daemon takes it: None for all."""
    return None if who == ALL else who


def _row(mute: protocol.Mute) -> table.Row:
    return table.Row((mute.who, words.when(mute.until) if mute.until else "unmuted"))
