"""Drives one Node: every input goes in here, and what the node asks for is done here, in order.

A step's Stores are committed in one transaction before anything else of it. One timer is armed for the node's
next deadline; a timer that comes far too late means that the machine slept. All of it runs in the event loop's
thread and never awaits, so no input ever sees half a step.

A fault (an exception that nobody foresaw) is logged with its traceback, told to the person, and the daemon goes
on: a daemon that ended would ring for nobody until the next command, and what one step left undone is repaired by
the next comparison with a peer. Only what a person or a peer asked for passes the exception on, to whoever can
tell them: the local API ends that line, the links close that link.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from escalate_daemon import clock
from escalate_daemon.core.commands import Command, CommandRefused, DialFailed, NetworkChanged, Start
from escalate_daemon.core.effects import Close, Dial, Effect, Send, Show, Store
from escalate_daemon.core.facts import (
    EscalationFact,
    EscalationUpdated,
    Fact,
    FirstComparisonDone,
    MemberChanged,
    PeerRefused,
    SpaceFull,
)
from escalate_daemon.core.ids import DialId, HandId, LinkId, MemberId
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.node import Node
from escalate_daemon.core.peer import PeerHello
from escalate_daemon.core.quietness import MuteView
from escalate_daemon.core.views import EscalationView, GrantView, MemberView
from escalate_daemon.core.wire import Hello
from escalate_daemon.hub import Hub
from escalate_daemon.keeping import Keeping

log = logging.getLogger(__name__)

FAULT_PAUSE: Final = 1_000  # ms; a timer whose every step fails must not spin


class Carrier(Protocol):
    """What carries frames."""

    def dial(self, dial: DialId, address: str, *, probe: bool) -> None:
        """Open a link; answered by link_up or dial_failed, later."""
        ...

    def send(self, link: LinkId, data: bytes, *, urgent: bool) -> None:
        """Put a frame on a link."""
        ...

    def close(self, link: LinkId, reason: str) -> None:
        """Close a link."""
        ...


class Screen(Protocol):
    """What shows pop-ups."""

    def perform(self, show: Show) -> None:
        """Show, change or close one; answered by reports, later."""
        ...


class Watcher(Protocol):
    """Who wants to know what the node's surroundings do."""

    def reachable_changed(self, count: int) -> None:
        """So many other members can be reached now."""
        ...

    def woke(self) -> None:
        """The machine slept."""
        ...

    def faulted(self) -> None:
        """Something of the daemon's own failed; the log says what."""
        ...


