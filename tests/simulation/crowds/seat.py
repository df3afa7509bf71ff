"""One member of a crowd: a real Node, its links and its timer. Its screen shows all, its player plays for 1.2 s."""

from random import Random
from typing import TYPE_CHECKING

from escalate_daemon.core.commands import (
    Command,
    DialFailed,
    ReportClosed,
    ReportShown,
    ReportSounded,
    SetProfile,
)
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.effects import Bucket, Close, Dial, Effect, Send, Show, ShowKind, Store, Stored, Urgency
from escalate_daemon.core.facts import Fact
from escalate_daemon.core.ids import HandId, LinkId
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.views import Reach
from escalate_daemon.core.wire import Hello
from simulation.crowds.lane import HANDSHAKE, End, Item
from simulation.keyring import Keys

if TYPE_CHECKING:
    from simulation.crowds.site import Site

Tables = dict[Bucket, dict[bytes, Stored]]
SHOWN_AFTER = 15_000  # us: a notification server answers
SOUNDED_AFTER = 1_200_000  # us: the tone's length


class Seat:
    """The shell of one node. `index` names it."""

    def __init__(self, site: "Site", index: int, keys: Keys, chain: tuple[Introduction, ...], seed: int) -> None:
        self.site = site
        self.index = index
        self.keys = keys
        self.member = keys.member
        self.chain = chain
        self.rng = Random(seed)
        self.address = f"n{index}:1"
        self.node: Node | None = None
        self.ends: dict[LinkId, End] = {}
        self.shown_at: dict[HandId, int] = {}
        self.kept: Tables | None = None  # what it stores, where that is wanted
        self._shift = self.rng.randrange(10_000_000)  # ms: its boot clock against the world's
        self._next_link = 1
        self._armed = -1

    @property
    def now(self) -> int:
        """Its boot clock, ms."""
        return self.site.schedule.now // 1000 + self._shift

    # --- Life --------------------------------------------------------------------------------------
    def start(self, stored: Tables, unix_s: int) -> None:
        """Start its daemon."""
        site = self.site
        config = NodeConfig(
            space=site.charter.space,
            open_space=site.charter.open_space,
            chain=self.chain,
            encryption_key=self.keys.public,
            signer=self.keys.sign,
            verifier=site.verify,
            rng=Random(self.rng.getrandbits(64)),
            name=self.chain[-1].name,
        )
        self._armed = -1
        self.node = Node(config, stored, now=self.now, unix_s=unix_s)
        self._drain(self.node)
        self.command(SetProfile(host=f"host{self.index}", addresses=(self.address,), hears="sound", version="sim"))

    def command(self, command: Command) -> HandId | None:
        """A command of its person or shell."""
        node = self.running
        hand = node.command(command, self.now)
        self._drain(node)
        return hand

    @property
    def running(self) -> Node:
        """Its node."""
        assert self.node is not None
        return self.node

    # --- What is asked of it -----------------------------------------------------------------------
    def peers(self) -> set[int]:
        """With whom it is linked, by index."""
        return {end.other.seat.index for end in self.ends.values()}

    def reach_of(self, hand: HandId) -> Reach:
        """How far its own hand got, as far as it knows."""
        return next(view.reach for view in self.running.escalations(self.now) if view.id == hand)

    # --- Steps -------------------------------------------------------------------------------------
    def _drain(self, node: Node) -> None:
        for effect in node.effects():
            self._perform(effect)
        due = node.next_deadline()
        if due is not None:
            at = max((due - self._shift) * 1000, self.site.schedule.now)
            if self._armed < self.site.schedule.now or at < self._armed:
                self._armed = at
                self.site.schedule.at(at, lambda: self._tick(at))

    def _perform(self, effect: "Effect | Fact") -> None:
        match effect:
            case Send():
                end = self.ends.get(effect.link)
                if end is not None:
                    end.send(effect.data, urgent=effect.urgent)
            case Store() if self.kept is not None:
                self._store(self.kept, effect)
            case Dial():
                self.site.dial(self, effect)
            case Close():
                self.site.tally.closes[effect.reason] += 1
                end = self.ends.pop(effect.link, None)
                if end is not None:
                    end.close()
            case Show():
                self._screen(effect)

    def _tick(self, at: int) -> None:
        if self._armed == at and self.node is not None:
            self._armed = -1
            self.node.tick(self.now)
            self._drain(self.node)

    @staticmethod
    def _store(kept: Tables, store: Store) -> None:
        table = kept.setdefault(store.bucket, {})
        if store.value is None:
            table.pop(store.key, None)
        else:
            table[store.key] = Stored(store.value, store.age, store.age)

    def _screen(self, show: Show) -> None:
        hand = show.hand
        if show.kind is ShowKind.SHOW:
            self.shown_at.setdefault(hand, self.site.schedule.now)
            self._later(SHOWN_AFTER, ReportShown(hand, "1", "popup"))
            if show.urgency is Urgency.RING:
                self._later(SOUNDED_AFTER, ReportSounded(hand))
        elif show.kind is ShowKind.CLOSE:
            self._later(SHOWN_AFTER, ReportClosed(hand))

    def _later(self, us: int, command: Command) -> None:
        def due() -> None:
            self.command(command)

        self.site.schedule.after(us, due)

    # --- Links -------------------------------------------------------------------------------------
    def arrived(self, end: End, item: Item) -> None:
        """Something came over a connection."""
        node, site = self.node, self.site
        if end.gone or node is None or site.cut(self, end.other.seat):
            return
        if type(item) is bytes:
            assert end.link is not None
            site.reads(end)
            node.receive(end.link, item, self.now)
            self._drain(node)
        elif isinstance(item, Hello):
            member = node.judge_hello(item, end.other.seat.keys.public)
            end.link = LinkId(self._next_link)
            self._next_link += 1
            self.ends[end.link] = end
            site.tally.came(end.other.seat.index, self.index, "hello", site.hello_size(item) + HANDSHAKE)
            if end.dial is None:
                site.answer(end)
            node.link_up(end.link, PeerHello(member, item, end.address), self.now, end.dial)
            self._drain(node)
        else:
            end.gone = True
            if end.link is not None and self.ends.pop(end.link, None) is not None:
                node.link_down(end.link, self.now)
                self._drain(node)

    def dial_failed(self, failed: DialFailed) -> None:
        """A dial came to nothing."""
        if self.node is not None:
            self.command(failed)

    def overflowed(self, end: End) -> None:
        """Unsent frames were forgotten."""
        if self.node is not None and end.link is not None:
            self.node.link_overflowed(end.link, self.now)
            self._drain(self.node)
