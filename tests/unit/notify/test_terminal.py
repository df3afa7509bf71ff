import asyncio
import contextlib
import os
import select
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon.notify import terminal_write
from escalate_daemon.notify.base import Colour, Loudness, NotifyFailed, Popup
from escalate_daemon.notify.terminal import terminal_at

POPUP = Popup("t", "Ana needs help", "row B", Loudness.CRITICAL, Colour.RED, rings=True)


class Tty:
    """A terminal whose screen the test reads."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        self.path = Path(os.ttyname(slave))
        self._slave = slave

    def screen(self) -> str:
        """What was written since the last look."""
        read = b""
        while select.select([self.master], [], [], 0.2)[0]:
            read += os.read(self.master, 65536)
        return read.decode()

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def tty() -> Iterator[Tty]:
    made = Tty()
    yield made
    made.close()


def test_a_line_in_colour_with_a_bell_reaches_the_terminal_named(tty: Tty) -> None:
    shown = asyncio.run(terminal_at(str(tty.path)).show(POPUP, None))
    screen = tty.screen()
    assert shown.how == "terminal"
    assert "Ana needs help · row B" in screen
    assert "\x1b[1;97;41m" in screen
    assert "\a" in screen


def test_mesg_n_is_respected(tty: Tty) -> None:
    uid = tty.path.stat().st_uid
    tty.path.chmod(0o620)
    assert tty.path in terminal_write.terminals_of(uid)
    tty.path.chmod(0o600)
    assert tty.path not in terminal_write.terminals_of(uid)


def test_the_terminals_of_others_are_left_alone(tty: Tty) -> None:
    tty.path.chmod(0o620)
    assert tty.path not in terminal_write.terminals_of(tty.path.stat().st_uid + 1)


def test_a_stopped_terminal_neither_blocks_nor_counts(tty: Tty) -> None:
    flood = b"x" * 65536
    fd = os.open(tty.path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    while select.select([], [fd], [], 0.2)[1]:  # the kernel moves some on, and has room again
        with contextlib.suppress(BlockingIOError):
            os.write(fd, flood)
    os.close(fd)
    began = time.monotonic()
    with pytest.raises(NotifyFailed):
        asyncio.run(terminal_at(str(tty.path)).show(POPUP, None))
    assert time.monotonic() - began < 30


def test_one_stopped_terminal_does_not_hide_the_others(tty: Tty, tmp_path: Path) -> None:
    fifo = tmp_path / "full"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        assert terminal_write.write_to_all([(fifo, b"hello"), (tty.path, b"hello")], 0.3) == 1
    finally:
        os.close(reader)
        os.close(writer)
    assert tty.screen() == "hello"


def test_a_terminal_that_is_gone_is_a_failure_with_its_mend() -> None:
    async def scenario() -> None:
        notifier = terminal_at("/dev/pts/9999999")
        probe = await notifier.probe()
        assert not probe.usable
        assert "mesg y" in probe.mend
        await notifier.show(POPUP, None)

    with pytest.raises(NotifyFailed, match="mesg y"):
        asyncio.run(scenario())


def test_a_stream_gets_raised_changed_and_over_but_no_repeats(tmp_path: Path) -> None:
    out = tmp_path / "lines"

    async def scenario() -> None:
        notifier = terminal_at(str(out))
        handle = (await notifier.show(POPUP, None)).handle
        assert handle is not None
        await notifier.update(handle, replace(POPUP, body="row C"))
        await notifier.update(handle, replace(POPUP, title="Sam is coming"))
        await notifier.close(handle)
        await notifier.close(handle)

    asyncio.run(scenario())
    assert out.read_text(encoding="utf-8").splitlines() == [
        "[escalate red] Ana needs help · row B",
        "[escalate red] Sam is coming · row B",
        "[escalate] over: Sam is coming",
    ]


def test_standard_output_is_a_stream(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.run(terminal_at("-").show(POPUP, None))
    assert capfd.readouterr().out == "[escalate red] Ana needs help · row B\n"


def test_a_full_disk_is_not_said_to_have_been_shown() -> None:
    with pytest.raises(NotifyFailed):
        asyncio.run(terminal_at("/dev/full").show(POPUP, None))


def test_the_same_line_is_not_written_twice_unless_it_rings(tty: Tty) -> None:
    async def scenario() -> None:
        notifier = terminal_at(str(tty.path))
        handle = (await notifier.show(POPUP, None)).handle
        assert (await notifier.show(replace(POPUP, rings=False), handle)).handle == handle
        await notifier.show(POPUP, handle)

    asyncio.run(scenario())
    assert tty.screen().count("Ana needs help · row B") == 2
