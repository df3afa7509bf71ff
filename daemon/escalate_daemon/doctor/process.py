"""Judges the daemon itself: does it run in order, since when, and do commands find it."""

from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import ago, broken, well
from escalate_daemon.ipc.protocol import Check

NAME: Final = "daemon"
RECENT_S: Final = 600.0  # a socket that vanished longer ago than this is no news
_LOGIND: Final = (
    "something removes the socket's folder (logind does at a logout): if it comes again, loginctl enable-linger"
)


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """`socket_mended_s`: so long ago the socket file had vanished and was made anew; None: never.

    `unheeded`: settings that it could not follow.
    """

    pid: int
    age_s: float
    version: str
    socket: str
    socket_mended_s: float | None = None
    settings_changed: bool = False
    fault: str = ""
    unheeded: tuple[str, ...] = ()


def judge_process(facts: ProcessFacts) -> Check:
    """Whether the daemon is in order. It answers, or nobody would ask."""
    found = f"running for {ago(facts.age_s)} (pid {facts.pid}, version {facts.version})"
    if facts.fault:
        return broken(NAME, f"{found}; {facts.fault}", "escalate daemon restart; then report it with that log")
    if facts.unheeded:
        mend = "set it right (escalate config set KEY VALUE), then: escalate daemon restart"
        return broken(NAME, f"{found}; {'; '.join(facts.unheeded)}", mend)
    if facts.socket_mended_s is not None and facts.socket_mended_s < RECENT_S:
        repaired = f"its socket file {facts.socket} had vanished, and was made anew {ago(facts.socket_mended_s)} ago"
        return well(NAME, f"{found}; {repaired}", _LOGIND)
    if facts.settings_changed:
        return well(NAME, f"{found}; the settings were changed since it started", "escalate daemon restart")
    return well(NAME, found)
