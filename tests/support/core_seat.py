"""One member at the in-memory wire: its node while it runs, its disk, its screen, and all that it was told."""

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from escalate_daemon.core.commands import (
    AddressFound,
    Command,
    ReportClosed,
    ReportNotShown,
    ReportShown,
    ReportSounded,
    SetProfile,
)
from escalate_daemon.core.effects import Close, Dial, Send, Show, ShowKind, Store, Urgency
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import DialId, HandId, LinkId, MemberId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.views import EscalationView
from escalate_daemon.core.wire import Ping, Pong, decode_frame
from simulation.disk import Disk
from support.core_cast import Cast

if TYPE_CHECKING:
    from support.core_wire import Wire

_F = TypeVar("_F")


class Desk(Enum):
    """What the notifier does with a pop-up."""

    WORKS = "shown, and sounded where it rings"
    BROKEN = "nothing can show it"
    HANGS = "no report comes"


class Seat:
    """`shift` (ms) is its boot clock against the wire's, `wall_shift` (ms) how wrong its wall clock is."""

    def __init__(self, wire: "Wire", cast: Cast, name: str, shift: int) -> None:
        self._wire = wire
        self._cast = cast
        self.name = name
        self.address = f"{name}:7077"
        self.shift = shift
        self.wall_shift = 0
        self.disk = Disk()
        self.node: Node | None = None
        self.boot = 0
        self.desk = Desk.WORKS
        self.shows: list[Show] = []
        self.facts: list[Fact] = []
        self.screen: dict[HandId, Urgency] = {}
        self.told = b""  # the fingerprint in the last ping or pong sent
        self.sent = 0  # frames
        self._links = 0

    # --- Life --------------------------------------------------------------------------------------
    @property
    def now(self) -> int:
        """Its boot clock."""
        return self._wire.now + self.shift

    @property
    def wall(self) -> int:
        """Its wall clock, in ms since 1970, as wrong as it is."""
        return max(0, self._wire.wall + self.wall_shift)

    @property
    def me(self) -> MemberId:
        """Its member id."""
        return self._cast.id(self.name)

    @property
    def live(self) -> Node:
        """Its node, which runs."""
        assert self.node is not None, f"{self.name} does not run"
        return self.node

    def start(self) -> None:
        """Start the daemon from what the disk holds."""
        self.boot += 1
        config = self._cast.config(self.name, self.boot)
        self.node = Node(config, self.disk.load(self.wall), now=self.now, unix_s=self.wall // 1000)
        self._drain()
        self.say(SetProfile(host=f"{self.name}-pc", addresses=(self.address,), hears="sound", version="t"))

    def die(self) -> None:
        """kill -9: the system closes its streams. Pop-ups stay."""
        self._end(told=True)

    def vanish(self) -> None:
        """Power cut: nobody is told."""
        self._end(told=False)
        self.screen = {}

    def _end(self, *, told: bool) -> None:
        self._wire.died(self, told=told)
        self.node = None
        self.boot += 1

    # --- Inputs ------------------------------------------------------------------------------------
    def say(self, command: Command) -> HandId | None:
        """Give the node a command."""
        try:
            return self.live.command(command, self.now)
        finally:
            self._drain()

    def finds(self, address: str) -> None:
        """Discovery saw somebody there."""
        self.say(AddressFound(address))

    def wakes(self) -> None:
        """The shell noticed that the machine had slept."""
        self.live.wake(self.now)
        self._drain()

    def deadline(self) -> int | None:
        """When its node is to be ticked, by the wire's clock."""
        due = None if self.node is None else self.node.next_deadline()
        return None if due is None else due - self.shift

    def tick_if_due(self) -> None:
        """Tick the node if its deadline has come."""
        due = self.deadline()
        if due is not None and due <= self._wire.now:
            self.live.tick(self.now)
            self._drain()

    def new_link(self) -> LinkId:
        """A link id never used before."""
        self._links += 1
        return LinkId(self._links)

    def linked(self, link: LinkId, peer: PeerHello, dial: DialId | None) -> None:
        """A link is up."""
        self.live.link_up(link, peer, self.now, dial)
        self._drain()

    def unlinked(self, link: LinkId) -> None:
        """A link is down."""
        self.live.link_down(link, self.now)
        self._drain()

    def hears(self, link: LinkId, data: bytes) -> None:
        """A frame came."""
        self.live.receive(link, data, self.now)
        self._drain()

    # --- What it did -------------------------------------------------------------------------------
    def hands(self) -> dict[HandId, EscalationView]:
        """Every escalation as it sees it, by id."""
        return {view.id: view for view in self.live.escalations(self.now)}

    def rings(self, hand: HandId | None) -> int:
        """How many times the hand rang here, over all runs."""
        return self.shown(hand).count(Urgency.RING)

    def shown(self, hand: HandId | None) -> list[Urgency]:
        """How each new pop-up of the hand came here, over all runs."""
        return [s.urgency for s in self.shows if s.hand == hand and s.kind is ShowKind.SHOW]

    def popups(self, hand: HandId | None) -> list[tuple[ShowKind, Urgency]]:
        """What the screen was asked to do with the hand, in order."""
        return [(s.kind, s.urgency) for s in self.shows if s.hand == hand]

    def facts_of(self, *kinds: type[_F]) -> list[_F]:
        """The facts of these kinds, in order."""
        return [fact for fact in self.facts if isinstance(fact, kinds)]

    # --- Effects -----------------------------------------------------------------------------------
    def _drain(self) -> None:
        effects = self.live.effects()
        self.disk.commit((e for e in effects if isinstance(e, Store)), self.wall)
        for effect in effects:
            match effect:
                case Store():
                    pass
                case Send(link, data, _):
                    self._sent(data)
                    self._wire.send(self, link, data)
                case Dial():
                    self._wire.dial(self, effect)
                case Close(link, _):
                    self._wire.send(self, link, None)
                case Show():
                    self._show(effect)
                case _:
                    self.facts.append(effect)

    def _sent(self, data: bytes) -> None:
        self.sent += 1
        frame = decode_frame(data)
        if isinstance(frame, Ping | Pong):
            self.told = frame.fingerprint

    def _show(self, show: Show) -> None:
        self.shows.append(show)
        boot, hand = self.boot, show.hand
        if show.kind is ShowKind.CLOSE:
            self.screen.pop(hand, None)
            self._report(boot, ReportClosed(hand))
        elif show.kind is ShowKind.UPDATE and self.desk is Desk.WORKS:
            self.screen[hand] = show.urgency  # by its handle, also of an earlier run: servers show it anew if need be
        elif show.kind is ShowKind.SHOW and self.desk is Desk.BROKEN:
            self._report(boot, ReportNotShown(hand, "no server"))
        elif show.kind is ShowKind.SHOW and self.desk is Desk.WORKS:
            self.screen[hand] = show.urgency
            self._report(boot, ReportShown(hand, f"{self.name}-{len(self.shows)}", "popup"))
            if show.urgency is Urgency.RING:
                self._report(boot, ReportSounded(hand))

    def _report(self, boot: int, report: Command) -> None:
        def due() -> None:
            if self.boot == boot and self.node is not None:
                self.say(report)

        self._wire.at(self._wire.now + 1, due)
