"""The node: one daemon's share in a space, as a pure state machine.

Owns the order in which things happen in a step; the rules themselves stand in the modules it joins. Same inputs,
same outputs, to the byte: no clock, no chance but `config.rng`, no I/O.
"""

from collections.abc import Sequence

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.absorb import Absorb
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.answering import Answering
from escalate_daemon.core.commands import Command, LadderStep, Start
from escalate_daemon.core.context import Context, NodeConfig
from escalate_daemon.core.control import Control
from escalate_daemon.core.density import Density
from escalate_daemon.core.edges import Edges
from escalate_daemon.core.effects import Bucket, Effect
from escalate_daemon.core.facts import Fact, FirstComparisonDone, MemberChanged
from escalate_daemon.core.following import Following
from escalate_daemon.core.frames import Frames
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.ids import DialId, HandId, LinkId, MemberId
from escalate_daemon.core.linking import Linking
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.loading import Kept, Loading
from escalate_daemon.core.merging import Merging
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.myself import ALIVE, Myself
from escalate_daemon.core.naming import Plan, plan
from escalate_daemon.core.own import INCARNATION, OwnSlots
from escalate_daemon.core.owner import Owner
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.pruning import Pruning
from escalate_daemon.core.quietness import MuteView, Quietness
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.reporting import Reporting
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EscalationState, EscalationView, GrantView, MemberView
from escalate_daemon.core.wire import HaveEntry, Hello, SlotKey

_OVERSLEPT = 20 * tuning.SECOND  # a deadline missed by this much: the machine slept or was frozen


