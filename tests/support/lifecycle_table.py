"""The lifecycle's table as docs/architecture.md shows it: rendered from the code, so that neither can drift."""

from escalate_daemon.core.lifecycle import TABLE, Action
from escalate_daemon.core.views import EscalationState

UNKNOWN = "(unknown)"
STATES: tuple[EscalationState | None, ...] = (None, *EscalationState)


def lifecycle_table() -> str:
    """A markdown table, a row an action, a column a state; a cell that keeps its state is a dot."""
    rows = [("action", *(_name(state) for state in STATES)), tuple("---" for _ in range(len(STATES) + 1))]
    for action in Action:
        rows.append((f"`{action}`", *(_cell(state, action) for state in STATES)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _cell(state: EscalationState | None, action: Action) -> str:
    to = TABLE[state, action]
    return "·" if to is state else _name(to)


def _name(state: EscalationState | None) -> str:
    return UNKNOWN if state is None else state.value
