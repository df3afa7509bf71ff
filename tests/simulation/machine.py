"""One simulated machine: a real Node with its shell, disk, desk and clocks; it crashes, sleeps and comes back."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from escalate_daemon.core.commands import (
    Command,
    CommandRefused,
    DialFailed,
    ReportNotShown,
    ReportShown,
    SetPolicy,
    SetProfile,
)
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.effects import Close, Dial, Effect, Send, Show, Store, Urgency
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import HandId, LinkId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.wire import Hello, WireError
from simulation.desk import Desk, Habits
from simulation.disk import Disk
from simulation.keyring import Keys
from simulation.shell import Trap
from simulation.stream import End, Item, Mark, Stream

if TYPE_CHECKING:
    from simulation.world import World

SPIN_LIMIT = 200  # ticks at one and the same millisecond: a node that never comes to rest


class SpinError(Exception):
    """A node asks to be ticked again and again without time passing."""


class Machine:
    """The shell around one Node. `index` names it; its node runs where `node` is not None."""

    def __init__(self, world: "World", index: int, keys: Keys, chain: tuple[Introduction, ...], seed: int) -> None:
        self.world = world
        self.index = index
        self.keys = keys
        self.member = keys.member
        self.chain = chain
        self.name = chain[-1].name
        self.rng = Random(seed)
        self.disk = Disk()
        self.desk = Desk(self, Random(seed ^ 1), Habits())
        self.node: Node | None = None
        self.boot = 0  # counts starts and stops, so that what was begun before dies with its run
        self.port = 1
        self.policy = Policy()  # its settings: told to each run of the daemon
        self.asleep = False
        self.silent = False  # it has no power: nothing answers, not even a refusal
        self.trap: Trap | None = None
        self.wall_shift = 0  # ms: how wrong this machine's wall clock is
        self.boot_shift = self.rng.randrange(10_000_000)  # its boot clock against the world's
        self.changes = 0  # steps that may have changed what the node shows
        self.ends: dict[LinkId, End] = {}
        self._greeting: set[End] = set()
        self._silent: list[End] = []  # ends that a power cut left hanging
        self._after_sleep: list[Callable[[], None]] = []
        self._next_link = 1
        self._tick_at: int | None = None
        self._spins = 0
        self._spun_at = -1

    # --- What it is --------------------------------------------------------------------------------
    @property
    def address(self) -> str:
        """Where it listens at present."""
        return f"n{self.index}:{self.port}"

    @property
    def now(self) -> int:
        """Its boot clock, sleep included, in ms."""
        return self.world.schedule.now + self.boot_shift

    @property
    def wall(self) -> int:
        """Its wall clock, in ms since 1970, as wrong as it is."""
        return max(0, self.world.wall() + self.wall_shift)

    @property
    def runs(self) -> bool:
        """Its daemon runs and the machine is awake."""
        return self.node is not None and not self.asleep

    @property
    def awake_node(self) -> Node | None:
        """Its node, where it runs and is awake."""
        return None if self.asleep else self.node

    # --- Life --------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the daemon from what the disk holds."""
        world = self.world
        self.boot += 1
        world.witness.started(self)
        config = NodeConfig(
            space=world.charter.space,
            open_space=world.charter.open_space,
            chain=self.chain,
            encryption_key=self.keys.public,
            signer=self.keys.sign,
            verifier=world.keyring.verify,
            rng=Random(self.rng.getrandbits(64)),
            name=self.name,
        )
        self._tick_at = None
        self.silent = False
        self.node = world.node_class(config, self.disk.load(self.wall), now=self.now, unix_s=self.wall // 1000)
        self._drain()
        self.command(SetPolicy(self.policy))
        self.command(SetProfile(host=f"host{self.index}", addresses=(self.address,), hears="sound", version="sim"))
        for end in self._silent:
            end.out.reset()
        self._silent = []

    def crash(self, *, power: bool = False) -> None:
        """Kill the daemon; with `power` the whole machine goes, and nobody is told."""
        if self.node is None:
            return
        self.world.log(f"n{self.index} {'loses power' if power else 'daemon dies'}")
        window = frozenset(h for h, urgency in self.desk.waiting.items() if urgency is Urgency.RING)
        self.node = None
        self.boot += 1
        self.asleep = False
        self.silent = power
        self.trap = None
        self._after_sleep = []
        ends = [*self.ends.values(), *sorted(self._greeting, key=lambda e: e.stream.number)]
        self.ends, self._greeting = {}, set()
        for end in ends:
            end.gone = True
            if power:
                end.out.vanish()
                self._silent.append(end)
            else:
                end.out.push(Mark.FIN)
        self.world.witness.stopped(self, in_window=window)
        self.desk.daemon_died()
        if power:
            self.desk.switched_off()
            self.boot_shift = self.rng.randrange(10_000_000) - self.world.schedule.now
        self.world.network.changed()

    def sleep(self) -> None:
        """Freeze; the clocks go on."""
        if self.runs:
            self.world.log(f"n{self.index} falls asleep")
            self.asleep = True
            self.world.network.changed()

    def wake(self) -> None:
        """Go on: the shell notices by its clock, now or within a second."""
        if not self.asleep:
            return
        self.world.log(f"n{self.index} wakes")
        self.asleep = False
        self.world.witness.woke(self)
        boot = self.boot
        noticed = self.rng.choice((0, 0, self.rng.randrange(1000)))
        self.at_if_alive(self.world.schedule.now + noticed, self._notice_waking)
        pending, self._after_sleep = self._after_sleep, []
        for action in pending:
            if self.boot == boot:
                action()
        if self.boot == boot:
            self._arm()
        self.world.network.freed(self)

    def _notice_waking(self) -> None:
        if self.node is not None:
            self.node.wake(self.now)
            self._drain()

    def at_if_alive(self, time: int, action: Callable[[], None]) -> None:
        """Do it at `time` if this run of the daemon still lives; a sleeper does it on waking."""
        boot = self.boot

        def due() -> None:
            if self.boot != boot:
                return
            if self.asleep:
                self._after_sleep.append(due)
            else:
                action()

        self.world.schedule.at(time, due)

    # --- Steps -------------------------------------------------------------------------------------
    def command(self, command: Command) -> HandId | None:
        """A command of its person or shell; None where it was refused or nothing runs."""
        if self.node is None or self.asleep:
            return None
        self.world.witness.told(self, command)
        try:
            hand = self.node.command(command, self.now)
        except CommandRefused as refused:
            self.world.log(f"n{self.index} refuses {type(command).__name__}: {refused}")
            self._drain()
            return None
        boot = self.boot
        self._drain()
        if self.boot == boot:
            self.world.witness.did(self, command)
        return hand

    def report(self, command: Command) -> None:
        """The desk's answer."""
        if isinstance(command, ReportShown | ReportNotShown):
            self.command(command)
            self.desk.waiting.pop(command.hand, None)
        else:
            self.command(command)

    def _tick(self, due: int) -> None:
        if self._tick_at != due or self.node is None or self.asleep:
            return
        self._tick_at = None
        if self._spun_at == self.now:
            self._spins += 1
            if self._spins > SPIN_LIMIT:
                raise SpinError(f"n{self.index} never comes to rest at {self.world.schedule.now} ms")
        else:
            self._spun_at, self._spins = self.now, 0
        self.node.tick(self.now)
        self._drain()

    def _arm(self) -> None:
        node = self.node
        if node is None or self.asleep:
            return
        deadline = node.next_deadline()
        if deadline is None:
            return
        due = max(deadline - self.boot_shift, self.world.schedule.now)
        if self._tick_at is None or due < self._tick_at or self._tick_at < self.world.schedule.now:
            self._tick_at = due
            boot = self.boot
            self.world.schedule.at(due, lambda: self._tick(due) if self.boot == boot else None)

    def _drain(self) -> None:
        node = self.node
        if node is None:
            return
        effects = node.effects()
        if effects:
            stores = [e for e in effects if type(e) is Store]
            others = [e for e in effects if type(e) is not Store]
            self.changes += bool(stores) or any(type(e) is not Send and type(e) is not Dial for e in others)
            self.world.shell(self, stores, others)
        if self.node is node:
            self._arm()

    def begin_window(self, show: Show) -> None:
        """The ring is recorded, its pop-up was asked for, and will not come: the daemon is about to die."""
        self.world.witness.asked_to_show(self, show)
        self.desk.waiting[show.hand] = show.urgency

    def commit(self, stores: list[Store]) -> None:
        """One transaction."""
        self.disk.commit(stores, self.wall)
        self.world.witness.wrote(self, stores, committed=True)

    def perform(self, effect: "Effect | Fact") -> None:
        """Do one thing the node asked for."""
        if type(effect) is Send:
            end = self.ends.get(effect.link)
            if end is not None:
                end.out.push(effect.data, urgent=effect.urgent)
        elif type(effect) is Show:
            self.world.witness.asked_to_show(self, effect)
            self.desk.take(effect)
        elif type(effect) is Dial:
            self.world.network.dial(self, effect)
        elif isinstance(effect, Close):
            self._close(effect)
        elif not isinstance(effect, Store | Send | Dial | Show):
            self.world.witness.stated(self, effect)

    # --- Links -------------------------------------------------------------------------------------
    def greet(self, end: End) -> None:
        """A connection stands; hellos are on their way."""
        self._greeting.add(end)

    def arrived(self, end: End, item: Item) -> None:
        """Something came out of a lane."""
        node = self.node
        if end.gone or node is None:
            return
        if type(item) is bytes:
            if end.link is not None:
                self.world.trace_frame(end.other.machine.index, self.index, item)
                node.receive(end.link, item, self.now)
                self._drain()
        elif isinstance(item, Hello):
            self._hello(node, end, item)
        else:
            self.down(end)

    def _hello(self, node: Node, end: End, hello: Hello) -> None:
        self._greeting.discard(end)
        try:
            member = node.judge_hello(hello, end.other.machine.keys.public)
        except WireError as error:
            self.world.log(f"n{self.index} refuses the hello of n{end.other.machine.index}: {error}")
            end.gone = True
            end.out.push(Mark.FIN)
            if end.dial is not None:
                self.dial_failed(DialFailed(end.dial, "refused", stranger=True))
            return
        end.link = LinkId(self._next_link)
        self._next_link += 1
        self.ends[end.link] = end
        self.world.network.met(self, end.other.machine)
        self.world.trace_frame(end.other.machine.index, self.index, b"link up")
        node.link_up(end.link, PeerHello(member, hello, end.address), self.now, end.dial)
        self._drain()

    def down(self, end: End) -> None:
        """The connection ended, by the peer's closing or by a fault that this side is told of."""
        if end.gone:
            return
        end.gone = True
        self._greeting.discard(end)
        if end.link is None:
            if end.dial is not None:
                self.dial_failed(DialFailed(end.dial, "closed before its hello"))
        elif self.ends.pop(end.link, None) is not None and self.node is not None:
            self.node.link_down(end.link, self.now)
            self._drain()
        self.world.network.changed()

    def give_up_greeting(self, end: End) -> None:
        """The peer's hello did not come in time."""
        if end.link is None and not end.gone:
            end.gone = True
            self._greeting.discard(end)
            end.out.push(Mark.FIN)
            if end.dial is not None:
                self.dial_failed(DialFailed(end.dial, "timed out"))

    def dial_failed(self, failed: DialFailed) -> None:
        """Tell the node that a dial came to nothing."""
        if self.node is not None and not self.asleep:
            self.node.command(failed, self.now)
            self._drain()

    def overflowed(self, end: End) -> None:
        """The send queue was over its limit, unsent slots were forgotten."""
        if end.link is not None and not end.gone and self.node is not None and not self.asleep:
            self.world.log(f"n{self.index} overflows towards n{end.other.machine.index}")
            self.world.witness.fault([self, end.other.machine], 10_000)
            self.node.link_overflowed(end.link, self.now)
            self._drain()

    def _close(self, close: Close) -> None:
        end = self.ends.pop(close.link, None)
        if end is not None:
            end.gone = True
            end.out.push(Mark.FIN)
            self.world.network.changed()

    def fingerprint(self) -> bytes:
        """Of its replica."""
        return b"" if self.node is None else self.node.fingerprint

    def writes(self) -> tuple[int, int]:
        """A mark that changes with each write of an own slot, `links` included, which no disk sees."""
        return (0, 0) if self.node is None else (self.node._own.incarnation, self.node._own._seq)

    def streams(self) -> list[Stream]:
        """The streams that are up here."""
        return [end.stream for end in self.ends.values()]
