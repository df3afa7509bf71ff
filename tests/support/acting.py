"""A person's own programs behind the buttons: each writes down what it was told, and may answer by the command line."""

import json
import shlex
import sys
from dataclasses import dataclass

import msgspec

from escalate_daemon.ipc.protocol import Escalation
from support.machine import Machine, escalate_command
from support.waiting import until

_SCRIPT = """
import json, os, subprocess, sys
folder, escalate, says = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
before = "ESCALATE_EVENT_"
told = {key.removeprefix(before): value for key, value in os.environ.items() if key.startswith(before)}
line = {"argv": sys.argv[4:], "env": told, "stdin": json.loads(sys.stdin.read())}
said = subprocess.run([*escalate, "chat", told["ID"], says], capture_output=True, text=True) if says else None
if said is not None and said.returncode:
    sys.exit(said.stderr)
with open(folder + "/" + told["EVENT"] + ".jsonl", "a") as file:
    file.write(json.dumps(line) + "\\n")
"""


class OnStdin(msgspec.Struct):
    """The JSON on its stdin."""

    v: int
    event: str
    escalation: Escalation


class Run(msgspec.Struct):
    """What one run of it was told. `env`: without the ESCALATE_EVENT_ before each name."""

    argv: list[str]
    env: dict[str, str]
    stdin: OnStdin


@dataclass(frozen=True)
class Program:
    """One that records, in a machine's folder."""

    machine: Machine

    def typed(self, *argv: str, says: str = "") -> str:
        """What `config set` takes to run it with these arguments; `says`: what it answers in the thread."""
        script = self.machine.folder / "acting.py"
        script.write_text(_SCRIPT, encoding="utf-8")
        own = (sys.executable, str(script), str(self.machine.folder), json.dumps(escalate_command()), says)
        return shlex.join((*own, *argv))

    def runs(self, event: str) -> list[Run]:
        """Its runs for this event so far."""
        log = self.machine.folder / f"{event}.jsonl"
        lines = log.read_bytes().split(b"\n")[:-1] if log.exists() else []
        return [msgspec.json.decode(line, type=Run) for line in lines]

    def until_run(self, event: str, hand: str) -> Run:
        """Wait until it was run for this escalation, and has answered."""
        return until(lambda: [each for each in self.runs(event) if each.env["ID"] == hand], f"{event} runs")[0]
