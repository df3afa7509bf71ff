"""doctor: every link of the chain, looked at now."""

from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol


async def doctor(daemon: Daemon, request: protocol.DoctorRequest) -> protocol.DoctorReply:
    """All checks, and the test where it was asked for."""
    from escalate_daemon.doctor import examine  # seldom needed, and not small

    checks = await examine.examine(daemon, daemon.clock_jump())
    if request.test:
        checks += await examine.try_out(daemon)
    return protocol.DoctorReply(ok=all(each.ok for each in checks), checks=checks)
