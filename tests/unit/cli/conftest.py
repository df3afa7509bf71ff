"""A home of its own for each test, and the command run within this process."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalate_cli.app import main
from escalate_daemon import paths
from support.scripted import Script, serving


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short, for the socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="esc-"))
    monkeypatch.setenv("ESCALATE_HOME", str(folder))
    for name in ("ESCALATE_MESSAGE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def where(home: Path) -> paths.Paths:
    return paths.find({"ESCALATE_HOME": str(home)})


@pytest.fixture
def script(where: paths.Paths) -> Iterator[Script]:
    """A daemon that answers what the test writes into it."""
    script = Script()
    with serving(where.socket, script):
        yield script


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run
