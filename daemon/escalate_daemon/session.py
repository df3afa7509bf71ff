"""One membership, running: its node in a shell, its links, its discovery, its invites. One at a time in a daemon.

Opened in an order in which nothing is missed (links listen before anybody can be told where), closed in the
reverse. What fails here (no network, no multicast) is said and does not stop the rest.
"""

import logging
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from escalate_daemon import clock
from escalate_daemon.core import tuning
from escalate_daemon.core.commands import AddressFound, Command, LeaveSpace, ReturnToSpace, SetPolicy, SetProfile
from escalate_daemon.core.context import NodeConfig
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.node import Node
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.text import clean
from escalate_daemon.core.views import EscalationView, MemberView
from escalate_daemon.discovery.addresses import host_port
from escalate_daemon.discovery.static import BadPeer, StaticPeer, parse_peers
from escalate_daemon.discovery.static_peers import StaticPeers
from escalate_daemon.discovery.zeroconf_discovery import Discovery
from escalate_daemon.doctor import dialback, dialdoor, dialwords
from escalate_daemon.hub import Hub
from escalate_daemon.inviting import Inviting
from escalate_daemon.keeping import Keeping
from escalate_daemon.links.events import Door, LinkTls
from escalate_daemon.links.lan import LanLinks
from escalate_daemon.shell import Screen, Shell
from escalate_daemon.store import Store
from escalate_daemon.trust.authority import derive
from escalate_daemon.trust.contexts import MEMBER_SNI, member_context_pair
from escalate_daemon.trust.door import InviteDoors, Joined
from escalate_daemon.trust.fingerprint import fingerprint
from escalate_daemon.trust.identity import verify
from escalate_daemon.trust.membership import Membership
from escalate_daemon.wording import Words, joined

log = logging.getLogger(__name__)

USUAL_PORT: Final = 27183  # tried first where the config names none, so that `join CODE HOST` needs no port
HEARD_WITHIN: Final = 3.0  # s after the start of a session: so long a raise waits for somebody to come online


