"""The demo: what the README's first command ends with."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.waiting import until

pytestmark = pytest.mark.end_to_end

DEMO = (sys.executable, "-P", "-m", "escalate_daemon", "demo")


def environment(folder: Path) -> dict[str, str]:
    """This one's, with temporary files in `folder`."""
    return {**os.environ, "TMPDIR": str(folder)}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short one: sockets go below it."""
    with tempfile.TemporaryDirectory(prefix="escd") as made:
        yield Path(made)


def test_the_demo_tells_that_a_red_was_raised_shown_and_ended(folder: Path) -> None:
    done = subprocess.run(DEMO, env=environment(folder), capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    for told in ("raised, id ", "ben's screen: ", "sam's screen: ", "ok: ben: delivered", "ok: gone everywhere"):
        assert told in done.stdout
    assert "sounded (by" in done.stdout or "no sound could be played" in done.stdout
    assert not list(folder.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_and_no_file(folder: Path, number: signal.Signals) -> None:
    with subprocess.Popen(DEMO, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        while b"ben$" not in demo.stdout.readline():
            pass
        demo.send_signal(number)
        _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert err == b""
    assert not list(folder.iterdir())
    until(lambda: not using(folder), "no daemon of the demo is left")


def test_a_demo_whose_reader_goes_away_ends_and_cleans_up(folder: Path) -> None:
    with subprocess.Popen(DEMO, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        demo.stdout.readline()
        demo.stdout.close()
        assert demo.stderr is not None
        assert b"Traceback" not in demo.stderr.read()
        demo.wait(60)
    assert not list(folder.iterdir())


def using(folder: Path) -> list[int]:
    """The processes that have this folder in their environment, as temporary files' place or as home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"ESCALATE_HOME={folder}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
