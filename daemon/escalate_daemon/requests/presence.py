"""status with an argument, away, back, room; mute, unmute: where I am, and whom I keep out."""

from typing import Final

import msgspec

from escalate_daemon import clock
from escalate_daemon.core.commands import Mute, SetPresence, Unmute
from escalate_daemon.core.quietness import ALL
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.requests.naming import unaliased
from escalate_daemon.requests.people import status

_YEARS_S: Final = 10 * 365 * 24 * 3600


async def presence(daemon: Daemon, request: protocol.PresenceRequest) -> protocol.StatusReply:
    """Be that; what ends by it is said."""
    session = daemon.inside()
    word = "available" if request.presence == "back" else request.presence
    if word == "room" and not (request.room or "").strip():
        raise failure("usage", "which room?", "as in: escalate room Blue")
    ended = session.shell.command(SetPresence(word, request.room or "" if word == "room" else ""))
    reply = await status(daemon, protocol.StatusRequest())
    if ended is None:
        return msgspec.structs.replace(reply, warnings=[])
    told = "your escalation has ended by that; raise it again if you still need help"
    return msgspec.structs.replace(reply, warnings=[told])


async def mute(daemon: Daemon, request: protocol.MuteRequest) -> protocol.MuteReply:
    """Mute, unmute, or only tell what is muted."""
    session = daemon.inside()
    who = request.who or ALL
    if request.for_s is not None and not 0 < request.for_s <= _YEARS_S:
        raise failure("usage", "a mute lasts from a moment up to ten years", "as in: --for 2h")
    warnings = []
    lasts = None if request.for_s is None else max(1, round(request.for_s * 1000))
    for word in unaliased(daemon.config.aliases, (who,)):
        if request.on:
            session.shell.command(Mute(word, lasts))
        elif request.on is not None and (word != ALL or session.shell.muted()):
            session.shell.command(Unmute(word))
    if session.me().undisturbed and not any(each.who == ALL for each in session.shell.muted()):
        warnings.append("it is a quiet hour of your settings (quiet.hours): only whom quiet.allow names rings you")
    unix_s = clock.wall()
    return protocol.MuteReply(
        muted=[
            protocol.Mute(who=each.who, until=None if each.left is None else clock.text(unix_s + each.left / 1000))
            for each in session.shell.muted()
        ],
        warnings=warnings,
    )