@dataclass(frozen=True, slots=True)
class Person:
    """Who I am to the others, checked; "" is not said."""

    name: str
    host: str
    location: str = ""
    phone: str = ""
    url: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a session is opened with, besides the membership. `port` 0: the usual one, else any."""

    person: Person
    port: int
    peers: tuple[str, ...]
    invites: Path
    folders: tuple[Path, ...] = ()  # of ours, where the temporary folder takes nothing


class Announcer(Screen, Protocol):
    """The desk, as sessions use it."""

    def announce(self, words: Words) -> None:
        """A pop-up of our own."""
        ...

    def report_to(self, tell: Callable[[Command], object] | None) -> None:
        """Whose the reports are from now on."""
        ...

    def clear(self) -> None:
        """Take all pop-ups down."""
        ...


class Session:
    """Runs from `open` to `close`. TrustError where it cannot be made.

    `warn(topic, text)` sets a warning that the person is told, None takes it back.
    """

    def __init__(
        self,
        membership: Membership,
        setting: Setting,
        *,
        store: Store,
        keeping: Keeping,
        screen: Announcer,
        hub: Hub,
        warn: Callable[[str, str | None], None],
        policy: Callable[[], Policy] = Policy,
    ) -> None:
        self.membership = membership
        self.port = 0
        self._setting = setting
        self._screen = screen
        self._hub = hub
        self._warn = warn
        self._policy = policy
        self._opened = clock.now()
        self.shell = Shell(_node(membership, setting.person, store), keeping, hub)
        limit = tuning.OPEN_MEMBERS_MAX if membership.open_space else tuning.MEMBERS_MAX
        self.inviting = Inviting(setting.invites, self.shell, limit, self._joined)
        self.discovery = Discovery(_tag_key(membership), self)
        self._static = StaticPeers(self._peers(), self.found)
        self._links = self._make_links()
        self._closing = AsyncExitStack()

    # --- life -------------------------------------------------------------------------------------
    async def open(self, *, after_leaving: bool = False) -> None:
        """Begin: the node's first stores, the links, then whoever can be found.

        What fails or is cancelled on the way leaves nothing running. `after_leaving`: the person had left.
        """
        async with AsyncExitStack() as opening:
            self.shell.attach(self._links, self._screen, self)
            opening.push_async_callback(self._links.aclose)
            self.port = await self._listen()
            opening.callback(self.shell.stop)  # before the links go: what closing links say is not news
            self.shell.start()
            opening.callback(self._screen.report_to, None)
            self._screen.report_to(self.shell.report)
            self._be_here(after_leaving=after_leaving)
            opening.push_async_callback(self._static.aclose)
            await self._static.start()
            opening.push_async_callback(self.discovery.aclose)
            await self.discovery.start(self.port)
            self._closing = opening.pop_all()

    async def close(self) -> None:
        """End in the reverse order. The others see a closed link: lost, not left."""
        await self._closing.aclose()

    def say_goodbye(self, *, for_good: bool = False) -> None:
        """Left, and my hand ended, in one write; what is on the screen goes. `close` sends it."""
        self.shell.command(LeaveSpace(for_good=for_good))
        self._screen.clear()

    # --- views ------------------------------------------------------------------------------------
    def me(self) -> MemberView:
        """Myself."""
        return self.shell.me()

    def members(self) -> list[MemberView]:
        """Everybody, me included."""
        return self.shell.members()

    def others(self) -> list[MemberView]:
        """Everybody else who has not left."""
        return [each for each in self.shell.members() if not each.me and each.presence != "left"]

    def others_online(self) -> int:
        """How many others could see something now."""
        return sum(each.online for each in self.others())

    def escalations(self, *, ended: bool = True) -> list[EscalationView]:
        """Every known one, mine first; `ended`: those too, of which there may be hundreds."""
        return self.shell.escalations(ended=ended)

    def hand(self, hand: HandId) -> EscalationView | None:
        """One escalation, ended ones too."""
        return self.shell.escalation(hand)

    def fingerprint(self) -> str:
        """Of my key, to be compared aloud."""
        return fingerprint(self.membership.identity.key)

    # --- waiting ----------------------------------------------------------------------------------
    def reaches_somebody(self, view: EscalationView) -> bool:
        """Whether anybody it is for is online: the named of a red, anybody at all for a yellow."""
        return view.reach.online > 0 if view.level == "red" else self.others_online() > 0

    async def heard(self, hand: HandId) -> None:
        """Wait until somebody it is for is online, or the session is old enough to know that nobody is."""

        def settled() -> bool:
            view = self.hand(hand)
            return view is None or self.reaches_somebody(view)

        age = (clock.now() - self._opened) / tuning.SECOND
        await self._hub.until(settled, HEARD_WITHIN - age)

    @property
    def settled(self) -> bool:
        """Whether it has run long enough to know who is there."""
        return clock.now() - self._opened >= HEARD_WITHIN * tuning.SECOND or self.others_online() > 0

    @property
    def links(self) -> int:
        """How many links are up."""
        return self.shell.node.link_count

    async def dialled_back(self) -> tuple[dialback.Answer, ...]:
        """What peers say who were asked to dial this machine; within 20 s."""
        helpers = dialback.helpers_among(self.members(), self._links.hosts)
        return await dialback.ask_all(helpers, self._client)

    async def compared(self, seconds: float) -> None:
        """Until the first comparison with a peer, or that there was none; `seconds` at most."""
        await self._hub.until(lambda: self.shell.node.compared, seconds)

    async def meets_somebody(self, seconds: float) -> bool:
        """Whether anybody else is online within `seconds`: a link compared is told to the others a moment later."""
        return await self._hub.until(lambda: self.others_online() > 0, seconds)

    # --- discovery's events -----------------------------------------------------------------------
    def found(self, address: str, together: tuple[str, ...] = ()) -> None:
        """A daemon of this space may be there, and at all of `together`."""
        self.shell.report(AddressFound(address, together))

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        """This machine's addresses are these."""
        where = tuple(host_port(each, self.port) for each in addresses) if self.port else ()
        self.shell.report(SetProfile(addresses=where))
        self.shell.network_changed()

    def addresses_gone(self, addresses: frozenset[str]) -> None:
        """Links from these addresses are dead, though it would take the peers' silence to show."""
        self._links.drop_from(addresses)

    def interfaces_changed(self) -> None:
        """What links go over is other than it was: each is asked whether it still leads to its peer."""
        self.shell.network_changed()

    def trouble(self, text: str) -> None:
        """Multicast does not work."""
        self._warn("discovery", text)

    # --- the shell's news (shell.Watcher) ---------------------------------------------------------
    def reachable_changed(self, count: int) -> None:
        """With few others in reach discovery looks around more often."""
        self.discovery.set_reachable(count)

    def woke(self) -> None:
        """Everything may be elsewhere now."""
        self.discovery.wake()
        self._static.wake()

    def faulted(self) -> None:
        """A fault of our own was outlived."""
        self._warn("fault", "the daemon had a fault and went on; its log has more: escalate daemon logs")

    # --- parts ------------------------------------------------------------------------------------
    def _be_here(self, *, after_leaving: bool) -> None:
        """Whoever runs a session is there, whatever a crash between two steps of leaving or returning left kept."""
        self.shell.report(SetPolicy(self._policy()))
        if after_leaving:
            self.shell.report(LeaveSpace())  # ends the hand of one who was killed while leaving
        self.shell.report(ReturnToSpace())
        self.shell.report(_profile(self._setting.person))

    def _make_links(self) -> LanLinks:
        membership = self.membership
        folders = self._setting.folders
        pair = member_context_pair(membership.identity, membership.secret, membership.epoch, folders)
        tls = LinkTls(pair.server, pair.client, MEMBER_SNI, membership.identity.key)
        doors = InviteDoors(membership, self.inviting.book, self.inviting, folders)
        back = dialdoor.DialBackDoor(pair.server, self.shell.members)
        self._client = pair.client

        def door(name: str) -> Door | None:
            return back if name == dialwords.SNI else doors.door(name)

        return LanLinks(self.shell, tls, door, self._setting.port or USUAL_PORT)

    async def _listen(self) -> int:
        wanted = self._setting.port
        try:
            port = await self._links.start()
        except OSError as error:
            self._warn("links", f"nobody can reach this machine: {error.strerror}")
            return 0
        taken = bool(wanted) and port != wanted
        self._warn("links", f"port {wanted} is taken; {port} is used until a restart" if taken else None)
        return port

    def _peers(self) -> tuple[StaticPeer, ...]:
        try:
            peers = parse_peers(self._setting.peers, USUAL_PORT)
        except BadPeer as error:
            self._warn("peers", f"the peers of the config are not dialled: {error}")
            return ()
        return peers

    def _joined(self, newcomer: Joined) -> None:
        log.info("let in: %s (%s)", newcomer.name, fingerprint(newcomer.key))
        name, host = clean(newcomer.name, tuning.NAME_POINTS), clean(newcomer.host, tuning.HOST_BYTES)
        self._screen.announce(joined(name, host, fingerprint(newcomer.key)))


def _node(membership: Membership, person: Person, store: Store) -> Node:
    config = NodeConfig(
        space=membership.space,
        open_space=membership.open_space,
        chain=membership.chain,
        encryption_key=membership.identity.encryption_key,
        signer=membership.identity.sign,
        verifier=verify,
        rng=random.SystemRandom(),
        name=person.name,
    )
    return Node(config, store.load(), now=clock.now(), unix_s=int(clock.wall()))


def _profile(person: Person) -> SetProfile:
    return SetProfile(
        name=person.name,
        host=person.host,
        location=person.location,
        phone=person.phone,
        url=person.url,
        version=person.version,
    )


def _tag_key(membership: Membership) -> bytes:
    """What members of this space know one another's adverts by."""
    return derive(membership.secret, b"escalate advert tag 1\0" + membership.epoch.to_bytes(8, "big"))
