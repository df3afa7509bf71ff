"""An escalation's life in one node's view, as a table: state x action -> state. docs/architecture.md shows it.

None as a state is an escalation not known here. Every cell is listed; a cell that keeps its state is a fact
that changes nothing.
"""

from enum import StrEnum
from typing import Final

from escalate_daemon.core.views import EscalationState


class Action(StrEnum):
    """What can happen to an escalation."""

    LEARN = "learn"  # its record came, or was written here
    LEARN_LOST = "learn-lost"  # its record came from disk, or of an owner lost already
    OWNER_LOST = "owner-lost"
    OWNER_FOUND = "owner-found"
    PUT_AWAY = "put-away"  # lost too long, or past its maximum age
    OWNER_WORD = "owner-word"  # a newer slot of the owner, or a direct link to it
    END = "end"  # the owner's newest state does not hold it


_ACTIVE, _LOST, _PUT_AWAY, _ENDED = (
    EscalationState.ACTIVE,
    EscalationState.LOST,
    EscalationState.PUT_AWAY,
    EscalationState.ENDED,
)

TABLE: Final[dict[tuple[EscalationState | None, Action], EscalationState | None]] = {
    (None, Action.LEARN): _ACTIVE,
    (None, Action.LEARN_LOST): _LOST,
    (None, Action.OWNER_LOST): None,
    (None, Action.OWNER_FOUND): None,
    (
        None,
        Action.PUT_AWAY,
    ): _PUT_AWAY,  # learnt when already past its maximum age, or put away before a restart
    (None, Action.OWNER_WORD): None,
    (None, Action.END): None,  # one that ended before it was known never shows
    (_ACTIVE, Action.LEARN): _ACTIVE,
    (_ACTIVE, Action.LEARN_LOST): _ACTIVE,
    (_ACTIVE, Action.OWNER_LOST): _LOST,
    (_ACTIVE, Action.OWNER_FOUND): _ACTIVE,
    (_ACTIVE, Action.PUT_AWAY): _PUT_AWAY,
    (_ACTIVE, Action.OWNER_WORD): _ACTIVE,
    (_ACTIVE, Action.END): _ENDED,
    (_LOST, Action.LEARN): _LOST,
    (_LOST, Action.LEARN_LOST): _LOST,
    (_LOST, Action.OWNER_LOST): _LOST,
    (_LOST, Action.OWNER_FOUND): _ACTIVE,
    (_LOST, Action.PUT_AWAY): _PUT_AWAY,
    (_LOST, Action.OWNER_WORD): _LOST,
    (_LOST, Action.END): _ENDED,
    (_PUT_AWAY, Action.LEARN): _PUT_AWAY,
    (_PUT_AWAY, Action.LEARN_LOST): _PUT_AWAY,
    (_PUT_AWAY, Action.OWNER_LOST): _PUT_AWAY,
    (_PUT_AWAY, Action.OWNER_FOUND): _PUT_AWAY,  # a path alone is not the owner's word
    (_PUT_AWAY, Action.PUT_AWAY): _PUT_AWAY,
    (_PUT_AWAY, Action.OWNER_WORD): _LOST,  # visible again; OWNER_FOUND makes it active
    (_PUT_AWAY, Action.END): _ENDED,
    (_ENDED, Action.LEARN): _ENDED,
    (_ENDED, Action.LEARN_LOST): _ENDED,
    (_ENDED, Action.OWNER_LOST): _ENDED,
    (_ENDED, Action.OWNER_FOUND): _ENDED,
    (_ENDED, Action.PUT_AWAY): _ENDED,
    (_ENDED, Action.OWNER_WORD): _ENDED,
    (_ENDED, Action.END): _ENDED,
}


def after(state: EscalationState | None, action: Action) -> EscalationState | None:
    """The state that `action` leads to."""
    return TABLE[state, action]
