"""Three people's machines on one LAN, joined into one space: what most LAN tests stand on."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from escalate_daemon.ipc.protocol import Escalation, EscalationReply, GroupReply, InviteReply, SpaceReply
from support.desk import Desk
from support.machine import Machine, Machines
from support.netns import Lan
from support.popups import Event
from support.waiting import until

NAMES = ("ana", "ben", "cyd")
SPACE = "Sunflower floor"
CALLER = "caller is threatening"


@dataclass
class Host:
    """One person: the machine, and the desk with its pop-ups and loudspeaker."""

    machine: Machine
    desk: Desk

    @property
    def name(self) -> str:
        """The person's name, which is the host's too."""
        return self.machine.name

    def until_sees(self, hand: str, state: str = "active") -> Escalation:
        """Wait until this host lists the escalation in this state."""
        return until(lambda: self.machine.sees(hand, state), f"{self.name} lists it as {state}")

    def until_popup(self) -> Event:
        """Wait until a pop-up is up here."""
        return until(self.desk.up, f"{self.name} has a pop-up")[0]

    def until_no_popup(self) -> None:
        """Wait until no pop-up is up here."""
        until(lambda: not self.desk.up(), f"{self.name} has no pop-up any more")

    def until_rung(self) -> Event:
        """Wait until a critical pop-up has come here; the first since the last `forget`."""
        return until(self.desk.rings, f"{self.name} is rung")[0]

    def until_heard(self) -> None:
        """Wait until our tone has come out of the loudspeaker here."""
        until(self.desk.heard_tone, f"{self.name} hears the tone")

    def until_told_sounded(self, hand: str, count: int = 1) -> Escalation:
        """Wait until this owner is told that so many were shown it and heard it."""

        def told() -> Escalation | None:
            view = self.machine.sees(hand)
            return view if view and view.reach.shown == view.reach.sounded == count else None

        return until(told, f"{self.name} is told that {count} saw and heard it")


class Room:
    """The LAN, its hosts, and what tests do to them again and again."""

    def __init__(self, lan: Lan, hosts: dict[str, Host]) -> None:
        self.lan = lan
        self.hosts = hosts
        self.ana, self.ben, self.cyd = (hosts[name] for name in NAMES)

    @property
    def all(self) -> list[Host]:
        """Every host."""
        return list(self.hosts.values())

    def join_all(self) -> None:
        """Ana makes the space, the others join by invite over multicast alone; ben wears @team."""
        self.ana.machine.ask(SpaceReply, "up", SPACE, "--new")
        for host in self.all[1:]:
            code = self.ana.machine.ask(InviteReply, "invite").code
            host.machine.ask(SpaceReply, "join", code)
        self.ben.machine.ask(GroupReply, "group", "join", "team")
        self.until_together()

    def until_together(self, within_s: float = 60.0) -> None:
        """Wait until everybody sees everybody online, and ben in @team."""
        names = set(self.hosts)

        def together() -> bool:
            views = [host.machine.members() for host in self.all]
            online = all({each.name for each in view if each.online} == names for view in views)
            return online and all("team" in each.groups for view in views for each in view if each.name == "ben")

        until(together, "everybody sees everybody", within_s)

    def start(self, owner: Host, *argv: str, exits: tuple[int, ...] = (0,)) -> str:
        """Raise a hand; its id."""
        raised = owner.machine.ask(EscalationReply, "start", *argv, exits=exits).escalation
        assert raised is not None
        return raised.id

    def settle(self) -> None:
        """No fault, every daemon running, no hand up, every screen empty, nothing counted from before."""
        self.lan.heal_all()
        for host in self.all:
            host.machine.ask(EscalationReply, "end")
        self.until_together()
        until(lambda: not any(host.machine.escalations() for host in self.all), "no hand is up anywhere")
        for host in self.all:
            host.desk.clear()


@contextmanager
def room() -> Iterator[Room]:
    """A LAN of three with desks, nobody in any space yet, and a place for eve the stranger."""
    with ExitStack() as stack:
        lan = stack.enter_context(Lan(*NAMES, "eve"))
        machines = stack.enter_context(Machines())
        hosts = {}
        for name in NAMES:
            folder = machines.folder / f"desk-{name}"
            folder.mkdir(mode=0o700)
            desk = stack.enter_context(Desk(folder))
            hosts[name] = Host(machines.add(name, lan.ports[name].prefix, env=desk.env), desk)
        yield Room(lan, hosts)
