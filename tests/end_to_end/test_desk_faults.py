"""The desk breaks in mid-escalation and is mended: the local API stays quick, receipts true, pop-ups come back."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import (
    DaemonReply,
    Escalation,
    EscalationReply,
    InviteReply,
    Receipt,
    SpaceReply,
)
from support.asking import Asking
from support.desk import TOOLS, Desk
from support.machine import LOG_ONLY, Machine, Machines
from support.need import need_tools
from support.popups import Event, Popups
from support.private_bus import PrivateBus
from support.waiting import Stopwatch, never, until

pytestmark = pytest.mark.end_to_end
ONLY_SERVER = {"ESCALATE_NOTIFIER": "freedesktop"}  # or the terminals of whoever runs the tests would take over
RAISERS = ("ana", "cyd", "dan")  # in turn; the tests of sound come first, for an owner may ring six times a minute
QUIET_S = 1.0  # in which what must not happen would have happened


class Floor:
    """Those who raise, and ben, whose desk breaks."""

    def __init__(self, machines: Machines, desk: Desk) -> None:
        self.desk = desk
        self.ben = machines.add("ben", env={**desk.env, **ONLY_SERVER})
        self.raisers = [machines.add(name, env=LOG_ONLY) for name in RAISERS]
        self._turns = cycle(self.raisers)
        first = self.raisers[0]
        first.ask(SpaceReply, "up", "Floor", "--new")
        port = first.ask(DaemonReply, "daemon", "status").port
        for machine in (self.ben, *self.raisers[1:]):
            machine.ask(SpaceReply, "join", first.ask(InviteReply, "invite").code, f"127.0.0.1:{port}")
        everybody = {"ben", *RAISERS}
        until(lambda: all(each.online() == everybody for each in (self.ben, *self.raisers)), "all are together")

    def settle(self) -> None:
        """The desk is whole, nothing is up, nothing counts from before."""
        for machine in self.raisers:
            machine.run("end").must(0)
        until(lambda: not self.ben.escalations(), "no hand is up")
        until(lambda: self.hears() == "sound", "ben's desk is whole")
        self.desk.clear()

    def hears(self) -> str:
        """What ben can hear, as another sees it."""
        return next(each.hears for each in self.raisers[0].members() if each.name == "ben")

    def raised(self) -> "Raised":
        """Somebody names ben in a red."""
        owner = next(self._turns)
        hand = owner.ask(EscalationReply, "start", "-m", f"help {owner.name}", "-n", "ben").escalation
        assert hand is not None
        return Raised(owner, hand.id)

    def shown(self) -> "Raised":
        """Somebody names ben, whose server shows it."""
        raised = self.raised()
        raised.until_shown()
        return raised

    def rung(self) -> "Raised":
        """Somebody names ben, whose whole desk shows and sounds it."""
        raised = self.raised()
        until(lambda: raised.receipt.shown_at and raised.receipt.sounded_at, "ben saw and heard it")
        return raised


class Raised:
    """A hand that names ben, as its owner sees it."""

    def __init__(self, owner: Machine, hand: str) -> None:
        self.owner = owner
        self.hand = hand
        self.title = f"help {owner.name}"

    @property
    def view(self) -> Escalation:
        found = self.owner.sees(self.hand)
        assert found is not None
        return found

    @property
    def receipt(self) -> Receipt:
        """Ben's, as far as it has come."""
        return self.view.receipts[0]

    def until_failed(self) -> None:
        until(lambda: self.receipt.why == "failed", "the owner is told that it failed")
        assert self.receipt.shown_at is None

    def until_shown(self) -> None:
        until(lambda: self.receipt.shown_at, "the owner is told that it was shown")
        assert self.receipt.why in {None, "limited"}

    def on(self, server: Popups) -> list[Event]:
        """Its pop-ups that are up on that server."""
        return [each for each in server.up() if self.title in each.title]

    def until_on(self, server: Popups) -> Event:
        return until(lambda: self.on(server), f"{self.title} is up")[0]


@pytest.fixture(scope="module")
def whole_floor() -> Iterator[Floor]:
    need_tools(*TOOLS)
    with ExitStack() as stack:
        machines = stack.enter_context(Machines())
        yield Floor(machines, stack.enter_context(Desk(machines.folder)))


@pytest.fixture
def floor(whole_floor: Floor) -> Floor:
    whole_floor.settle()
    return whole_floor


@pytest.fixture(autouse=True)
def asking(floor: Floor) -> Iterator[Asking]:
    """All the while ben's local API is asked, and must be quick."""
    with Asking(floor.ben) as made:
        yield made
    made.must_be_quick()


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_sound_server_is_shown_and_not_said_to_have_sounded(floor: Floor, fault: signal.Signals) -> None:
    sink = floor.desk.sink
    os.kill(sink.pid, fault)
    raised = floor.raised()
    raised.until_shown()
    until(lambda: floor.hears() == "popup", "the others see that ben hears no sound")
    assert raised.receipt.sounded_at is None
    assert raised.until_on(floor.desk.server).critical
    if fault is signal.SIGSTOP:
        os.kill(sink.pid, signal.SIGCONT)
    else:
        sink.stop()
        sink.start()
    # Until the next look, which is a minute apart, nobody knows; a ring tells.
    another = floor.rung()
    assert another.receipt.sounded_at
    until(lambda: floor.hears() == "sound", "ben hears again")
    assert raised.receipt.sounded_at is None