class Shell:
    """One node, driven. What it works with is attached before `start`."""

    def __init__(self, node: Node, keeping: Keeping, hub: Hub, now: Callable[[], int] = clock.now) -> None:
        self.node = node
        self._keeping = keeping
        self._hub = hub
        self._now = now
        self._links: Carrier | None = None
        self._screen: Screen | None = None
        self._watcher: Watcher | None = None
        self._reachable = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = now() + clock.WATCH_EVERY
        self._not_before = 0  # of the timer, after a fault
        self._stepping = False
        self._running = False
        self._news: list[Fact] = []  # of the last steps, to be logged

    # --- life -------------------------------------------------------------------------------------
    def attach(self, links: Carrier, screen: Screen, watcher: Watcher) -> None:
        """Give the shell its hands."""
        self._links, self._screen, self._watcher = links, screen, watcher

    def start(self) -> None:
        """Do what the node asked for while it was built, and arm the timer."""
        self._running = True
        self._step()

    def stop(self) -> None:
        """No timer and no effects but Stores after this; late inputs are swallowed."""
        self._step()
        self._running = False
        self._log_news()
        if self._timer is not None:
            self._timer.cancel()

    # --- inputs -----------------------------------------------------------------------------------
    def command(self, command: Command) -> HandId | None:
        """Tell the node what its person wants; CommandRefused passes through."""
        self._notice_sleep()
        try:
            return self.node.command(command, self._now())
        finally:
            self._step()

    def report(self, command: Command) -> None:
        """Tell the node what happened here: the screen's, discovery's and the machine's word. Never raises."""
        with self._outlived(type(command).__name__):
            try:
                self.command(command)
            except CommandRefused as error:
                log.warning("%s: %s", type(command).__name__, error)

    def network_changed(self) -> None:
        """Addresses or interfaces are others now."""
        self.report(NetworkChanged())

    # --- views ------------------------------------------------------------------------------------
    def me(self) -> MemberView:
        """Myself."""
        return self.node.me_view(self._now())

    def members(self) -> list[MemberView]:
        """Everybody, me included."""
        return self.node.members(self._now())

    def escalation(self, hand: HandId) -> EscalationView | None:
        """One of them, ended ones too."""
        return next(iter(self.node.escalations(self._now(), only=hand)), None)

    def escalations(self, *, ended: bool = True) -> list[EscalationView]:
        """Every known one, mine first; `ended`: those too, of which there may be hundreds."""
        return self.node.escalations(self._now(), ended=ended)

    def rehearse(self, start: Start) -> Plan:
        """Whom this would name now, raising nothing; CommandRefused as it would be."""
        return self.node.rehearse(start, self._now())

    def muted(self) -> tuple[MuteView, ...]:
        """What was muted here by hand."""
        return self.node.muted(self._now())

    def grants(self) -> list[GrantView]:
        """All reusable invites."""
        return self.node.grants(self._now())

    # --- links ------------------------------------------------------------------------------------
    def hello(self, probe: bool) -> Hello:
        """The hello that a link begins with."""
        return self.node.hello(probe=probe)

    def judge_hello(self, hello: Hello, key: bytes) -> MemberId:
        """Who the peer is; WireError where it is none of this space."""
        return self.node.judge_hello(hello, key)

    def link_up(self, link: LinkId, peer: PeerHello, dial: DialId | None) -> None:
        """A link stands, both hellos said."""
        if not self._running:
            return
        self._notice_sleep()
        try:
            self.node.link_up(link, peer, self._now(), dial)
        finally:
            self._step()

    def link_down(self, link: LinkId) -> None:
        """A link broke."""
        if not self._running:
            return
        self._notice_sleep()
        try:
            self.node.link_down(link, self._now())
        finally:
            self._step()

    def receive(self, link: LinkId, data: bytes) -> None:
        """A frame came."""
        if not self._running:
            return
        self._notice_sleep()
        try:
            self.node.receive(link, data, self._now())
        finally:
            self._step()

    def overflowed(self, link: LinkId) -> None:
        """A link's queue forgot frames."""
        if not self._running:
            return
        self.node.link_overflowed(link, self._now())
        self._step()

    def dial_failed(self, dial: DialId, reason: str, *, myself: bool, stranger: bool) -> None:
        """A dial came to nothing."""
        if not self._running:
            return
        self.report(DialFailed(dial, reason, myself, stranger))

    # --- time -------------------------------------------------------------------------------------
    def _tick(self) -> None:
        self._timer = None
        with self._outlived("the timer"):
            self._notice_sleep()
            self.node.tick(self._now())
        with self._outlived("a step"):
            self._step()

    def _notice_sleep(self) -> None:
        now = self._now()
        if now - self._due > clock.SLEPT_AFTER:
            log.info("woke after %d s", (now - self._due) // 1000)
            self._due = now
            self.node.wake(now)
            if self._watcher is not None:
                self._watcher.woke()

    def _arm(self) -> None:
        now = self._now()
        deadline: int | None = now
        with self._outlived("the next deadline"):  # whatever fails, a timer stays armed
            deadline = self.node.next_deadline()
        latest = now + clock.WATCH_EVERY
        if self._keeping.secure_by is not None:
            latest = min(latest, self._keeping.secure_by)
        self._due = max(now, self._not_before, latest if deadline is None else min(deadline, latest))
        if self._timer is not None:
            self._timer.cancel()
        # one millisecond more: a timer that comes early by a fraction would spin
        self._timer = asyncio.get_running_loop().call_later((self._due - now + 1) / 1000, self._tick)

    # --- effects ----------------------------------------------------------------------------------
    def _step(self) -> None:
        """Drain the node. An effect's own echo (a dial that fails at once) only feeds the node: the loop goes on."""
        if self._stepping:
            return
        self._stepping = True
        try:
            while step := self.node.effects():
                self._keeping.commit([item for item in step if isinstance(item, Store)], self._now(), self.node.me)
                # a pop-up only begins here, and every copy sent before it would keep its person waiting
                for item in sorted(step, key=lambda item: not isinstance(item, Show)):
                    with self._outlived(type(item).__name__):  # one's fault must not cost the others their effect
                        self._perform(item)
            if self._keeping.behind:
                self._keeping.commit([], self._now(), self.node.me)
            self._keeping.secure(self._now())
        finally:
            self._stepping = False
            if self._running:
                self._arm()
                self._tell_reachable()
                if self._news:  # after the pop-up that this step asked for has begun
                    asyncio.get_running_loop().call_soon(self._log_news)

    def _tell_reachable(self) -> None:
        count = self.node.reachable
        if count != self._reachable and self._watcher is not None:
            self._reachable = count
            self._watcher.reachable_changed(count)

    def _perform(self, item: Effect | Fact) -> None:
        match item:
            case Store():
                pass
            case Send() | Dial() | Close():
                if self._running and self._links is not None:
                    self._carry(self._links, item)
            case Show():
                if self._running and self._screen is not None:
                    self._screen.perform(item)
            case PeerRefused() | SpaceFull():  # no news for watchers, and strangers can make many
                self._news.append(item)
            case fact:
                self._news.append(fact)
                self._hub.publish([fact])

    def _log_news(self) -> None:
        news, self._news = self._news, []
        for fact in news:
            _note(fact)

    @contextmanager
    def _outlived(self, doing: str) -> Iterator[None]:
        """Log a fault in the block, tell of it, and go on."""
        try:
            yield
        except Exception:
            log.exception("a fault in %s; the daemon goes on", doing)
            self._not_before = self._now() + FAULT_PAUSE
            if self._watcher is not None:
                self._watcher.faulted()

    def _carry(self, links: Carrier, item: Send | Dial | Close) -> None:
        match item:
            case Send(link, data, urgent):
                links.send(link, data, urgent=urgent)
            case Dial(dial, address, probe):
                links.dial(dial, address, probe=probe)
            case Close(link, reason):
                links.close(link, reason)


def _note(fact: Fact) -> None:
    """What the log keeps of a fact."""
    match fact:
        case PeerRefused(member, reason):
            log.info("link closed, peer %s: %s", "unknown" if member is None else member.hex()[:8], reason)
        case SpaceFull(member):
            log.warning("the space is full: member %s is not taken in", member.hex()[:8])
        case FirstComparisonDone(with_peer):
            log.info("compared with %s", "a peer" if with_peer else "nobody: no peer answered")
        case MemberChanged(member):
            log.info("%s: %s, %s", member.label, member.presence, "online" if member.online else "not online")
        case EscalationUpdated():
            pass
        case EscalationFact():
            view = fact.view
            log.info("%s: %s %s of %s", type(fact).__name__, view.level, view.id, view.owner.label)
