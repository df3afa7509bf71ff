"""recent, history: what I said before, and what was up here before."""

from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol


async def recent(daemon: Daemon, request: protocol.RecentRequest) -> protocol.RecentReply:
    """My last messages, newest first."""
    daemon.inside()
    return protocol.RecentReply(messages=list(daemon.recents.all()))


async def history(daemon: Daemon, request: protocol.HistoryRequest) -> protocol.HistoryReply:
    """Past escalations, newest first."""
    daemon.inside()
    return protocol.HistoryReply(escalations=await daemon.history.past(request.since_s))
