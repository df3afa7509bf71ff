"""One machine of a test: a home of its own, its person's desk, and the real `escalate` command on it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from escalate_daemon.ipc.connection import Gone, NotThere, connect
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.protocol import (
    AnyReply,
    AnyRequest,
    DaemonReply,
    DaemonStatusRequest,
    Escalation,
    Event,
    ListReply,
    ListRequest,
    Member,
    Reply,
    WhoReply,
    WhoRequest,
)
from support import running
from support.waiting import until

R = TypeVar("R", bound=Reply)
LOG_ONLY: Final = {"ESCALATE_NOTIFIER": "log"}  # for machines whose pop-ups nobody looks at
NOTHING: Final[Mapping[str, str]] = {}
COMMAND_LIMIT_S = 90.0  # no command may take this long


def escalate_command() -> tuple[str, ...]:
    """The installed command beside this interpreter; from a bare work tree, its entry point."""
    installed = Path(sys.executable).with_name("escalate")
    if installed.exists():
        return (str(installed),)
    return (sys.executable, "-c", "import sys; from escalate_cli.__main__ import main; sys.exit(main())")


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    argv: tuple[str, ...]
    exit: int
    out: str
    err: str
    seconds: float

    def must(self, *exits: int) -> Self:
        """This, if it ended with one of these codes (0 where none is named) and without a traceback."""
        assert self.exit in (exits or (0,)), f"exit {self.exit}: {self}"
        assert "Traceback" not in self.err + self.out, str(self)
        return self

    def read(self, kind: type[R]) -> R:
        """Its output as the JSON object that the contract promises."""
        return msgspec.json.decode(self.out, type=kind)


class Watching:
    """A running `escalate watch --json`. A context manager."""

    def __init__(self, argv: tuple[str, ...], env: Mapping[str, str], out: Path) -> None:
        self._out = out
        with out.open("wb") as file:
            self._process = subprocess.Popen(
                argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[str]:
        """The whole lines that it has printed so far."""
        return [line.decode() for line in self._out.read_bytes().split(b"\n")[:-1]]

    def events(self) -> list[Event]:
        """What it has printed so far."""
        return [msgspec.json.decode(line, type=Event) for line in self.lines()]


class Machine:
    """A home, an environment and the command. A context manager: no process of it outlives it."""

    def __init__(
        self, name: str, folder: Path, prefix: tuple[str, ...], home: Path | None, env: Mapping[str, str]
    ) -> None:
        """`folder`: exists, is short. `prefix`: what runs a command elsewhere. `home`: its ESCALATE_HOME."""
        self.name = name
        self.folder = folder / name
        self.home = home or self.folder / "e"
        self.prefix = prefix
        runtime, temporary = self.folder / "run", self.folder / "tmp"
        for made in (self.folder, self.folder / "home", runtime, temporary):
            made.mkdir(mode=0o700)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "LOGNAME": name,
            "USER": name,
            "ESCALATE_HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(runtime),
            "TMPDIR": str(temporary),
            **{key: os.environ[key] for key in ("PYTHONPATH", "VIRTUAL_ENV", "CI") if key in os.environ},
            **env,
        }
        self.mark = f"ESCALATE_HOME={self.home}"  # what tells its processes from all others
        self._api: Path | None = None
        self._watches = 0
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_all()

    # --- The command -------------------------------------------------------------------------------
    def argv(self, *argv: str) -> tuple[str, ...]:
        """The whole command line for `escalate argv...` on this machine."""
        return (*self.prefix, *escalate_command(), *argv)

    def run(self, *argv: str, given: str | None = None, **env: str) -> Done:
        """Run `escalate argv...` to its end. `given` is its standard input; `env` is added for this once."""
        began = time.monotonic()
        process = subprocess.run(
            self.argv(*argv),
            env={**self.env, **env},
            cwd=self.folder,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
        return Done(argv, process.returncode, process.stdout, process.stderr, time.monotonic() - began)

    def ask(self, kind: type[R], *argv: str, exits: tuple[int, ...] = (0,)) -> R:
        """Run it with --json and read the answer."""
        return self.run(*argv, "--json").must(*exits).read(kind)

    def spawn(self, *argv: str) -> subprocess.Popen[str]:
        """Start `escalate argv...` and leave it running; its output is piped."""
        return subprocess.Popen(
            self.argv(*argv),
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def watching(self) -> Watching:
        """Start `escalate watch --json`."""
        self._watches += 1
        return Watching(self.argv("watch", "--json"), self.env, self.folder / f"watch{self._watches}.jsonl")

    # --- A look at the running daemon, cheap enough to repeat --------------------------------------
    def look(self, request: AnyRequest) -> AnyReply | None:
        """Ask the daemon's own socket; None where no daemon answers."""
        if self._api is None:
            status = self.run("daemon", "status", "--json").must(0, 3).read(DaemonReply)
            self._api = Path(status.socket)
        try:
            line = connect(self._api)
        except (NotThere, EndpointError):
            return None
        try:
            line.send(request)
            answer = line.receive(10)
        except (Gone, TimeoutError):
            return None
        finally:
            line.close()
        return answer if isinstance(answer, Reply) else None

    def escalations(self) -> list[Escalation]:
        """What its daemon lists now; nothing where none runs."""
        reply = self.look(ListRequest())
        return reply.escalations if isinstance(reply, ListReply) else []

    def sees(self, hand: str, state: str = "active") -> Escalation | None:
        """The escalation of this id, if its daemon lists it in this state."""
        found = [each for each in self.escalations() if each.id == hand and each.state == state]
        return found[0] if found else None

    def members(self) -> list[Member]:
        """All members as its daemon sees them."""
        reply = self.look(WhoRequest())
        return reply.members if isinstance(reply, WhoReply) else []

    def online(self) -> set[str]:
        """The names of the members it sees online, its own among them."""
        return {member.name for member in self.members() if member.online}

    # --- The daemon as a process -------------------------------------------------------------------
    def daemon_pid(self) -> int:
        """The running daemon's process id."""
        pid = self.run("daemon", "status", "--json").must().read(DaemonReply).pid
        assert pid is not None
        return pid

    def run_daemon(self, env: Mapping[str, str]) -> None:
        """Start the daemon with this besides in its environment, which its commands do without; until it answers."""
        out = self.folder / "daemon.out"
        self._children.append(running.start(self.argv("daemon", "run"), out, {**self.env, **env}))
        until(lambda: self.look(DaemonStatusRequest()), f"{self.name}'s daemon answers")

    def thaw_daemon(self) -> None:
        """Let a daemon stopped by SIGSTOP go on."""
        for pid in self.processes():
            os.kill(pid, signal.SIGCONT)

    def signal_daemon(self, number: signal.Signals) -> int:
        """Send the daemon a signal; after SIGKILL, wait until it is gone. Returns its id."""
        pid = self.daemon_pid()
        os.kill(pid, number)
        if number is signal.SIGKILL:
            while Path(f"/proc/{pid}/environ").exists() and _alive(pid):
                time.sleep(0.005)
        return pid

    def daemon_cpu_s(self) -> float:
        """CPU seconds that the running daemon has used."""
        stat = Path(f"/proc/{self.daemon_pid()}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def daemon_files(self) -> int:
        """How many files and sockets the running daemon holds open."""
        return len(list(Path(f"/proc/{self.daemon_pid()}/fd").iterdir()))

    def processes(self) -> list[int]:
        """Every process that bears this machine's mark in its environment."""
        mark = self.mark.encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    marked = mark in (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                if marked:
                    found.append(int(entry.name))
        return found

    def end_all(self) -> None:
        """End every process of this machine, by its id."""
        for _ in range(50):
            pids = [pid for pid in self.processes() if _alive(pid)]
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.02)
        for child in self._children:
            child.wait(10)


def _alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


class Machines:
    """A short-named temporary folder for machines' homes. A context manager: ends all, then removes it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="esc"))
        self.machines: list[Machine] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for machine in self.machines:
            machine.end_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(
        self, name: str, prefix: tuple[str, ...] = (), home: Path | None = None, env: Mapping[str, str] = NOTHING
    ) -> Machine:
        """A new machine."""
        machine = Machine(name, self.folder, prefix, home, env)
        self.machines.append(machine)
        return machine
