"""What the command does to terminals and pipes: no colour where none is wanted, no traceback."""

import os
import pty
import subprocess

import pytest

from support.machine import Machine

pytestmark = pytest.mark.end_to_end

LOOKING = [
    ("list",),
    ("who",),
    ("status",),
    ("show",),
    ("group", "list"),
    ("daemon", "status"),
    ("config", "show"),
]


@pytest.fixture
def raised(settled: Machine) -> Machine:
    """A machine with its hand up."""
    settled.run("group", "join", "team").must(0)
    settled.run("start", "-m", "look here", "-n", "@team").must(5)
    return settled


@pytest.mark.parametrize("argv", LOOKING, ids=" ".join)
def test_a_pipe_that_closes_early_gives_no_traceback(raised: Machine, argv: tuple[str, ...]) -> None:
    command = raised.spawn(*argv, "--json")
    assert command.stdout is not None
    command.stdout.close()
    command.stdout = None
    _, err = command.communicate(timeout=60)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_a_watch_whose_reader_goes_away_ends_quietly(raised: Machine) -> None:
    watch = raised.spawn("watch", "--json")
    assert watch.stdout is not None
    assert '"raised"' in watch.stdout.readline()
    assert '"ready"' in watch.stdout.readline()
    watch.stdout.close()
    watch.stdout = None
    raised.run("end").must(0)
    raised.run("start", "-m", "look here", "-n", "@team").must(5)
    _, err = watch.communicate(timeout=60)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize("argv", LOOKING, ids=" ".join)
def test_a_full_standard_output_is_an_error_without_a_traceback(raised: Machine, argv: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device, not a path of ours
        done = subprocess.run(
            raised.argv(*argv),
            env=raised.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize("argv", LOOKING, ids=" ".join)
def test_no_colour_goes_into_a_pipe(raised: Machine, argv: tuple[str, ...]) -> None:
    done = raised.run(*argv).must(0)
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("argv", LOOKING, ids=" ".join)
def test_no_colour_is_respected_on_a_terminal(raised: Machine, argv: tuple[str, ...]) -> None:
    assert b"\x1b[" not in on_terminal(raised, *argv, NO_COLOR="1")


def on_terminal(machine: Machine, *argv: str, **env: str) -> bytes:
    """What the command writes to a terminal."""
    ours, its = pty.openpty()
    try:
        terminal = {**machine.env, "TERM": "xterm-256color", **env}
        process = subprocess.Popen(machine.argv(*argv), env=terminal, stdin=its, stdout=its, stderr=its)
        os.close(its)
        seen = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the terminal hangs up with its last writer
                break
            if not chunk:
                break
            seen += chunk
        process.wait(60)
    finally:
        os.close(ours)
    return seen


def test_interrupting_a_watch_exits_130(raised: Machine) -> None:
    watch = raised.spawn("watch", "--json")
    assert watch.stdout is not None
    assert '"raised"' in watch.stdout.readline()
    watch.send_signal(2)
    _, err = watch.communicate(timeout=60)
    assert watch.returncode == 130
    assert "Traceback" not in err
