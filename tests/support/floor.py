"""A few daemons of one space on this computer, joined by host: their pop-ups are lines in files, no network is made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from escalate_daemon.ipc.protocol import (
    DaemonReply,
    DaemonStatusRequest,
    EndRequest,
    Escalation,
    EscalationReply,
    InviteReply,
    SpaceReply,
)
from support.machine import Machine, Machines
from support.waiting import until

SPACE = "Floor"
NO_ENV: Mapping[str, str] = {}


@dataclass
class Floor:
    """Machines by their persons' names, in one space."""

    home: Machines
    machines: dict[str, Machine] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def all(self) -> list[Machine]:
        """Every machine."""
        return list(self.machines.values())

    def add(self, name: str, env: Mapping[str, str] = NO_ENV) -> Machine:
        """One more machine, in no space yet; what pops up there goes to a file."""
        popups = f"terminal:{self.home.folder / name / 'screen'}"
        self.machines[name] = self.home.add(name, env={"ESCALATE_NOTIFIER": popups, **env})
        return self.machines[name]

    def come_in(self, *names: str) -> None:
        """The first makes the space, unless somebody is in it; the others join by invite, by its host and port."""
        host = next((each for each in self.all if each.name not in names), self[names[0]])
        if host.name in names:
            host.ask(SpaceReply, "up", SPACE, "--new")
        for name in names:
            if name != host.name:
                self[name].ask(SpaceReply, "join", host.ask(InviteReply, "invite").code, at(host))
        self.until_together()

    def until_together(self) -> None:
        """Wait until all see one another online."""
        names = set(self.machines)
        until(
            lambda: all(names <= machine.online() for machine in self.all), f"{', '.join(sorted(names))} are together"
        )

    def settle(self) -> None:
        """All up, together and available, no hand anywhere, every screen forgotten."""
        for machine in self.all:
            if machine.look(DaemonStatusRequest()) is None:
                machine.run("daemon", "start").must(0)
            machine.look(EndRequest())
        self.until_together()
        until(lambda: not any(machine.escalations() for machine in self.all), "no hand is up anywhere")
        for machine in self.all:
            self._screen(machine.name).unlink(missing_ok=True)

    # --- What is up --------------------------------------------------------------------------------
    def start(self, owner: str, *argv: str, exits: tuple[int, ...] = (0,)) -> str:
        """Raise a hand; its id."""
        raised = self[owner].ask(EscalationReply, "start", *argv, exits=exits).escalation
        assert raised is not None
        return raised.id

    def until_sees(self, name: str, hand: str, state: str = "active") -> Escalation:
        """Wait until this one lists the escalation in this state."""
        return until(lambda: self[name].sees(hand, state), f"{name} lists it as {state}")

    def until_all_see(self, hand: str) -> None:
        """Wait until everybody lists it as active."""
        for name in self.machines:
            self.until_sees(name, hand)

    def until_over(self, name: str) -> None:
        """Wait until this one lists nothing."""
        until(lambda: not self[name].escalations(), f"{name} lists nothing any more")

    def show(self, name: str, hand: str) -> Escalation:
        """The escalation as this one sees it, ended ones too."""
        shown = self[name].ask(EscalationReply, "show", hand).escalation
        assert shown is not None
        return shown

    # --- Screens -----------------------------------------------------------------------------------
    def screen(self, name: str) -> list[str]:
        """The lines that came onto this one's screen since it was settled."""
        path = self._screen(name)
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def until_on_screen(self, name: str, words: str) -> str:
        """Wait for a line with these words on this one's screen."""
        return until(
            lambda: next((line for line in self.screen(name) if words in line), None), f"{name} reads {words!r}"
        )

    def _screen(self, name: str) -> Path:
        return self[name].folder / "screen"


def at(machine: Machine) -> str:
    """Where its daemon listens."""
    port = machine.ask(DaemonReply, "daemon", "status").port
    assert port is not None
    return f"127.0.0.1:{port}"


def write_program(path: Path, *lines: str) -> Path:
    """A shell script of a person's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return path


@contextmanager
def floor(*names: str, env: Mapping[str, str] = NO_ENV) -> Iterator[Floor]:
    """These, together in one space."""
    with Machines() as machines:
        made = Floor(machines)
        for name in names:
            made.add(name, env)
        made.come_in(*names)
        yield made
