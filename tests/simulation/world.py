"""A seeded world of real nodes: machines, network, discovery and wall clock. Everything follows from the seed."""

import hashlib
from dataclasses import dataclass
from random import Random

from escalate_daemon.core.commands import AddressFound
from escalate_daemon.core.effects import Effect, Store
from escalate_daemon.core.facts import EscalationFact, Fact, MemberChanged
from escalate_daemon.core.node import Node
from simulation.connectivity import Connectivity
from simulation.keyring import Keyring, closed_charter, open_charter
from simulation.machine import Machine
from simulation.network import Network
from simulation.schedule import Schedule
from simulation.shell import Shell, commit_first
from simulation.witness import Witness

EPOCH_MS = 1_800_000_000_000  # the world's true wall clock at its beginning
GOSSIPED = 6_000  # ms: by then all who are joined hold one another's profile
BROWSE_EVERY = 30_000  # ms: a new browser while there are few links
NAMES = ("ana", "ben", "cem", "dia", "eva", "fin", "gil", "hal", "ida", "jon")


@dataclass(frozen=True, slots=True)
class Build:
    """What a mutant may exchange; the defaults are the product."""

    node_class: type[Node] = Node
    shell: Shell = commit_first


class World:
    """Owns the clock; `run` lets it pass. The witness is told everything, and judges."""

    def __init__(self, seed: int, count: int, witness: Witness, build: Build, *, verbose: bool = False) -> None:
        self.rng = Random(seed)
        self.schedule = Schedule()
        self.witness = witness
        self.build = build
        self.node_class = build.node_class
        self.keyring = Keyring(Random(self.rng.getrandbits(64)))
        self.trace = hashlib.blake2b(digest_size=16)
        self.verbose = verbose
        keys = [self.keyring.new() for _ in range(count)]
        names = [self._name(index) for index in range(count)]
        charter = open_charter if self.rng.random() < 0.1 else closed_charter
        self.charter = charter(keys, names, self.rng)
        self.machines = [
            Machine(self, i, keys[i], self.charter.chains[i], self.rng.getrandbits(64)) for i in range(count)
        ]
        self.network = Network(self, count, Random(self.rng.getrandbits(64)))
        self.links = Connectivity(count)
        self.ways = Connectivity(count)
        self._browse_at = BROWSE_EVERY
        self._ways_mark: tuple[int, tuple[bool, ...]] = (-1, ())
        self._found = Random(self.rng.getrandbits(64))

    def _name(self, index: int) -> str:
        """Some people have two machines, so two members of one name."""
        if index and self.rng.random() < 0.15:
            index = self.rng.randrange(index)
        return NAMES[index] if index < len(NAMES) else f"{NAMES[index % len(NAMES)]}{index}"

    # --- Clocks ------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        """True time since the world began, ms."""
        return self.schedule.now

    def wall(self) -> int:
        """The true wall clock, ms since 1970."""
        return EPOCH_MS + self.schedule.now

    # --- Trace -------------------------------------------------------------------------------------
    def log(self, text: str) -> None:
        """One event into the trace."""
        line = f"{self.schedule.now:>9} {text}"
        self.trace.update(line.encode())
        if self.verbose:
            print(line)  # noqa: T201 - the replay is for a person's terminal

    def log_fact(self, machine: Machine, fact: Fact) -> None:
        """One fact into the trace."""
        about = f" {fact.hand}" if isinstance(fact, EscalationFact) else ""
        if isinstance(fact, MemberChanged):
            about = f" {fact.member.label} {fact.member.presence}"
        self.log(f"n{machine.index} {type(fact).__name__}{about}")

    def trace_frame(self, source: int, target: int, data: bytes) -> None:
        """One delivery into the trace, silently."""
        self.trace.update(b"%d %d %d " % (self.schedule.now, source, target))
        self.trace.update(data)

    # --- The shell ---------------------------------------------------------------------------------
    def shell(self, machine: Machine, stores: list[Store], others: "list[Effect | Fact]") -> None:
        """Carry out one step of a machine's node."""
        self.build.shell(machine, stores, others)

    # --- Addresses and discovery -------------------------------------------------------------------
    def at_address(self, address: str) -> Machine | None:
        """The machine that this address names, whatever it does at present."""
        host, _, _ = address.partition(":")
        if host[:1] == "n" and host[1:].isdigit() and int(host[1:]) < len(self.machines):
            return self.machines[int(host[1:])]
        return None

    def discover(self, machine: Machine) -> None:
        """Zeroconf around one machine: hints, sometimes late; never none for a pair that knows no other way."""
        rng = self._found
        late = rng.random() < 0.25
        for other in self.machines:
            if other is machine or not self._can_hear(machine, other):
                continue
            known = self.network.knows(machine, other) or self.network.knows(other, machine)
            if known and rng.random() < 0.5:
                continue
            delay = rng.randint(1000, 4000) if late else rng.randint(20, 900)
            ways = rng.choice((1, 2, 3))
            if ways & 1:
                self._hint(machine, other, delay)
            if ways & 2:
                self._hint(other, machine, delay + rng.randrange(300))
        if rng.random() < 0.05:
            machine.at_if_alive(self.now + 100, lambda: self._tell(machine, "x1:1"))

    def _can_hear(self, one: Machine, other: Machine) -> bool:
        return other.runs and one.runs and not self.network.blocked_either(one, other)

    def _hint(self, to: Machine, about: Machine, delay: int) -> None:
        def found() -> None:
            if self._can_hear(to, about):
                self.network.met(to, about)
                self._tell(to, about.address)

        to.at_if_alive(self.now + delay, found)

    def _tell(self, machine: Machine, address: str) -> None:
        machine.command(AddressFound(address))

    def look_around(self) -> None:
        """Now and then: browsers ask again, and who has been joined for a while knows each other's address."""
        network, links = self.network, self.links
        for one in self.machines:
            for other in self.machines:
                since = links.joined_since(one.index, other.index) if one is not other else None
                if since is not None and self.now - since > GOSSIPED:
                    network.met(one, other)
        if self.now >= self._browse_at:
            self._browse_at = self.now + BROWSE_EVERY
            for one in self.machines:
                if one.runs and len(one.ends) < 3:
                    self.discover(one)

    # --- Edges -------------------------------------------------------------------------------------
    def edges_went(self) -> None:
        """Look at once: a gap must not be missed."""
        self.look_at_edges()

    def look_at_edges(self) -> None:
        """Bring both graphs up to date."""
        now, machines = self.schedule.now, self.machines
        self.links.update(self.network.healthy(), now)
        awake = tuple(machine.runs for machine in machines)
        mark = (self.network.changes, awake)
        if mark == self._ways_mark:
            return
        self._ways_mark = mark
        is_open = self.network.is_open
        running = [machine for machine in machines if machine.runs]
        pairs = [(a, b) for place, a in enumerate(running) for b in running[place + 1 :]]
        self.ways.update([(a.index, b.index) for a, b in pairs if is_open(a, b)], now)
