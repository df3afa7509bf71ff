"""Ana's daemon around a node on the in-memory wire: requests and buttons do what they do, and no socket is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from escalate_daemon import paths
from escalate_daemon.config import Config
from escalate_daemon.core.commands import Command, Start
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.quietness import MuteView
from escalate_daemon.core.views import EscalationView, MemberView
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.screen import Screen
from escalate_daemon.session import Person
from escalate_daemon.store import Store
from escalate_daemon.surroundings import Surroundings
from escalate_daemon.wording import Words
from support.core_seat import Seat
from support.core_wire import Wire


@dataclass
class Discovery:
    """Without trouble."""

    problem: str | None = None


class SeatSession:
    """What requests need of a session and of its shell, over one seat."""

    def __init__(self, wire: Wire, seat: Seat) -> None:
        self._wire = wire
        self._seat = seat
        self.shell = self
        self.discovery = Discovery()
        self.settled = True

    def command(self, command: Command) -> HandId | None:
        """Carry it out, and let the others hear of it."""
        try:
            return self._seat.say(command)
        finally:
            self._wire.run(500)

    def rehearse(self, command: Start) -> Plan:
        """Whom it would name."""
        return self._seat.live.rehearse(command, self._seat.now)

    def muted(self) -> tuple[MuteView, ...]:
        """What is muted."""
        return self._seat.live.muted(self._seat.now)

    def me(self) -> MemberView:
        """Me."""
        return self._seat.live.me_view(self._seat.now)

    def members(self) -> list[MemberView]:
        """All."""
        return self._seat.live.members(self._seat.now)

    def others(self) -> list[MemberView]:
        """All but me."""
        return [view for view in self.members() if not view.me]

    def others_online(self) -> int:
        """How many of them are there."""
        return sum(view.online for view in self.others())

    def escalations(self, *, ended: bool = True) -> list[EscalationView]:
        """All hands."""
        return self._seat.live.escalations(self._seat.now, ended=ended)

    def hand(self, hand: HandId) -> EscalationView | None:
        """One of them."""
        return self._seat.hands().get(hand)

    def reaches_somebody(self, view: EscalationView) -> bool:
        """Whether somebody it is for is there."""
        return view.reach.online > 0 if view.level == "red" else self.others_online() > 0

    async def heard(self, hand: HandId) -> None:
        """At once: the wire has run."""


class OnePerson:
    """Ana with her daemon; Ben and Cem have seats. `said`: our own pop-ups, title by title."""

    def __init__(self, folder: Path, settings: Config | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.wire = Wire("ana", "ben", "cem")
        self.wire.run(3_000)
        where = paths.find({"ESCALATE_HOME": str(folder), **(environ or {})})
        around = Surroundings(where, settings or Config(), Person("Ana", "ws-1"), Store.in_memory(), None)
        self.said: list[Words] = []
        screen = Screen(None, lambda topic, text: None, sound=False)
        setattr(screen, "announce", self.said.append)  # noqa: B010  our words are read here, not shown
        self.daemon = Daemon(around, screen, Warnings())
        self.session = SeatSession(self.wire, self.wire["ana"])
        self.daemon.session = self.session  # type: ignore[assignment]  # of a session it needs but these

    def other_raises(self, *named: str, name: str = "ben") -> HandId:
        """Another's hand, which Ana has heard of."""
        hand = self.wire[name].say(Start("help", named))
        assert hand is not None
        self.wire.run(1_000)
        return hand

    def view(self, hand: HandId) -> EscalationView:
        """As Ana sees it."""
        return self.wire["ana"].hands()[hand]

    @staticmethod
    def settings(**sections: object) -> Config:
        """The defaults but for these."""
        return replace(Config(), **sections)  # type: ignore[arg-type]  # a test's own sections
