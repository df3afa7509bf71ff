import pytest

from escalate_daemon.core.lifecycle import TABLE, Action, after
from escalate_daemon.core.views import EscalationState
from support.lifecycle_table import STATES, lifecycle_table
from support.source import ROOT

ACTIVE, LOST, PUT_AWAY, ENDED = EscalationState

# What each action makes of (unknown, active, lost, put away, ended), written out a second time, by hand.
CELLS: dict[Action, tuple[EscalationState | None, ...]] = {
    Action.LEARN: (ACTIVE, ACTIVE, LOST, PUT_AWAY, ENDED),
    Action.LEARN_LOST: (LOST, ACTIVE, LOST, PUT_AWAY, ENDED),
    Action.OWNER_LOST: (None, LOST, LOST, PUT_AWAY, ENDED),
    Action.OWNER_FOUND: (None, ACTIVE, ACTIVE, PUT_AWAY, ENDED),
    Action.PUT_AWAY: (PUT_AWAY, PUT_AWAY, PUT_AWAY, PUT_AWAY, ENDED),
    Action.OWNER_WORD: (None, ACTIVE, LOST, LOST, ENDED),
    Action.END: (None, ENDED, ENDED, ENDED, ENDED),
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("state", STATES)
def test_every_cell_leads_where_the_rules_say(state: EscalationState | None, action: Action) -> None:
    assert after(state, action) is CELLS[action][STATES.index(state)]


def test_table_has_every_cell_and_no_other() -> None:
    assert set(TABLE) == {(state, action) for state in STATES for action in Action}


def test_ended_escalation_never_returns() -> None:
    assert {after(ENDED, action) for action in Action} == {ENDED}


def test_only_the_owner_ends() -> None:
    assert {action for (state, action), to in TABLE.items() if to is ENDED and state is not ENDED} == {Action.END}


def test_only_the_owners_word_brings_back_what_was_put_away() -> None:
    left = {action for action in Action if after(PUT_AWAY, action) is not PUT_AWAY}
    assert left == {Action.OWNER_WORD, Action.END}


def test_documentation_shows_this_very_table() -> None:
    assert lifecycle_table() in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_rendered_table_names_every_state_and_action() -> None:
    rendered = lifecycle_table()
    assert all(f"`{action}`" in rendered for action in Action)
    assert all(state in rendered.splitlines()[0] for state in EscalationState)
