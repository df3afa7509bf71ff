"""docs/rules.md: every rule has clauses, each clause tests that exist and a patch that disables it; and they notice."""

import pytest

from support.rules_run import DISABLED, fails_disabled
from support.rules_table import PAGE, RULES, Clause, clauses, exists

TABLE = clauses()
BY_ID = {clause.id: clause for clause in TABLE}
# A few from everywhere, with each run; all of them: tests/rules_disabled.py.
TRIED = ("2c", "4b", "6e", "8a")


def test_every_rule_has_a_clause() -> None:
    assert {clause.rule for clause in TABLE} == set(range(1, RULES + 1))


def test_every_clause_stands_once_and_in_order() -> None:
    ids = [clause.id for clause in TABLE]
    assert len(set(ids)) == len(ids)
    assert [clause.rule for clause in TABLE] == sorted(clause.rule for clause in TABLE)
    for rule in range(1, RULES + 1):
        letters = [each.id.lstrip("0123456789") for each in TABLE if each.rule == rule]
        assert letters in ([""], [chr(ord("a") + place) for place in range(len(letters))]), f"rule {rule}: {letters}"


@pytest.mark.parametrize("clause", TABLE, ids=lambda clause: clause.id)
def test_every_clause_is_proved_by_tests_that_exist(clause: Clause) -> None:
    assert clause.holds
    assert clause.tests, f"{clause.id} has no test"
    assert [test for test in clause.tests if not exists(test)] == []


def test_every_clause_has_a_patch_and_the_page_says_which() -> None:
    assert {clause.id: clause.disabled for clause in TABLE} == {
        clause: f"with {planted.how}" for clause, planted in DISABLED.items()
    }


def test_no_row_of_the_page_is_left_unread() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert len(rows) == len(TABLE) + 2, "a heading, a line, and one row for each clause"


@pytest.mark.parametrize("clause", TRIED)
def test_tests_of_a_clause_fail_with_it_disabled(clause: str) -> None:
    failed, told = fails_disabled(clause, BY_ID[clause].tests)
    assert failed, told


def test_test_that_does_not_notice_is_told() -> None:
    failed, told = fails_disabled("14a", BY_ID["2c"].tests)
    assert not failed
    assert f"does not fail: {BY_ID['2c'].tests[0]}" in told


@pytest.mark.parametrize(
    "test",
    ["tests/unit/test_rules.py::test_none", "tests/none.py::test_x", "tests/unit/test_rules.py", "", "::[x]"],
)
def test_test_that_is_not_there_is_noticed(test: str) -> None:
    assert not exists(test)
