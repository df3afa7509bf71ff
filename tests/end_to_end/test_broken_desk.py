"""A desk that is not there when its daemon starts: the owner is told the truth, and it is used once it comes."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, Escalation, EscalationReply, InviteReply, SpaceReply
from support.desk import TOOLS, Desk
from support.machine import LOG_ONLY, Machine, Machines
from support.need import need_tools
from support.waiting import until

pytestmark = pytest.mark.end_to_end


@dataclass
class Pair:
    """Ana, who raises, and ben, whose desk is the one that is broken."""

    ana: Machine
    ben: Machine

    def raised(self) -> Escalation:
        """Ana names ben in a red; her view of it."""
        self.ana.run("end").must(0)
        raised = self.ana.ask(EscalationReply, "start", "-m", "help", "-n", "ben", exits=(0, 5)).escalation
        assert raised is not None
        return raised

    def seen_by_owner(self, hand: str) -> Escalation:
        """Ana's view of her own hand."""
        found = self.ana.sees(hand)
        assert found is not None
        return found


def join(ana: Machine, ben: Machine) -> Pair:
    """Both in one space, over the loopback."""
    ana.ask(SpaceReply, "up", "Floor", "--new")
    port = ana.ask(DaemonReply, "daemon", "status").port
    ben.ask(SpaceReply, "join", ana.ask(InviteReply, "invite").code, f"127.0.0.1:{port}")
    until(lambda: ana.online() == ben.online() == {"ana", "ben"}, "both see each other")
    return Pair(ana, ben)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Ben's desk, whole at first."""
    need_tools(*TOOLS)
    with ExitStack() as stack:
        machines = stack.enter_context(Machines())
        yield stack.enter_context(Desk(machines.folder))


def test_without_a_bus_the_owner_is_told_that_nothing_was_shown(machines: Machines) -> None:
    ben = machines.add("ben")
    pair = join(machines.add("ana", env=LOG_ONLY), ben)
    status = ben.ask(DaemonReply, "daemon", "status")
    assert status.notifier not in {None, "freedesktop"}
    hand = pair.raised().id
    until(lambda: pair.seen_by_owner(hand).reach.delivered == 1, "delivered")
    until(lambda: pair.seen_by_owner(hand).receipts[0].why == "failed", "ana is told that it failed")
    assert pair.seen_by_owner(hand).reach.shown == 0
    assert ben.sees(hand)


def test_a_notification_server_that_comes_later_is_used(machines: Machines, desk: Desk) -> None:
    ben = machines.add("ben", env=desk.env)
    desk.server.stop()
    pair = join(machines.add("ana", env=LOG_ONLY), ben)
    desk.server.start()
    pair.raised()
    until(desk.rings, "ben is rung")
