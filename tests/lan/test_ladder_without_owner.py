"""The ladder has no leader: its step rings whom it names at its time, with the owner dead and the clocks days apart."""

import shlex
import signal
import time
from dataclasses import dataclass

import pytest

from escalate_daemon.ipc.protocol import EscalationReply, GroupReply
from support import false_clock
from support.crew import Crew, crew
from support.false_clock import FalseClock
from support.machine import Machine
from support.need import need
from support.netns import Lan
from support.side_by_side import side_by_side
from support.waiting import FIGURES, elapse, never, until

pytestmark = pytest.mark.lan

DAY_S = 86_400
STEP_S = 30.0  # time enough, on a busy machine too, for everybody to hear of it, and for its owner to die
RUNG_WITHIN_S = 10.0  # of the step's time; a busy machine included
CLOCKS = {"ana": 0, "eve": 0, "ben": DAY_S, "cyd": -DAY_S, "dan": 3 * DAY_S}  # how far ahead each is
LEADS, OTHERS = ("ben", "cyd"), ("dan",)
# The boot's clock, which no test moves; `uptime` is in seconds since the boot, sleep included.
_RECORD = 'read up idle < /proc/uptime; echo "$ESCALATE_EVENT_ID $up" >> "$1"'


@dataclass(frozen=True)
class Raised:
    """A hand whose owner is dead. Times are of the boot's clock, in s: it was raised between these."""

    hand: str
    after: float
    before: float

    def must_ring_once(self, machine: Machine) -> None:
        """It rings there at the step's time, not before, and not again."""
        (rang,) = until(lambda: rings(machine, self.hand), f"{machine.name} is rung")
        FIGURES.note(f"a dead owner's step after {STEP_S:g} s to the ring at {machine.name}", rang - self.after)
        assert self.after + STEP_S <= rang + 0.02 < self.before + STEP_S + RUNG_WITHIN_S  # uptime counts hundredths


def rings(machine: Machine, hand: str) -> list[float]:
    """When the hook for rings ran for it there, by the boot's clock."""
    log = machine.folder / "rings"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [float(line.split()[1]) for line in lines if line.split()[0] == hand]


def boot_s() -> float:
    """The boot's clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def floor(five: Crew) -> None:
    """Everybody runs by a clock of their own and writes rings down; ben and cyd wear @leads."""
    for name, ahead in CLOCKS.items():
        machine = five[name]
        hook = shlex.join(["sh", "-c", _RECORD, "sh", str(machine.folder / "rings")])
        machine.run("config", "set", "hooks.on_ring", hook).must()
        clock = FalseClock(machine.folder)
        clock.show(ahead)
        machine.run_daemon(clock.env)
    first, *others = CLOCKS
    five.join_by_invite(first, *others)
    for name in LEADS:
        five[name].ask(GroupReply, "group", "join", "leads")
    five.until_linked()


def raise_and_die(five: Crew, owner: str) -> Raised:
    """The owner raises, and is killed as soon as the others have it."""
    after = boot_s()
    raised = five[owner].ask(EscalationReply, "start", "-m", "nobody else", "--then", f"{STEP_S:g}s @leads").escalation
    before = boot_s()
    assert raised is not None
    five.until_all_see(raised.id, among=(*LEADS, *OTHERS))
    five[owner].signal_daemon(signal.SIGKILL)
    return Raised(raised.id, after, before)


@side_by_side
def test_a_dead_owners_ladder_rings_whom_it_names_at_its_time_once_whatever_the_clocks_say() -> None:
    need(false_clock.why_unavailable())
    with crew(Lan(*CLOCKS)) as five:
        floor(five)
        claimed, unclaimed = raise_and_die(five, "eve"), raise_and_die(five, "ana")
        five["dan"].ask(EscalationReply, "approach", claimed.hand)
        dead = boot_s()
        assert dead < claimed.after + STEP_S, "all this was to be done before the step's time"
        for name in LEADS:
            unclaimed.must_ring_once(five[name])
        elapse(claimed.before + STEP_S + 1.0 - boot_s())

        def wrong() -> bool:
            told = {
                name: (len(rings(five[name], unclaimed.hand)), len(rings(five[name], claimed.hand))) for name in CLOCKS
            }
            return any(told[name] != ((1, 0) if name in LEADS else (0, 0)) for name in CLOCKS)

        never(wrong, "a ring too many", for_s=2.0)
        for name in LEADS:
            view = five[name].sees(unclaimed.hand) or five[name].sees(unclaimed.hand, "lost")
            assert view is not None
            assert (view.level, [step.fired for step in view.ladder]) == ("red", [True])
