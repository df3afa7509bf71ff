"""daemon status, daemon stop: this process."""

from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol


async def status(daemon: Daemon, request: protocol.DaemonStatusRequest) -> protocol.DaemonReply:
    """How the daemon is."""
    return daemon.status()


async def stop(daemon: Daemon, request: protocol.DaemonStopRequest) -> protocol.DaemonReply:
    """Begin an orderly stop. Others see me lost: stopping is not leaving."""
    answer = daemon.status()
    daemon.stop()
    return answer
