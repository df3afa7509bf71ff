"""Ours on the bench: a real daemon on each host of a LAN, all in one closed space, and reds raised there."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from bench.children import Children
from bench.lans import names
from bench.pause import pause, soon
from bench.stamps import Stamps, Told
from escalate_daemon import paths
from escalate_daemon.ipc.connection import Connection, NotThere, connect
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.protocol import (
    AnyRequest,
    DaemonReply,
    DaemonStatusRequest,
    EndRequest,
    EscalationReply,
    InviteReply,
    InviteRequest,
    JoinRequest,
    Reply,
    SpaceReply,
    StartRequest,
    UpRequest,
)
from support.machine import Machine, Machines
from support.netns import Lan

MESSAGE: Final = "caller is threatening, line 4: please come at once"  # 50 code points, the longest there is
ANSWER_S: Final = 90.0  # no answer takes this long on a busy machine
_STAMPED: Final = Path(__file__).with_name("stamped_daemon.py")
_AT_ONCE: Final = 4  # that join side by side: more only wait for the processors
_STILL_S: Final = 2.0  # with no link made or dropped, the mesh stands
_STILL_LIMIT_S: Final = 12.0  # a probe may always come between
_SILENT: Final = "[notify]\nsound = false\n"  # no player: it would take the processors from those still to be told

R = TypeVar("R", bound=Reply)


class BenchFailed(RuntimeError):
    """The bench could not be set up; the text says what did not come about."""


class Member:
    """One host's daemon and its home."""

    def __init__(self, machine: Machine, netns: str, children: Children) -> None:
        self.name = machine.name
        self.machine = machine
        self.netns = netns
        self._children = children
        self.paths = paths.find(machine.env)
        self.daemon: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        """How its daemon is started."""
        stamped = self.machine.env.get("ESCALATE_NOTIFIER") == "bench"
        return [sys.executable, "-P", *([str(_STAMPED)] if stamped else ["-m", "escalate_daemon", "run"])]

    def run(self) -> None:
        """Start its daemon, under the host's own name."""
        argv = (*self.machine.prefix, *self.command)
        self.daemon = self._children.start(argv, self.machine.folder / "daemon.out", self.machine.env)

    def line(self) -> Connection | None:
        """A line to its daemon, or None where it does not listen yet."""
        try:
            return connect(self.paths.socket)
        except (NotThere, EndpointError):
            return None

    def exited(self) -> bool:
        """Whether its daemon has gone."""
        return self.daemon is not None and self.daemon.poll() is not None

    def listens(self) -> bool:
        """Whether its daemon takes requests."""
        line = self.line()
        if line is None:
            return False
        line.close()
        return True

    def until_listens(self) -> None:
        """Wait for its daemon."""
        soon(lambda: self.listens() or self.exited(), ANSWER_S)
        if not self.listens():
            said = (self.machine.folder / "daemon.out").read_text(encoding="utf-8")
            raise BenchFailed(f"the daemon of {self.name} does not listen; it said: {said}")

    def ask(self, kind: type[R], request: AnyRequest) -> R:
        """Its daemon's answer; BenchFailed for any other than hoped for."""
        line = self.line()
        if line is None:
            raise BenchFailed(f"the daemon of {self.name} does not listen")
        try:
            line.send(request)
            answer = line.receive(ANSWER_S)
        finally:
            line.close()
        if not isinstance(answer, kind):
            raise BenchFailed(f"{self.name}: {answer}")
        return answer

    def status(self) -> DaemonReply:
        """How its daemon is."""
        return self.ask(DaemonReply, DaemonStatusRequest())


