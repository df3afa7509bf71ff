"""Completion in real shells: a line is typed in a terminal, TAB pressed, and what the command then gets is compared."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import tab
from escalate_daemon import paths
from support.crowd_to_name import BACK, DISK, HOME, HURRY, ROOM, SAM, SHE, TICK, script
from support.machine import Machine
from support.need import need, need_tools
from support.scripted import serving
from support.source import ROOT
from support.typing_person import TypingPerson
from support.waiting import FIGURES

pytestmark = pytest.mark.end_to_end

SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
CASES = [
    ("escalate tog\t", ["toggle"]),
    ("escalate start --not\t", ["start", "--notify"]),
    ("escalate start --notify @te\t", ["start", "--notify", "@team"]),
    ("escalate start -n '@te\t", ["start", "-n", "@team"]),
    ('escalate start -n "@te\t', ["start", "-n", "@team"]),
    ("escalate start --notify=@te\t", ["start", "--notify=@team"]),
    ("escalate start -n@te\t", ["start", "-n@team"]),
    ("escalate start -n @ni\t", ["start", "-n", "@night shift"]),
    ("escalate start -n @night\\ s\t", ["start", "-n", "@night shift"]),
    ("escalate start -n '@night s\t", ["start", "-n", "@night shift"]),
    ("escalate start -n @room:B\t", ["start", "-n", f"@room:{ROOM}"]),
    ("escalate start -n Sa\t", ["start", "-n", SAM]),
    ("escalate start -n \"Sam O'N\t", ["start", "-n", SAM]),
    ("escalate start -n 'Sa\t", ["start", "-n", SAM]),
    ("escalate start -n Dr\t", ["start", "-n", 'Dr "Who"']),
    ('escalate start -n "Dr\t', ["start", "-n", 'Dr "Who"']),
    ("escalate start -n Tic\t", ["start", "-n", TICK]),
    ('escalate start -n "Tic\t', ["start", "-n", TICK]),
    ("escalate start -n Å\t", ["start", "-n", "Åsa Öberg"]),
    ("escalate start -n eve~\t", ["start", "-n", "eve~3f2a"]),
    ("escalate start -n eve@\t", ["start", "-n", "eve@desk"]),
    ("escalate start -n yes\t", ["start", "-n", "yes!"]),
    ('escalate start -n "yes\t', ["start", "-n", "yes!"]),
    ("escalate start -m disk\t", ["start", "-m", DISK]),
    ('escalate start -m "disk at\t', ["start", "-m", DISK]),
    ("escalate start -m 'di\t", ["start", "-m", DISK]),
    ("escalate start -m '$HO\t", ["start", "-m", HOME]),
    ("escalate start -m she\t", ["start", "-m", SHE]),
    ('escalate start -m "she\t', ["start", "-m", SHE]),
    ("escalate start -m 'she\t", ["start", "-m", SHE]),
    ("escalate start -m back\t", ["start", "-m", BACK]),
    ('escalate start -m "back\t', ["start", "-m", BACK]),
    ('escalate start -m "hur\t', ["start", "-m", HURRY]),
    ('escalate start --then "2m @le\t', ["start", "--then", "2m @leads"]),
    ("escalate start --then '7m @ni\t", ["start", "--then", "7m @night\\ shift"]),
    ("escalate start --then 3m\\ Be\t", ["start", "--then", "3m Ben"]),
    ("escalate start -n e\t~\t", ["start", "-n", "eve~3f2a"]),
    ("escalate start -m disk\t -n @te\t --repl\t", ["start", "-m", DISK, "-n", "@team", "--replace"]),
    ("X=1 escalate start -n Be\t", ["start", "-n", "Ben"]),
    ("escalate show Sa\t", ["show", SAM]),
    ("escalate config set me.na\t", ["config", "set", "me.name"]),
    ("escalate run -n @team -- frobn\t", ["run", "-n", "@team", "--", "frobnicate"]),
]


INSTALLED = {
    "zsh": "fpath=({share}/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D",
    "fish": "true",  # it looks below XDG_DATA_DIRS
    "bash": "source {share}/bash-completion/completions/escalate",
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Of a daemon that knows awkward names; short, for the socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="esc-"))
    with serving(paths.find({"ESCALATE_HOME": str(folder)}).socket, script()):
        yield folder
    shutil.rmtree(folder)


def at_a_terminal(shell: str, folder: Path, home: Path, habit: str = "true") -> TypingPerson:
    """Somebody at this shell who has set `habit` and reads the script in."""
    need_tools(shell)
    begin = [habit, f"source {ROOT / 'completions' / f'escalate.{shell}'}"]
    if shell == "zsh":
        begin.insert(0, "autoload -U compinit; compinit -u -D")
    return TypingPerson(SHELLS[shell], folder, {"ESCALATE_HOME": str(home)}, "; ".join(begin))


@pytest.fixture(scope="module", params=SHELLS)
def person(
    request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TypingPerson]:
    shell = str(request.param)
    with at_a_terminal(shell, tmp_path_factory.mktemp(shell), home) as typing:
        yield typing


@pytest.mark.parametrize(("typed", "got"), CASES, ids=[typed.strip() for typed, _ in CASES])
def test_what_is_completed_reaches_the_command_to_the_letter(person: TypingPerson, typed: str, got: list[str]) -> None:
    assert person.enters(typed) == got


def test_bash_s_word_breaks_stay_as_they_were(home: Path, tmp_path: Path) -> None:
    with at_a_terminal("bash", tmp_path, home, "before=$COMP_WORDBREAKS") as person:
        assert person.enters("escalate start -n @te\t") == ["start", "-n", "@team"]
        same = person.enters('[[ "$COMP_WORDBREAKS" == "$before" && $before == *@* ]]; escalate $?')
    assert same == ["0"]


HABITS = [
    ("bash", "set -u"),
    ("bash", "set -o posix"),
    ("bash", "shopt -s failglob; IFS=:"),
    ("bash", "bind 'TAB:menu-complete'; bind 'set completion-ignore-case on'"),
    ("zsh", "setopt ksharrays shwordsplit nounset extendedglob"),
    ("zsh", "zstyle ':completion:*' menu select; zstyle ':completion:*' matcher-list 'm:{a-z}={A-Z}'"),
]


@pytest.mark.parametrize(("shell", "habit"), HABITS)
def test_whatever_a_person_has_set_the_command_gets_the_same(
    shell: str, habit: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes here.txt").touch()
    with at_a_terminal(shell, tmp_path, home, habit) as person:
        assert person.enters("escalate start -n @ni\t -m disk\t") == ["start", "-n", "@night shift", "-m", DISK]
        assert person.enters("escalate run -- cat note\t") == ["run", "--", "cat", "notes here.txt"]


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_daemon_a_tab_changes_nothing_and_starts_none(shell: str, tmp_path: Path) -> None:
    empty = tmp_path / "h"
    (tmp_path / "person").mkdir()
    with at_a_terminal(shell, tmp_path / "person", empty) as person:
        assert person.enters("escalate start -n @te\t") == ["start", "-n", "@te"]
        assert person.enters("escalate tog\t") == ["toggle"]
    assert not list(empty.rglob("daemon.*"))


def test_a_real_daemon_s_names_groups_and_escalations_are_offered(alone: Machine) -> None:
    alone.run("group", "join", "team").must(0)
    alone.run("start", "-q", "-m", "paper jam").must(0, 5)

    def offered(*words: str) -> list[str]:
        return alone.run("__complete", "zsh", *words).must(0).out.splitlines()

    assert [line.partition("\t")[0] for line in offered("", "who")] == ["ana", "@team"]
    assert offered("", "group", "leave") == ["team\t"]
    assert offered("", "show") == ["ana\tyellow: paper jam"]


def test_bash_s_script_keeps_to_what_bash_3_2_knows() -> None:
    later = re.compile(
        r"\b(?:mapfile|readarray|coproc|declare -[Agn]|local -n)\b|\|&|&>>|;;?&|\$\{[^}]*(?:,,|\^\^|@[A-Z])"
    )
    for line in (ROOT / "completions" / "escalate.bash").read_text(encoding="utf-8").splitlines():
        assert not later.search(line.partition("#")[0]), line


# --- The wheel -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation from this checkout unpacks."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w", str(folder)]
    done = subprocess.run([*argv, str(ROOT)], capture_output=True, text=True, check=False, timeout=240)
    need(f"no wheel can be built here: {done.stderr[-400:]}" if done.returncode else None)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as file:
        file.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_brings_every_script_and_prints_it(wheel: Path) -> None:
    for script_of in ("bash", "zsh", "fish", "powershell"):
        name = "escalate.ps1" if script_of == "powershell" else f"escalate.{script_of}"
        code = (
            "import sys, escalate_cli; from escalate_cli.app import main;"
            f"assert escalate_cli.__file__.startswith({str(wheel)!r}); sys.exit(main(['completion', {script_of!r}]))"
        )
        env = os.environ | {"PYTHONPATH": str(wheel)}
        done = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, check=True, timeout=60)
        assert done.stdout == (ROOT / "completions" / name).read_bytes()


@pytest.mark.parametrize("shell", INSTALLED)
def test_a_shell_completes_by_what_the_wheel_puts_into_share(
    shell: str, wheel: Path, home: Path, tmp_path: Path
) -> None:
    need_tools(shell)
    argv = ("fish", "-i") if shell == "fish" else SHELLS[shell]  # which without its configuration looks nowhere
    (share,) = wheel.glob("*.data/data/share")
    env = {"ESCALATE_HOME": str(home), "XDG_DATA_DIRS": f"{share}:/usr/local/share:/usr/share"}
    with TypingPerson(argv, tmp_path, env, INSTALLED[shell].format(share=share)) as person:
        assert person.enters("escalate start -n @ni\t") == ["start", "-n", "@night shift"]


# --- How long it takes -----------------------------------------------------------------------------
def test_a_tab_costs_at_most_a_third_of_typer_s_own(home: Path, tmp_path: Path) -> None:
    """In processor time, which a busy machine does not bend; tests/bench/run.py tells how long a person waits."""
    beside = tab.contenders(tmp_path, os.environ | {"ESCALATE_HOME": str(home)})
    took = tab.compare(beside, rounds=9, clock=tab.processor)
    for name, milliseconds in took.items():
        FIGURES.note(f"median processor time of {name}", statistics.median(milliseconds) / 1000)
    assert tab.ratio(took) <= tab.BOUND, took
