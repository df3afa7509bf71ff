"""Members without desks on a LAN: cheap enough for many, asked and watched over their daemons' own sockets."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from escalate_daemon.ipc.protocol import (
    DaemonReply,
    DaemonStatusRequest,
    EndRequest,
    EscalationReply,
    InviteReply,
    SpaceReply,
    StartRequest,
)
from support.machine import LOG_ONLY, NOTHING, Machine, Machines
from support.netns import Lan
from support.waiting import Stopwatch, until

AT_ONCE: Final = 8  # commands side by side: more would only wait for the processor
SPACE: Final = "Harbour floor"


@dataclass
class Crew:
    """Machines by name, which is the host's too, on one LAN."""

    lan: Lan
    home: Machines
    machines: dict[str, Machine] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    @property
    def all(self) -> list[Machine]:
        """Every machine."""
        return list(self.machines.values())

    def add(self, *names: str, prefix: Iterable[str] = (), env: Mapping[str, str] = NOTHING) -> None:
        """Machines on these hosts; `prefix` and `env` hold for all that runs there."""
        for name in names:
            argv = (*self.lan.ports[name].prefix, *prefix)
            self.machines[name] = self.home.add(name, argv, env={**LOG_ONLY, **env})

    # --- Coming together ---------------------------------------------------------------------------
    def all_run(self, *argv: str, only: Iterable[str] | None = None) -> None:
        """Run a command on all (or only these), a few side by side; each must end well."""
        machines = self.all if only is None else [self[name] for name in only]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in pool.map(lambda machine: machine.run(*argv), machines):
                done.must()

    def join_open(self) -> None:
        """All come into one open space, side by side."""
        self.all_run("join", "--open", SPACE)

    def join_by_invite(self, first: str, *others: str, at: str | None = None) -> None:
        """The first makes the space, the others join it one by one; `at`: HOST[:PORT] as they type it."""
        self[first].ask(SpaceReply, "up", SPACE, "--new")
        for name in others:
            code = self[first].ask(InviteReply, "invite").code
            self[name].ask(SpaceReply, "join", code, *([at] if at else []))

    def until_together(self, *names: str, within_s: float = 60.0) -> None:
        """Wait until these (or all) see one another online."""
        who = set(names or self.machines)

        def together() -> bool:
            return all(who <= self[name].online() for name in who)

        until(together, f"{', '.join(sorted(who))} see one another", within_s)

    def links(self, name: str) -> int:
        """How many links a member has."""
        reply = self[name].look(DaemonStatusRequest())
        return reply.links if isinstance(reply, DaemonReply) else 0

    def until_linked(self) -> None:
        """Wait until all see one another and have as many links as so few are to have: no more come."""
        others = len(self.machines) - 1
        wanted = {1: 4, 2: 4, 3: 6}.get(others, others)
        self.until_together()
        until(lambda: all(self.links(name) >= wanted for name in self.machines), f"each has {wanted} links")

    # --- Reds --------------------------------------------------------------------------------------
    def red(self, owner: str, message: str = "come over here") -> str:
        """Raise a red for everyone, straight at the daemon; its id."""
        answer = self[owner].look(StartRequest(message=message, named=["@everyone"], replace=True))
        assert isinstance(answer, EscalationReply), answer
        assert answer.escalation is not None
        return answer.escalation.id

    def end(self, owner: str) -> None:
        """End the owner's, and wait until nobody lists it any more."""
        self[owner].look(EndRequest())
        self.until_nothing_is_up()

    def until_nothing_is_up(self) -> None:
        """Wait until nobody lists any hand."""
        until(lambda: not any(machine.escalations() for machine in self.all), "nobody lists anything any more")

    def until_all_see(self, hand: str, among: Iterable[str] | None = None, within_s: float = 60.0) -> float:
        """Wait until each lists the hand as active; seconds until the last did."""
        watch = Stopwatch()
        for name in self.machines if among is None else among:
            machine = self[name]
            until(partial(machine.sees, hand), f"{name} sees it", within_s)
        return watch.seconds()

    def red_to_all(self, owner: str) -> float:
        """A red of this owner's, seen by all and ended again; seconds until the last saw it."""
        watch = Stopwatch()
        hand = self.red(owner)
        self.until_all_see(hand)
        took = watch.seconds()
        self.end(owner)
        return took


@contextmanager
def crew(lan: Lan, *names: str) -> Iterator[Crew]:
    """A crew on the hosts of the LAN (or only these), which lives as long as the block does."""
    with ExitStack() as stack:
        stack.enter_context(lan)
        made = Crew(lan, stack.enter_context(Machines()))
        made.add(*(names or lan.ports))
        yield made
