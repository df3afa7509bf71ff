"""Refusals that several requests share, and the core's own in the contract's words."""

from typing import Final

from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.ipc.protocol import ErrorCode, RequestFailed, failure

_CODES: Final[dict[Refusal, ErrorCode]] = {
    Refusal.ALREADY_ACTIVE: "already-active",
    Refusal.UNKNOWN_NAME: "unknown-name",
    Refusal.USAGE: "usage",
    Refusal.NOT_ALLOWED: "not-allowed",
    Refusal.IN_A_ROOM: "in-a-room",
    Refusal.NOTHING_TO_CLAIM: "nothing-to-claim",
}


def by_core(error: CommandRefused) -> RequestFailed:
    """What the core refused."""
    return failure(_CODES[error.reason], str(error), error.hint or None)


def no_space() -> RequestFailed:
    """For every verb that needs a space."""
    return failure(
        "no-space",
        "you are in no space yet, so there is nobody to see it",
        "make one: escalate up   or enter a colleague's: escalate join CODE",
    )


def has_left(space: str) -> RequestFailed:
    """For every verb that needs to be in the space, after `leave`."""
    return failure(
        "no-space",
        f"you have left {space}, so nobody would see it",
        "come back: escalate up   or enter another space: escalate join CODE",
    )
