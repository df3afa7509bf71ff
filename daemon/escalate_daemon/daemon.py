"""What lives as long as the process: the membership, the session that runs it, and the way from one to another.

Changes of membership come one at a time (`changing`). Whatever cannot be kept on the disk is kept in memory, and
said: a person who cannot write can still raise.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from escalate_daemon import clock, present, standing
from escalate_daemon.acting import Actions
from escalate_daemon.config import Config
from escalate_daemon.core import effects
from escalate_daemon.core.commands import SetPolicy
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.views import EscalationView
from escalate_daemon.history import History
from escalate_daemon.hub import Hub
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure
from escalate_daemon.keeping import Keeping
from escalate_daemon.manners import policy_of, quiet_now
from escalate_daemon.recents import Recents
from escalate_daemon.requests.refusals import has_left, no_space
from escalate_daemon.screen import Screen
from escalate_daemon.session import Session, Setting
from escalate_daemon.standing import Standing
from escalate_daemon.store import StoreError
from escalate_daemon.surroundings import Surroundings
from escalate_daemon.trust import keep
from escalate_daemon.trust.errors import TrustError
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import Membership
from escalate_daemon.wording import Words

log = logging.getLogger(__name__)

_WHOSE: Final = "membership"  # the store's blob that says whose the kept values are
_IDENTITIES_MAX: Final = 8  # invites tried and not yet answered; a person tries one or two


class Warnings:
    """What the person is told with the next answers, one text a topic, until it is mended."""

    def __init__(self) -> None:
        self._by_topic: dict[str, str] = {}

    def set(self, topic: str, text: str | None) -> None:
        """Warn of `topic`, or take it back."""
        if text is None:
            self._by_topic.pop(topic, None)
        elif self._by_topic.get(topic) != text:
            log.warning("%s", text)
            self._by_topic[topic] = text

    def of(self, topic: str) -> str:
        """What is warned of `topic`; "" for nothing."""
        return self._by_topic.get(topic, "")

    def texts(self) -> list[str]:
        """All that hold now."""
        return list(self._by_topic.values())


class Daemon:
    """This process as the requests see it."""

    def __init__(self, around: Surroundings, screen: Screen, warnings: Warnings) -> None:
        self.around = around
        self.socket: Callable[[], str] = lambda: str(around.paths.socket)
        self.began = clock.now()
        self.clock_jump: Callable[[], tuple[float, float] | None] = lambda: None  # (by, so long ago), s
        self.socket_mended: Callable[[], float | None] = lambda: None  # s ago; see ipc.server
        self.hub = Hub()
        self.changing = asyncio.Lock()
        self.session: Session | None = None
        self.membership: Membership | None = None
        self.standing = Standing()
        self.damaged: tuple[str, str] | None = None  # what is wrong with the membership's file, and the mend
        self._shut: tuple[str, str] | None = None  # why the membership cannot be run, and the mend
        self._screen = screen
        self._warnings = warnings
        self._keeping = Keeping(around.store, lambda text: warnings.set("store", text))
        self._begun = asyncio.Event()
        self._stopping = asyncio.Event()
        self._identities: dict[str, Identity] = {}
        self.policy = policy_of(self.config, quiet=quiet_now(self.config))
        self.recents = Recents(around.store, lambda text: self.warn("recents", text))
        self.history = History(around.store, self.hub, self._escalations)
        self.actions = Actions(self.config, os.environ, self._in_open_space)

    # --- life -------------------------------------------------------------------------------------
    async def begin(self) -> None:
        """Load the membership and, unless I left, run it."""
        self.standing = standing.load(self._standing_file)
        try:
            self.membership = keep.load(self.around.paths.membership_file)
        except TrustError as error:
            self.damaged = (str(error), error.hint)
            self.warn("membership", f"{error}. {error.hint}")
        if self.membership is not None and not self.standing.left:
            try:
                await self._open(self.membership)
            except TrustError as error:
                self.warn("session", f"{error}. {error.hint}")
        self._begun.set()

    async def begun(self) -> None:
        """Until `begin` is done: before, nothing can be answered truly."""
        await self._begun.wait()

    async def end(self) -> None:
        """Stop the session. The others see me lost."""
        async with self.changing:
            await self._close()
        await self.actions.aclose()

    def stop(self) -> None:
        """Ask the process to end in order."""
        self._stopping.set()

    async def stopped(self) -> None:
        """Until somebody asked."""
        await self._stopping.wait()

    # --- views ------------------------------------------------------------------------------------
    @property
    def config(self) -> Config:
        """The settings."""
        return self.around.config

    def warn(self, topic: str, text: str | None) -> None:
        """See Warnings."""
        self._warnings.set(topic, text)

    def warnings(self) -> list[str]:
        """What the person should know now."""
        if self.session is None or self.session.discovery.problem is None:
            self.warn("discovery", None)
        return self._warnings.texts()

    def warned(self, topic: str) -> str:
        """What is warned of one topic; "" for nothing."""
        return self._warnings.of(topic)

    @property
    def screen(self) -> Screen:
        """The desk."""
        return self._screen

    def announce(self, words: Words) -> None:
        """A pop-up of our own."""
        self._screen.announce(words)

    def set_policy(self, policy: Policy) -> None:
        """From now on, and in every later session."""
        self.policy = policy
        if self.session is not None:
            self.session.shell.report(SetPolicy(policy))

    def inside(self) -> Session:
        """The running session; refused where there is none."""
        if self.session is not None:
            return self.session
        raise self.outside()

    def outside(self) -> RequestFailed:
        """Why there is no session."""
        if self.damaged is not None:
            return failure("no-space", *self.damaged)
        if self._shut is not None:
            return failure("failed", *self._shut)
        return no_space() if self.membership is None else has_left(self.membership.space_name)

    def space(self) -> protocol.Space | None:
        """The space of my membership, also after a leave."""
        mine = self.membership
        return None if mine is None else present.space(mine.space, mine.space_name, is_open=mine.open_space)

    def me(self) -> protocol.Member | None:
        """Myself, while a session runs."""
        return None if self.session is None else present.member(self.session.me())

    def other_spaces(self) -> int:
        """How many daemons of other spaces are near, as far as is known."""
        return 0 if self.session is None else self.session.discovery.other_spaces()

    def status(self) -> protocol.DaemonReply:
        """How the daemon is."""
        session = self.session
        return protocol.DaemonReply(
            running=True,
            pid=os.getpid(),
            version=self.around.person.version,
            space=self.space(),
            members_online=0 if session is None else sum(each.online for each in session.members()),
            links=0 if session is None else session.links,
            notifier=self._screen.notifier,
            player=self._screen.player,
            socket=self.socket(),
            port=(session.port or None) if session is not None else None,
            warnings=self.warnings(),
        )

    def alone(self) -> bool:
        """Whether nobody but me was ever seen in my space."""
        mine = self.membership
        if mine is None:
            return True
        if self.session is not None:
            return all(each.me for each in self.session.members())
        known = self.around.store.load().get(effects.Bucket.SLOTS, {})
        return all(key.startswith(mine.identity.member) for key in known)

    def identity_for(self, mark: str) -> Identity:
        """The keys to join by one invite with: the same again, so that an answer lost on the way is given anew."""
        identity = self._identities.get(mark) or Identity.generate()
        self._identities[mark] = identity
        while len(self._identities) > _IDENTITIES_MAX:
            del self._identities[next(iter(self._identities))]
        return identity

    # --- changes of membership, under `changing` ----------------------------------------------------
    async def enter(self, membership: Membership, joined_by: str) -> Session:
        """Give up the old membership, if any, and run this one. TrustError: no chain of it holds, or it cannot be."""
        membership.checked()
        await self._close(goodbye=self.session is not None, for_good=True)
        self._identities.pop(joined_by, None)
        self._keep(membership, Standing(joined_by=joined_by))
        return await self._open(membership)

    async def come_back(self, membership: Membership) -> Session:
        """Run my membership again after a leave. TrustError: it cannot be."""
        left = self.standing.left
        self._keep(membership, msgspec.structs.replace(self.standing, left=False))
        return await self._open(membership, after_leaving=left)

    async def leave(self) -> protocol.Member | None:
        """Say goodbye and stop hearing, until `come_back`; me as I left."""
        # First: whoever is killed while saying goodbye has left all the same.
        self._keep_standing(msgspec.structs.replace(self.standing, left=True))
        return await self._close(goodbye=True)

    async def forget(self) -> None:
        """Leave, and give the membership up."""
        self._keep_standing(Standing(left=True))  # a site's invite must not bring me back by itself
        await self._close(goodbye=True, for_good=True)
        self.membership = None
        try:
            keep.forget(self.around.paths.membership_file)
            self._invites_file.unlink(missing_ok=True)
        except (TrustError, OSError) as error:
            self.warn("membership", f"the membership is given up until the daemon restarts only: {error}")
        self._empty_store(b"")

    def _in_open_space(self) -> bool:
        return self.membership is not None and self.membership.open_space

    def _escalations(self) -> list[EscalationView]:
        return [] if self.session is None else self.session.escalations()

    # --- parts ------------------------------------------------------------------------------------
    @property
    def _standing_file(self) -> Path:
        return self.around.paths.state_dir / "standing"

    @property
    def _invites_file(self) -> Path:
        return self.around.paths.state_dir / "invites"

    async def _open(self, membership: Membership, *, after_leaving: bool = False) -> Session:
        self.membership = membership
        self._claim_store(membership)
        try:
            session = self._session_of(membership)
        except TrustError as error:
            self._shut = (str(error), error.hint)
            raise
        await session.open(after_leaving=after_leaving)
        self.session = session
        self._shut = None
        self.warn("session", None)
        self.hub.close()  # who watched the old state begins again with this one
        return session

    def _session_of(self, membership: Membership) -> Session:
        config = self.around.config.daemon
        setting = Setting(self.around.person, config.port, config.peers, self._invites_file, self.around.folders)
        return Session(
            membership,
            setting,
            store=self.around.store,
            keeping=self._keeping,
            screen=self._screen,
            hub=self.hub,
            warn=self.warn,
            policy=lambda: self.policy,
        )

    async def _close(self, *, goodbye: bool = False, for_good: bool = False) -> protocol.Member | None:
        session, self.session = self.session, None
        if session is None:
            return None
        if goodbye:
            session.say_goodbye(for_good=for_good)
        me = present.member(session.me())
        await session.close()
        self.hub.close()
        return me

    def _keep(self, membership: Membership, standing_: Standing) -> None:
        path = self.around.paths.membership_file
        try:
            if self.damaged is not None:
                path.replace(path.with_name(f"{path.name}.damaged"))  # it may be mended by hand yet
                self.damaged = None
            keep.save(membership, path)
            self.warn("membership", None)
        except TrustError as error:
            self.warn("membership", f"{error}; it ends with the daemon. {error.hint}")
        except OSError as error:
            self.warn("membership", f"{path} cannot be set aside: {error.strerror}; the new one ends with the daemon")
        self._keep_standing(standing_)

    def _keep_standing(self, standing_: Standing) -> None:
        self.standing = standing_
        try:
            standing.save(standing_, self._standing_file)
            self.warn("standing", None)
        except OSError as error:
            self.warn(
                "standing", f"{self._standing_file} cannot be written ({error.strerror}): a leave ends with the daemon"
            )

    def _claim_store(self, membership: Membership) -> None:
        """See to it that what is kept is this membership's: another's slots would be strangers' here."""
        whose = membership.space + membership.identity.member
        if self.around.store.get_blob(_WHOSE) != whose:
            self._empty_store(whose)

    def _empty_store(self, whose: bytes) -> None:
        store = self.around.store
        kept = store.load()
        try:
            store.commit([effects.Store(bucket, key, None) for bucket in kept for key in kept[bucket]])
            store.put_blob(_WHOSE, whose)
        except StoreError as error:
            self.warn("store", str(error))
