"""The verbs: all are listed, one is imported, and help works everywhere."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import escalate_cli.commands
from escalate_cli.verbs import VERBS
from support.source import ROOT

from .conftest import Run

FORBIDDEN = ("asyncio", "zeroconf", "cryptography", "plyer", "rich", "pydantic", "ssl", "dbus_fast")
# `config` and `doctor` alone may read the settings, which takes the core's text rules; else nothing of the daemon is.
OF_THE_DAEMON = ("escalate_daemon.core", "escalate_daemon.config")
OURS = ("escalate_cli", "escalate_daemon.ipc", "escalate_daemon.paths")
QUICK = "msgspec, socket, struct, typer, unicodedata"
SUBCOMMANDS = (
    "group list",
    "group join",
    "group leave",
    "invite list",
    "invite revoke",
    "space show",
    "config path",
    "config show",
    "config set",
    *(f"daemon {action}" for action in ("run", "start", "stop", "restart", "status", "logs")),
)


def test_every_verb_has_a_module_and_every_module_a_verb() -> None:
    folder = Path(next(iter(escalate_cli.commands.__path__)))
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(VERBS)


def test_help_lists_every_verb_with_examples(run: Run) -> None:
    for flag in ("-h", "--help"):
        ran = run(flag)
        assert ran.code == 0
        assert all(f"\n  {verb} " in ran.out for verb in VERBS)
        assert "Examples:" in ran.out


@pytest.mark.parametrize("command", [*VERBS, *SUBCOMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself_with_an_example(command: str, flag: str, run: Run) -> None:
    ran = run(*command.split(), flag)
    assert (ran.code, ran.err) == (0, "")
    assert f"escalate {command.split(maxsplit=1)[0]}" in ran.out.split("Examples:")[1]


def test_an_unknown_verb_names_the_nearest(run: Run) -> None:
    ran = run("strat")
    assert ran.code == 2
    assert "start" in ran.err


def test_help_of_all_imports_no_verb() -> None:
    assert not [module for module in imported("--help") if module.startswith("escalate_cli.commands.")]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_imports_itself_alone_and_nothing_slow(verb: str) -> None:
    modules = imported(verb, "--help")
    verbs = {name.rpartition(".")[2] for name in modules if name.startswith("escalate_cli.commands.")}
    assert verbs == {verb}
    assert not modules & set(FORBIDDEN)
    if verb not in {"config", "doctor"}:
        assert not modules & set(OF_THE_DAEMON)


def test_asking_the_daemon_imports_nothing_slow(home: Path) -> None:
    assert not imported("list", "--prompt") & {*FORBIDDEN, *OF_THE_DAEMON, "filelock"}


def test_asking_loads_only_ourselves_and_what_is_quick(home: Path) -> None:
    beyond = imported("list", "--prompt") - loaded(f"import {QUICK}")
    assert {module for module in beyond if not module.startswith((*OURS, "typer"))} <= {"escalate_daemon"}
    assert len(beyond) <= 30, "each module costs a quarter of a millisecond at every Enter of a prompt"


def test_the_installed_command_and_the_module_begin_alike() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts == {"escalate": "escalate_cli.__main__:main"}
    ran = subprocess.run(
        [sys.executable, "-m", "escalate_cli", "no-such-verb"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no-such-verb" in ran.stderr


def imported(*argv: str) -> set[str]:
    """The modules that a command loaded."""
    return loaded("from escalate_cli.app import main; main(sys.argv[1:])", *argv)


def loaded(code: str, *argv: str) -> set[str]:
    """The modules that a program loaded."""
    code = f"import sys, json; {code}; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", code, *argv],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    names: list[str] = json.loads(ran.stderr.splitlines()[-1])
    return set(names)
