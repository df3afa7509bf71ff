"""What the end-to-end tests share: machines with homes of their own on this one computer."""

from collections.abc import Iterator

import pytest

from escalate_daemon.ipc.protocol import SpaceReply
from support.machine import LOG_ONLY, Machine, Machines


@pytest.fixture
def machines() -> Iterator[Machines]:
    """Makes machines; none of their processes outlives the test."""
    with Machines() as made:
        yield made


@pytest.fixture
def fresh(machines: Machines) -> Machine:
    """A machine on which nothing was ever run."""
    return machines.add("ana", env=LOG_ONLY)


@pytest.fixture
def alone(fresh: Machine) -> Machine:
    """A machine in a space of its own."""
    fresh.ask(SpaceReply, "up", "Floor", "--new")
    return fresh


@pytest.fixture(scope="session")
def long_settled() -> Iterator[Machine]:
    """One machine in a space for the whole run: nobody stops its daemon."""
    with Machines() as made:
        machine = made.add("ana", env=LOG_ONLY)
        machine.ask(SpaceReply, "up", "Floor", "--new")
        yield machine


@pytest.fixture
def settled(long_settled: Machine) -> Iterator[Machine]:
    """That machine, for tests that leave its daemon running; their hand is ended for them."""
    yield long_settled
    long_settled.run("end").must(0)