class Node:
    """One member's node. Every input is followed by `effects()`; `tick` is due at `next_deadline()`."""

    def __init__(self, config: NodeConfig, stored: Kept, *, now: int, unix_s: int) -> None:
        self._ctx = Context(config, now)
        self._replica = Replica()
        self._roster = Roster(config.space, config.open_space, config.verifier)
        self._links = LinkTable(self._ctx)
        self._reach = Reachability(self._ctx.me)
        self._book = AddressBook(self._ctx, self._reach.is_reachable)
        self._pins = Pins(self._ctx, self._roster)
        self._answering = Answering(self._ctx, self._replica, self._reach)
        self._viewer = Viewer(self._ctx, self._replica, self._reach, self._pins, self._answering)
        self._merging = Merging(self._ctx, self._replica, self._roster)
        self._gossip = Gossip(self._ctx, self._replica, self._roster, self._link_compared, self._heard_age)
        self._density = Density(self._ctx, self._reach)
        self._mesh = Mesh(
            self._ctx, self._links, self._book, self._reach, density=self._density, members=self._dialable
        )
        self._pruning = Pruning(self._ctx, self._links, self._reach, density=self._density, degree=self._replica.degree)
        link_parts = (self._links, self._mesh, self._book, self._pruning, self._gossip)
        self._linking = Linking(self._ctx, *link_parts, self._links_changed)
        self._edges = Edges(self._ctx, self._links, self._replica, self._reach, self._gossip)
        view, freeze = self._viewer.escalation, self._viewer.freeze
        self._hands = Hands(self._ctx, self._replica, self._reach, view=view, moved=self._hand_moved, freeze=freeze)
        self._rings = Rings(self._ctx, view, self._is_claimed, self._receipts_changed)
        self._quietness = Quietness(self._ctx, self._quietness_changed)
        self._owner = Owner(self._ctx, self._rings, self._is_claimed)
        self._compared = False
        self._dirty = True
        self._due = now
        meta = stored.get(Bucket.META, {})
        before = meta[INCARNATION].value[:20] if INCARNATION in meta else b"0"
        incarnation = max(int(before) + 1 if before.isdigit() else 0, unix_s, 1)
        self._own = OwnSlots(self._ctx, self._replica, min(incarnation, tuning.VERSION_MAX), self._wrote)
        self._me = Myself(self._ctx, self._replica, self._own, self._hands)
        self._reporting = Reporting(
            self._ctx, self._replica, self._own, self._hands, rings=self._rings, viewer=self._viewer
        )
        self._frames = self._make_frames()
        self._control = self._make_control()
        self._following = self._make_following()
        self._loading().load(stored)
        self._me.begin(meta.get(ALIVE))
        self._settle()

    def _make_control(self) -> Control:
        return Control(
            self._ctx,
            self._me,
            self._hands,
            self._rings,
            self._mesh,
            self._book,
            self._pins,
            self._viewer,
            self._quietness,
            self._owner,
            self._plan,
        )

    def _make_following(self) -> Following:
        notices = (self._answering, self._quietness, self._owner)
        return Following(self._ctx, self._hands, self._rings, *notices, self._viewer, self._me)

    def _loading(self) -> Loading:
        people = (self._pins, self._rings, self._viewer, self._book, self._reach)
        own = (self._hands, self._quietness, self._answering)
        return Loading(self._ctx, self._replica, self._merging, *people, *own)

    def _make_frames(self) -> Frames:
        absorb = Absorb(
            self._ctx,
            self._replica,
            self._merging,
            self._gossip,
            self._book,
            self._pins,
            self._viewer,
            self._hands,
            self._me,
            self._links_changed,
        )
        return Frames(
            self._ctx,
            self._links,
            self._gossip,
            self._mesh,
            self._density,
            self._pruning,
            self._reach,
            self._replica,
            absorb,
            self._linking.close,
        )

    # --- Links -------------------------------------------------------------------------------------
    @property
    def me(self) -> MemberId:
        """My id."""
        return self._ctx.me

    def hello(self, *, probe: bool) -> Hello:
        """My side of the hello that comes before `link_up`."""
        config = self._ctx.config
        return Hello(wire.PROTOCOL, config.space, self._ctx.boot, config.chain, probe, len(self._links.listed()))

    def judge_hello(self, hello: Hello, key: bytes) -> MemberId:
        """The member behind a peer's hello, whose key its certificate proved. Raises WireError."""
        return self._merging.admit_hello(hello, key)

    def link_up(self, link: LinkId, peer: PeerHello, now: int, dial: DialId | None) -> None:
        """A link is up, both hellos heard. `dial` is the Dial it answers, None where the peer dialled."""
        self._advance(now)
        self._linking.up(link, peer, dial)
        self._settle(changed=True)

    def link_down(self, link: LinkId, now: int) -> None:
        """A link broke or was closed by the peer."""
        self._advance(now)
        self._linking.gone(self._links.remove(link))
        self._edges.broke()
        self._settle()

    def link_overflowed(self, link: LinkId, now: int) -> None:
        """Its queue was over the limit and unsent slots were forgotten: compare, when it drains."""
        self._advance(now)
        self._gossip.compare(link)
        self._settle(changed=True)

    def receive(self, link: LinkId, data: bytes, now: int) -> None:
        """A frame came. A peer's fault closes its link and changes nothing else."""
        self._advance(now)
        up = self._links.get(link)
        if up is None:
            return
        woke = self._links.heard(up)
        changed = self._frames.receive(up, data) or woke
        if not changed and (due := self._gossip.next_deadline()) is not None:
            self._due = min(self._due, due)
        self._settle(changed=changed)

    def wake(self, now: int) -> None:
        """The machine slept, or the network came back: ask all links, dial at once."""
        self._ctx.now = max(now, self._ctx.now)
        self._links.woken()
        self._mesh.forgive()
        self._settle(changed=True)

    def tick(self, now: int) -> None:
        """Do what is due."""
        self._advance(now)
        self._settle()

    def next_deadline(self) -> int | None:
        """When `tick` is due next, in ms; it may be early, never late."""
        return self._due

    def effects(self) -> list[Effect | Fact]:
        """All that the steps since the last call ask of the world, in order."""
        return self._ctx.drain()

    # --- Commands ----------------------------------------------------------------------------------
    def command(self, cmd: Command, now: int) -> HandId | None:
        """Carry out a command; gives the id of the hand that was raised or ended. Raises CommandRefused."""
        self._advance(now)
        try:
            return self._control.carry_out(cmd)
        finally:
            self._settle(changed=True)

    def _plan(self, words: Sequence[str], ladder: Sequence[LadderStep]) -> Plan:
        return plan(words, list(self._viewer.people().values()), self.me, ladder)

    # --- Views -------------------------------------------------------------------------------------
    def rehearse(self, start: Start, now: int) -> Plan:
        """Whom this would name now, raising nothing. Raises CommandRefused as it would be."""
        self._ctx.now = max(now, self._ctx.now)
        return self._control.rehearse(start)

    def muted(self, now: int) -> tuple[MuteView, ...]:
        """What was muted here by hand."""
        self._ctx.now = max(now, self._ctx.now)
        return self._quietness.muted()

    def me_view(self, now: int) -> MemberView:
        """Myself."""
        self._ctx.now = max(now, self._ctx.now)
        return self._viewer.member(self.me)

    def members(self, now: int) -> list[MemberView]:
        """All members, me first, then by label."""
        self._ctx.now = max(now, self._ctx.now)
        return self._viewer.members()

    def escalations(self, now: int, *, ended: bool = True, only: HandId | None = None) -> list[EscalationView]:
        """Known escalations, put away ones included, and `ended` ones; mine first, then the oldest."""
        self._ctx.now = max(now, self._ctx.now)
        asked = [k for k in self._hands.all() if (ended or k.ended_at is None) and only in (None, k.id)]
        views = [self._viewer.escalation(known) for known in asked]
        return sorted(views, key=lambda view: (not view.mine, -view.age, view.id))

    def grants(self, now: int) -> list[GrantView]:
        """All reusable invites that members gave, revoked ones included while they are remembered."""
        self._ctx.now = max(now, self._ctx.now)
        return self._viewer.grants()

    @property
    def link_count(self) -> int:
        """How many links are up."""
        return len(self._links)

    @property
    def fingerprint(self) -> bytes:
        """Of the whole replica, as pings tell it."""
        return self._replica.fingerprint()

    @property
    def reachable(self) -> int:
        """How many other members a path leads to."""
        return self._reach.count()

    @property
    def compared(self) -> bool:
        """Whether the replica was compared with a peer since start, or nobody answered in time."""
        return self._compared

    # --- What the parts tell -----------------------------------------------------------------------
    def _wrote(self, key: SlotKey) -> None:
        self._dirty = True
        self._gossip.spread(key, None)

    def _links_changed(self) -> None:
        self._dirty = True
        self._edges.changed()

    def _heard_age(self, link: Link, entry: HaveEntry) -> None:
        """The owner's own word on an age is taken; a peer's, only for what I loaded from disk myself."""
        key, age = SlotKey(entry.member, entry.slot), entry.age
        held = self._replica.get(key)
        if held is None or not (held.by_wall or entry.slot == slots.STATE):
            return
        direct = link.peer == entry.member
        if direct or (held.by_wall and entry.member != self.me):
            held.hear_age(age, self._ctx.now)
        if entry.slot == slots.STATE and entry.member != self.me:
            self._hands.heard_age(entry.member, age, direct=direct)
        elif key == self._own.key(slots.STATE) and not self._compared:
            self._me.peers_word(age)

    def _link_compared(self, link: Link) -> None:
        self._dirty = True
        self._mesh.changed()
        self._pruning.changed()
        if not self._compared:
            self._compared = self._hands.settled = True
            self._ctx.emit(FirstComparisonDone(with_peer=True))
        if not link.probe:
            self._hands.owner_spoke(link.peer)

    def _hand_moved(self, known: Known, before: EscalationState | None) -> None:
        self._dirty = True
        if known.owner != self.me or not known.is_up:  # my own pop-up goes with my hand
            self._rings.moved(known, before)

    def _receipts_changed(self) -> None:
        self._dirty = True
        self._reporting.changed()

    def _is_claimed(self, known: Known) -> bool:
        return self._answering.claimed(known.id, known.owner)

    def _quietness_changed(self) -> None:
        self._dirty = True
        self._me.set_undisturbed(undisturbed=self._quietness.undisturbed)

    def _dialable(self) -> list[MemberId]:
        """Whom the mesh may dial: also members that only an answer at an address told of."""
        people = self._viewer.people()
        return [*self._viewer.present(), *(m for m in self._book.members() if m not in people and m != self.me)]

    # --- The step ----------------------------------------------------------------------------------
    def _advance(self, now: int) -> None:
        """Time only goes on; a deadline missed by far means that the machine slept."""
        self._ctx.now = max(now, self._ctx.now)
        if self._ctx.now > self._due + _OVERSLEPT:
            self._links.woken()
            self._mesh.forgive()
            self._dirty = True

    def _settle(self, *, changed: bool = False) -> None:
        """Bring everything to where this step leaves it, where anything changed or is due."""
        if not (changed or self._dirty or self._ctx.now >= self._due):
            return
        self._dirty = False
        self._links.ping_due(self._replica.fingerprint())
        for link in self._links.dead():
            self._linking.close(link.id, "nothing heard for too long")
            self._edges.broke()
        for late in self._mesh.unjudged_late():
            self._linking.close(late, "the probe told nothing")
        for surplus in self._pruning.surplus():
            self._linking.close(surplus, "another link with the same peer")
        self._edges.write(self._own)
        for member in self._edges.follow():
            self._mesh.changed()
            self._ctx.emit(MemberChanged(self._viewer.member(member)))
        if not self._compared and self._ctx.now >= self._ctx.started + tuning.FIRST_COMPARISON:
            self._compared = self._hands.settled = True
            self._ctx.emit(FirstComparisonDone(with_peer=False))
        self._quietness.follow()
        self._following.follow(compared=self._compared)
        self._me.answers.follow(compared=self._compared)
        self._reporting.write()
        self._me.tick()
        for link in self._links.beside_due():
            self._mesh.dial_beside(link.peer)
        self._mesh.run()
        self._gossip.flush()
        self._due = min(self._deadlines(), default=self._ctx.now + tuning.MINUTE)

    def _deadlines(self) -> list[int]:
        mesh = (self._links, self._edges, self._mesh, self._pruning, self._gossip, self._reach)
        mine = (self._me, self._me.answers, self._quietness)
        rings = (self._rings,) if self._compared else ()  # what the disk knows waits for the comparison
        parts = (*mesh, self._hands, *rings, self._following, self._reporting, *mine)
        times = [due for part in parts if (due := part.next_deadline()) is not None]
        if not self._compared:
            times.append(self._ctx.started + tuning.FIRST_COMPARISON)
        if self._dirty:
            times.append(self._ctx.now)
        return times
