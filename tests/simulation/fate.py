"""What can happen in a world, each with its consequence for fairness: people act, machines fail, the network fails."""

from random import Random

from escalate_daemon.core import slots, wire
from escalate_daemon.core.commands import (
    EndMine,
    JoinGroup,
    LadderStep,
    LeaveGroup,
    LeaveSpace,
    NetworkChanged,
    ReturnToSpace,
    SetProfile,
    Start,
)
from escalate_daemon.core.effects import Bucket
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.tuning import MAX_AGE
from escalate_daemon.core.wire import Record, SlotsFrame
from simulation.disk import Tables
from simulation.machine import Machine
from simulation.oracle.fairness import MENDED
from simulation.shell import Trap
from simulation.world import World

GROUPS = ("team", "ops", "Leads")
BIG_WORLD = 20  # above this a mesh is sparse, and takes longer to close after a cut
CUT_HEALS = 25_000  # ms: a sparse mesh finds its dead links and dials others


class Fate:
    """The world's hand. Every method does nothing where it makes no sense, so that stories may collide."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world = world
        self.rng = rng
        self.machines = world.machines
        self._cuts: list[tuple[Machine, Machine, bool]] = []
        self._messages = 0

    # --- Who ---------------------------------------------------------------------------------------
    def some(self) -> Machine:
        """Any machine."""
        return self.rng.choice(self.machines)

    def running(self, *but: Machine) -> Machine | None:
        """Any whose daemon runs."""
        able = [m for m in self.machines if m.runs and m not in but]
        return self.rng.choice(able) if able else None

    def two_sides(self) -> tuple[list[Machine], list[Machine]]:
        """Everybody in two random groups, neither empty."""
        machines = self.machines[:]
        self.rng.shuffle(machines)
        at = self.rng.randrange(1, len(machines))
        return machines[:at], machines[at:]

    # --- People ------------------------------------------------------------------------------------
    def words(self, *must: Machine) -> tuple[str, ...]:
        """Whom a red names: now and then everybody, here, a group, or some by name."""
        rng = self.rng
        words = [f"{m.name}@host{m.index}" if rng.random() < 0.3 else m.name for m in must]
        kind = rng.random()
        if kind < 0.25:
            words.append("@everyone")
        elif kind < 0.4:
            words.append("@here")
        elif kind < 0.6 or not words:
            words.append(f"@{rng.choice(GROUPS)}")
        return tuple(words)

    def red(self, owner: Machine, *named: Machine, replace: bool = False, max_age: int | None = None) -> HandId | None:
        """Raise a red; named machines by name, and perhaps others."""
        words = self.words(*named)
        hand = self.start_hand(owner, words, replace=replace, max_age=max_age)
        if hand is None and named:
            hand = self.start_hand(owner, ("@everyone",), replace=replace, max_age=max_age)
        return hand

    def yellow(self, owner: Machine) -> HandId | None:
        """Raise a yellow."""
        return self.start_hand(owner, ())

    def start_hand(
        self,
        owner: Machine,
        words: tuple[str, ...],
        ladder: tuple[LadderStep, ...] = (),
        *,
        replace: bool = False,
        max_age: int | None = None,
    ) -> HandId | None:
        """Raise what names just these; None where that is refused."""
        self._messages += 1
        longest = MAX_AGE if max_age is None else max_age
        hand = owner.command(Start(f"message {self._messages}", words, longest, replace, ladder))
        self.world.log(f"n{owner.index} raises {hand} for {' '.join(words) or 'all to see'}")
        return hand

    def end(self, owner: Machine) -> None:
        """End what it has."""
        self.world.log(f"n{owner.index} ends {owner.command(EndMine('done'))}")

    def leave(self, machine: Machine) -> None:
        """Leave the space."""
        self.world.log(f"n{machine.index} leaves")
        machine.command(LeaveSpace())

    def come_back(self, machine: Machine) -> None:
        """Return to the space."""
        self.world.log(f"n{machine.index} returns")
        machine.command(ReturnToSpace())

    def regroup(self, machine: Machine) -> None:
        """Put a group on, or take one off."""
        group = self.rng.choice(GROUPS)
        command = JoinGroup(group) if self.rng.random() < 0.65 else LeaveGroup(group)
        self.world.log(f"n{machine.index} {command}")
        machine.command(command)

    # --- Machines ----------------------------------------------------------------------------------
    def kill(self, machine: Machine, *, power: bool = False) -> None:
        """Its daemon dies, or the machine."""
        if machine.node is not None:
            self._shaken(machine, 5_000)
            machine.crash(power=power)

    def trap(self, machine: Machine, trap: Trap) -> None:
        """It dies in its next fitting step."""
        if machine.runs:
            self.world.log(f"n{machine.index} will die {trap.value}")
            machine.trap = trap

    def start(self, machine: Machine) -> None:
        """Start its daemon, with whatever its disk holds."""
        if machine.node is not None:
            return
        self.world.log(f"n{machine.index} starts")
        machine.start()
        self._groups_at_first(machine)
        self.world.discover(machine)

    def _groups_at_first(self, machine: Machine) -> None:
        if machine.boot == 1:
            for group in GROUPS:
                if self.rng.random() < 0.35:
                    machine.command(JoinGroup(group))

    def move(self, machine: Machine) -> None:
        """It will listen elsewhere from its next start on."""
        if machine.node is None:
            machine.port += 1
            self.world.network.moved(machine)

    def jump(self, machine: Machine, shift: int) -> None:
        """Its wall clock jumps by `shift` ms; the daemon sees it at its next start."""
        self.world.log(f"n{machine.index} wall jumps by {shift} ms")
        machine.wall_shift += shift
        self.world.witness.at_stake("17")
        self.world.witness.jumped(machine, shift)

    def backup(self, machine: Machine) -> Tables:
        """Copy its disk."""
        return machine.disk.backup()

    def restore(self, machine: Machine, tables: Tables) -> None:
        """While it is down: put the copy back (an empty one: a new disk)."""
        if machine.node is None:
            self.world.log(f"n{machine.index} gets {'an old' if tables else 'an empty'} disk")
            machine.disk.restore(tables)
            self.world.network.forget(machine)
            self.world.witness.restored(machine)

    def sleep(self, machine: Machine) -> None:
        """Close the lid."""
        if machine.runs:
            self._shaken(machine, 5_000)
            machine.sleep()

    def wake(self, machine: Machine) -> None:
        """Open the lid."""
        if machine.asleep:
            self.world.witness.fault([machine], MENDED)
            machine.wake()
            self.world.discover(machine)

    def _shaken(self, machine: Machine, allowance: int) -> None:
        component = self.world.ways.component(machine.index)
        self.world.witness.fault([self.machines[i] for i in component], allowance)

    # --- Network -----------------------------------------------------------------------------------
    def cut(self, ones: list[Machine], others: list[Machine], *, both_ways: bool = True) -> None:
        """No bytes from the ones to the others, and back."""
        allowance = CUT_HEALS if len(self.machines) > BIG_WORLD else MENDED
        self.world.log(f"cut {names(ones)} {'|' if both_ways else '>|'} {names(others)}")
        for machine in (*ones, *others):
            self._shaken(machine, allowance)
        for one in ones:
            for other in others:
                self.world.network.cut(one, other, both_ways=both_ways)
                self._cuts.append((one, other, both_ways))
        self.world.network.changed()

    def heal(self, *, hinted: bool = True) -> None:
        """Undo every cut; `hinted`: zeroconf notices."""
        if not self._cuts:
            return
        self.world.log("heal")
        for one, other, both_ways in self._cuts:
            self.world.network.heal(one, other, both_ways=both_ways)
        touched = {m.index: m for one, other, _ in self._cuts for m in (one, other)}
        self._cuts = []
        for machine in touched.values():
            self.world.witness.fault([machine], MENDED)
            if machine.runs and hinted:
                self.world.discover(machine)
                if self.rng.random() < 0.2:
                    machine.command(NetworkChanged())

    def stall(self, duration: int) -> None:
        """One random stream holds everything for a while."""
        if self.world.network.streams:
            stream = self.rng.choice(self.world.network.streams)
            until = self.world.now + duration
            for lane in stream.lanes():
                if self.rng.random() < 0.7:
                    lane.stall(until)
            if duration > 400:
                self._suffer([stream.dialler.machine, stream.acceptor.machine], duration + 4_000)
            self.world.network.changed()

    def snap(self) -> None:
        """One random stream breaks at some frame; each side is told, late, or never."""
        if self.world.network.streams:
            stream = self.rng.choice(self.world.network.streams)
            told = [self.rng.random() < 0.7 for _ in range(2)]
            ends = [stream.dialler.machine, stream.acceptor.machine]
            self.world.log(f"stream n{ends[0].index}-n{ends[1].index} breaks, told: {told}")
            self._suffer(ends, 13_000)
            self.world.network.break_stream(stream, told=told)

    def _suffer(self, machines: list[Machine], allowance: int) -> None:
        self.world.witness.fault(machines, allowance)

    def lose_frames(self, chance: float) -> None:
        """Second mode: frames are lost, doubled and late from now on."""
        self.world.log(f"frames are lost, {chance:.2f}")
        self._suffer(self.machines, 10_000_000)
        self.world.network.begin_loss(chance)

    def lose_no_frames(self) -> None:
        """The end of that: bounds count from here."""
        if self.world.network.lossy:
            self.world.log("frames are lost no more")
            self.world.network.end_loss()
            self.world.witness.mended(MENDED + 5_000)

    def forge(self) -> None:
        """A forged or flipped record, or plain nonsense, comes out of a stream that stands."""
        streams = [s for s in self.world.network.streams if s.is_healthy()]
        if not streams:
            return
        stream = self.rng.choice(streams)
        lane = self.rng.choice(stream.lanes())
        data = self._forgery(lane.source.machine)
        self.world.log(f"forged bytes from n{lane.source.machine.index} to n{lane.target.machine.index}")
        self._suffer([lane.source.machine, lane.target.machine], MENDED)
        self.world.witness.at_stake("6")
        lane.push(data)

    def _forgery(self, forger: Machine) -> bytes:
        rng = self.rng
        kept = list(forger.disk.table(Bucket.SLOTS).values())
        if not kept or rng.random() < 0.2:
            return rng.randbytes(rng.randrange(1, 60))
        record = wire.decode_record(rng.choice(kept).value)
        body = record.body
        if record.slot == slots.STATE and rng.random() < 0.6:
            body = wire.encode(slots.State(slots.AVAILABLE, "", slots.Hand(rng.randbytes(8).hex(), slots.RED), None))
        elif body:
            at = rng.randrange(len(body))
            body = body[:at] + bytes((body[at] ^ (1 << rng.randrange(8)),)) + body[at + 1 :]
        seq = record.seq + rng.choice((0, 1, 1000))
        forged = Record(record.member, record.slot, record.incarnation, seq, record.boot, body, record.sig)
        if record.member != forger.member and rng.random() < 0.5:
            signature = forger.keys.sign(wire.signed_bytes(self.world.charter.space, forged))
            forged = Record(record.member, record.slot, record.incarnation, seq, record.boot, body, signature)
        return wire.encode(SlotsFrame((forged,)))

    def retell(self, machine: Machine) -> None:
        """The shell says again what it knows of the machine; nothing may come of it."""
        machine.command(SetProfile(addresses=(machine.address,)))

    # --- The end -----------------------------------------------------------------------------------
    def mend_all(self) -> None:
        """Everything runs, is awake, and is joined."""
        self.world.log("everything is mended")
        self.lose_no_frames()
        self.heal()
        for machine in self.machines:
            machine.trap = None
            machine.desk.kill_after_shown = False
            self.wake(machine)
            self.start(machine)
        for machine in self.machines:
            self.world.discover(machine)


def names(machines: list[Machine]) -> str:
    """For the trace."""
    return ",".join(f"n{machine.index}" for machine in machines)
