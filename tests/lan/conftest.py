"""What the LAN tests share: three joined machines, and the figures told at the end."""

from collections.abc import Iterator

import pytest

from support.desk import TOOLS
from support.namespaces import why_unavailable
from support.need import need, need_tools
from support.room import Room, room
from support.waiting import FIGURES, Figures


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Where durations are kept."""
    return FIGURES


@pytest.fixture(scope="session", autouse=True)
def _namespaces() -> None:
    """Every test here needs namespaces."""
    need(why_unavailable())


@pytest.fixture(scope="session")
def together() -> Iterator[Room]:
    """Ana, ben and cyd in one space, joined by invite; each test begins with `together.settle()`."""
    need_tools(*TOOLS)
    with room() as three:
        three.join_all()
        yield three


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the durations that were measured."""
    if FIGURES.lines:
        terminalreporter.section("measured on the LAN of namespaces")
        for line in FIGURES.lines:
            terminalreporter.write_line(line)