class Ours:
    """The daemons, and what they are asked. `stamps` None: the product's own notifiers, nothing is stamped."""

    def __init__(self, lan: Lan, machines: Machines, children: Children, stamps: Stamps | None) -> None:
        self._lan = lan
        self._machines = machines
        self._children = children
        self._stamps = stamps
        self.env: dict[str, str] = {}  # what daemons made from now on have in their environment besides
        self._code = ""
        self.members: list[Member] = []

    @property
    def stamps(self) -> Stamps:
        """Where notifier calls are written down."""
        if self._stamps is None:
            raise BenchFailed("nothing is stamped here")
        return self._stamps

    # --- Setting up --------------------------------------------------------------------------------
    def add(self, name: str) -> Member:
        """A home on this host; its daemon does not run yet."""
        env = dict(self.env)
        if self._stamps is not None:
            env |= {"ESCALATE_NOTIFIER": "bench", "BENCH_STAMPS": str(self._stamps.path), "BENCH_HOST": name}
        port = self._lan.ports[name]
        member = Member(self._machines.add(name, port.prefix, env=env), port.netns, self._children)
        if self._stamps is not None:
            member.paths.config_file.write_text(_SILENT, encoding="utf-8")
        return member

    def grow(self, count: int) -> None:
        """Have `count` members that all see one another, the mesh among them standing still."""
        new = [self.add(name) for name in names(count)[len(self.members) :]]
        if new and not self.members:
            self._found(new.pop(0))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._join, new))
        self.members += new
        self.until_together()

    def _found(self, first: Member) -> None:
        first.run()
        first.until_listens()
        first.ask(SpaceReply, UpRequest(name="bench", new=True))
        self._code = first.ask(InviteReply, InviteRequest(reusable=True)).code
        self.members.append(first)

    def _join(self, member: Member) -> None:
        member.run()
        member.until_listens()
        member.ask(SpaceReply, JoinRequest(code=self._code))

    def until_together(self) -> None:
        """Wait until every daemon sees all online, and no link comes or goes any more."""
        self.until_online()
        before: list[int] = []
        deadline = time.monotonic() + _STILL_LIMIT_S
        while (links := [each.status().links for each in self.members]) != before and time.monotonic() < deadline:
            before = links
            pause(_STILL_S)

    def until_online(self) -> None:
        """Wait until every daemon sees all online."""
        count = len(self.members)
        if not soon(lambda: all(each.status().members_online == count for each in self.members), ANSWER_S, 0.2):
            raise BenchFailed(f"the {count} members do not all see one another")

    # --- Reds --------------------------------------------------------------------------------------
    def others(self, owner: Member) -> list[str]:
        """Whom a red of this owner has to reach."""
        return [each.name for each in self.members if each is not owner]

    def red_by_command(self, owner: Member, escalate: list[str]) -> Told:
        """From the spawn of `escalate start` to the last daemon's notifier call; ended afterwards."""
        argv = [*escalate, "start", "-q", "-m", MESSAGE, "--notify", "@everyone"]
        began = time.monotonic_ns()
        done = subprocess.run(
            argv, env=owner.machine.env, capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
        hand = done.stdout.strip()
        if not hand:
            raise BenchFailed(f"escalate start: exit {done.returncode}: {done.stderr}")
        return self._told_and_ended(owner, hand, began)

    def red_by_request(self, owner: Member) -> Told:
        """From the request's arrival at the daemon to the last daemon's notifier call; ended afterwards."""
        line = owner.line()
        if line is None:
            raise BenchFailed(f"the daemon of {owner.name} does not listen")
        try:
            began = time.monotonic_ns()
            line.send(StartRequest(message=MESSAGE, named=["@everyone"]))
            answer = line.receive(ANSWER_S)
        finally:
            line.close()
        return self._told_and_ended(owner, _raised(owner, answer), began)

    def raise_red(self, owner: Member) -> str:
        """Raise one and leave it up; its id."""
        return _raised(owner, owner.ask(EscalationReply, StartRequest(message=MESSAGE, named=["@everyone"])))

    def end_red(self, owner: Member, hand: str) -> None:
        """End it, and wait until whoever was shown it has taken it down."""
        owner.ask(EscalationReply, EndRequest())
        shown = self.stamps.moments(hand).keys() & {each.name for each in self.members}
        self.stamps.all_told(f"closed {hand}", shown)

    def _told_and_ended(self, owner: Member, hand: str, began_ns: int) -> Told:
        told = self.stamps.told(hand, self.others(owner), began_ns)
        self.end_red(owner, hand)
        return told


def _raised(owner: Member, answer: object) -> str:
    if not isinstance(answer, EscalationReply) or answer.escalation is None:
        raise BenchFailed(f"{owner.name} raised nothing: {answer}")
    return answer.escalation.id