def test_a_killed_servers_popups_come_back_in_the_next_one_quietly_and_unless_dismissed(floor: Floor) -> None:
    server = floor.desk.server
    dismissed, first, second = floor.shown(), floor.shown(), floor.rung()
    until(lambda: all(each.receipt.sounded_at for each in (dismissed, first)), "all of them sounded")
    tones = until(floor.desk.tones, "the loudspeaker too")
    server.dismiss(dismissed.until_on(server).id)
    until(lambda: dismissed.receipt.seen_at, "the owner is told that it was seen")
    server.kill()
    server.start()
    back = Stopwatch()
    came = [each.until_on(server) for each in (first, second)]
    assert max(back.until_event(each.time) for each in came) < 2
    assert all(each.critical for each in came)
    never(lambda: dismissed.on(server), "what its person closed comes back", QUIET_S)
    assert floor.desk.tones() == tones
    assert {first.receipt.why, second.receipt.why} == {None}


def test_what_no_server_took_failed_and_is_shown_once_one_is_there(floor: Floor) -> None:
    server = floor.desk.server
    server.kill()
    raised = floor.raised()
    raised.until_failed()
    until(lambda: raised.receipt.sounded_at, "it was heard all the same")
    server.start()
    back = Stopwatch()
    assert back.until_event(raised.until_on(server).time) < 2
    raised.until_shown()
    never(lambda: floor.desk.tones() > 1, "it sounds again", QUIET_S)


def test_a_hung_server_shows_it_once_when_it_thaws(floor: Floor) -> None:
    busy = floor.ben.daemon_cpu_s()
    floor.desk.freeze()
    raised = floor.raised()
    raised.until_failed()
    until(lambda: floor.hears() == "none", "the others see that ben's desk is deaf")
    another = floor.raised()  # one that is not even asked for, while the server is known to hang
    another.until_failed()
    assert floor.ben.daemon_cpu_s() - busy < 1, "ben's daemon spins"
    floor.desk.thaw()
    back = Stopwatch()
    came = [each.until_on(floor.desk.server) for each in (raised, another)]
    assert max(back.until_event(each.time) for each in came) < 2
    raised.until_shown()
    another.until_shown()
    never(lambda: len(floor.desk.up()) != 2, "one of them is up twice", QUIET_S)
    assert floor.desk.tones() <= 2


def test_what_ended_while_the_server_hung_is_not_up_when_it_thaws(floor: Floor) -> None:
    up_before = floor.shown()
    floor.desk.freeze()
    raised = floor.raised()
    raised.until_failed()
    for each in (raised, up_before):
        each.owner.run("end").must(0)
    until(lambda: not floor.ben.escalations(), "ben knows that both are over")
    floor.desk.thaw()
    until(lambda: not floor.desk.up(), "what came late is closed")
    never(floor.desk.up, "an ended hand comes up", QUIET_S)


def test_a_hung_server_that_another_replaces_is_not_waited_for_and_keeps_nothing_up(floor: Floor) -> None:
    first = floor.desk.server
    up_before = floor.shown()
    floor.desk.freeze()
    raised = floor.raised()
    with floor.desk.another_server("taker", "--take", "--no-actions") as second:
        back = Stopwatch()
        came = [each.until_on(second) for each in (up_before, raised)]
        assert max(back.until_event(each.time) for each in came) < 2
        assert all(each.actions == [] for each in came)
        raised.until_shown()
        os.kill(first.pid, signal.SIGCONT)
        until(lambda: not first.up(), "the first shows nothing any more")
        assert len(second.up()) == 2
    first.stop()
    first.start()
    for each in (up_before, raised):
        each.until_on(first)


def test_a_server_that_refuses_is_said_to_and_asked_again(floor: Floor) -> None:
    server = floor.desk.server
    server.tell("refuse")
    raised = floor.raised()
    raised.until_failed()
    until(lambda: floor.hears() == "none", "the others see that ben's desk is deaf")
    server.tell("accept")
    raised.until_on(server)
    raised.until_shown()
    assert len(floor.desk.up()) == 1


def test_a_new_bus_at_the_same_address_is_found(floor: Floor) -> None:
    desk = floor.desk
    raised = floor.shown()
    os.kill(desk.bus.pid, signal.SIGKILL)
    desk.server.stop()
    desk.bus.stop()
    until(lambda: floor.hears() == "none", "the others see that ben's desk is deaf")
    later = floor.raised()
    later.until_failed()
    desk.bus.start()
    desk.server.start()
    back = Stopwatch()
    came = [each.until_on(desk.server) for each in (raised, later)]
    assert max(back.until_event(each.time) for each in came) < 3
    later.until_shown()


def test_a_new_login_with_a_bus_elsewhere_is_found(floor: Floor) -> None:
    desk = floor.desk
    raised = floor.shown()
    desk.server.stop()
    desk.bus.stop()
    until(lambda: floor.hears() == "none", "the others see that ben's desk is deaf")
    login = PrivateBus(Path(floor.ben.env["XDG_RUNTIME_DIR"]))
    with login, desk.another_server("login", "--markup", bus=login) as server:
        raised.until_on(server)
        until(lambda: floor.hears() == "sound", "ben hears again")
    desk.bus.start()
    desk.server.start()
    raised.until_on(desk.server)


def test_a_frozen_bus_hangs_nobody(floor: Floor) -> None:
    raised = floor.shown()
    os.kill(floor.desk.bus.pid, signal.SIGSTOP)
    later = floor.raised()
    later.until_failed()
    os.kill(floor.desk.bus.pid, signal.SIGCONT)
    later.until_on(floor.desk.server)
    later.until_shown()
    assert raised.on(floor.desk.server)
    never(lambda: len(floor.desk.up()) != 2, "one of them is up twice", QUIET_S)
