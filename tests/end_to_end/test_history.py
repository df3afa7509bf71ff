"""What a machine remembers of escalations, its own and others', asked of the daemons that saw them."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from escalate_daemon.ipc.protocol import (
    DaemonReply,
    Escalation,
    EscalationReply,
    HistoryReply,
    HistoryRequest,
    InviteReply,
    SpaceReply,
)
from support.machine import LOG_ONLY, Machine, Machines
from support.waiting import until

pytestmark = pytest.mark.end_to_end


@dataclass
class Two:
    ana: Machine
    ben: Machine

    def together(self) -> None:
        until(lambda: self.ana.online() == self.ben.online() == {"ana", "ben"}, "both see each other")


@pytest.fixture
def two(machines: Machines) -> Iterator[Two]:
    """Two members; what comes onto ben's screen counts as shown."""
    ana = machines.add("ana", env=LOG_ONLY)
    ben = machines.add("ben", env={"ESCALATE_NOTIFIER": f"terminal:{machines.folder / 'ben' / 'screen'}"})
    ana.ask(SpaceReply, "up", "Floor", "--new")
    port = ana.ask(DaemonReply, "daemon", "status").port
    ben.ask(SpaceReply, "join", ana.ask(InviteReply, "invite").code, f"127.0.0.1:{port}")
    both = Two(ana, ben)
    both.together()
    yield both


def past(machine: Machine, since_s: float | None = None) -> list[Escalation]:
    reply = machine.look(HistoryRequest(since_s=since_s))
    assert isinstance(reply, HistoryReply)
    return reply.escalations


def raised(machine: Machine, *argv: str) -> str:
    escalation = machine.ask(EscalationReply, "start", *argv).escalation
    assert escalation is not None
    return escalation.id


def test_an_escalation_that_is_over_is_told_by_both_who_saw_it_even_after_a_crash(two: Two) -> None:
    hand = raised(two.ana, "-m", "caller is threatening", "-n", "ben")
    until(lambda: (up := two.ana.sees(hand)) is not None and up.reach.shown == 1, "ana is told that ben was shown it")
    two.ana.run("end", "-m", "ben came").must(0)
    until(lambda: not two.ben.escalations(), "it is over at ben's")
    for machine in (two.ana, two.ben):
        (row,) = past(machine)
        assert (row.id, row.message, row.state) == (hand, "caller is threatening", "ended")
        assert (row.end_reason, row.note, row.reach.shown) == ("owner", "ben came", 1)
        machine.signal_daemon(signal.SIGKILL)
    for machine in (two.ana, two.ben):
        machine.run("daemon", "start").must(0)
    two.together()
    for machine in (two.ana, two.ben):
        (again,) = past(machine)
        assert (again.state, again.end_reason, again.note) == ("ended", "owner", "ben came")
        assert [receipt.shown_at is not None for receipt in again.receipts] == [True]


def test_what_is_up_is_told_as_it_is_now_and_the_newest_comes_first(two: Two) -> None:
    first = raised(two.ana, "-m", "first")
    until(lambda: two.ben.sees(first), "ben sees it")
    second = raised(two.ben, "-m", "second")
    assert [(row.id, row.state) for row in past(two.ben)] == [(second, "active"), (first, "active")]
    assert past(two.ben, since_s=0) == []
    two.ana.signal_daemon(signal.SIGKILL)
    until(lambda: past(two.ben)[1].state == "lost", "its owner is lost")


def test_history_outlives_a_leave_and_a_space_given_up_where_what_was_up_is_put_away(two: Two) -> None:
    hand = raised(two.ana, "-m", "still here")
    until(lambda: two.ben.sees(hand), "ben sees it")
    two.ben.run("leave").must(0)
    two.ben.run("history").must(8)
    two.ben.run("up").must(0)
    until(lambda: [row.state for row in past(two.ben)] == ["active"], "it is up again")
    two.ben.run("leave", "--forget").must(0)
    two.ben.run("up", "elsewhere", "--new").must(0)
    assert [(row.id, row.state, row.ended_at) for row in past(two.ben)] == [(hand, "put-away", None)]
