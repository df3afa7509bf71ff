"""A private bus with a notification server, and the freedesktop back end at work on it."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from escalate_daemon.notify.base import Colour, Listener, Loudness, Popup, Press, Shown
from escalate_daemon.notify.freedesktop import FreedesktopNotifier
from support.need import need_import, need_tools
from support.popups import Popups
from support.private_bus import PrivateBus
from support.waiting import until

POPUP = Popup("hand", "Ana needs help", "row B", Loudness.CRITICAL, Colour.RED, rings=True)
QUIET = replace(POPUP, loudness=Loudness.NORMAL, colour=Colour.YELLOW)


class Desktop:
    """A private bus with a notification server, and what our listener was told."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.bus = PrivateBus(folder)
        self.popups = Popups(self.bus.address, folder, *options)
        self.touched: list[str] = []
        self.pressed: list[tuple[str, Press]] = []
        self.late: list[Shown] = []
        self.turns: list[str] = []

    def listener(self) -> Listener:
        return Listener(
            self.touched.append,
            lambda tag, press: self.pressed.append((tag, press)),
            lambda popup, shown: self.late.append(shown),
            lambda: self.turns.append("back"),
            lambda: self.turns.append("gone"),
        )

    def run(self, scenario: Callable[[FreedesktopNotifier], Awaitable[object]]) -> None:
        """The scenario in a daemon's life of its own."""

        async def main() -> None:
            notifier = FreedesktopNotifier()
            notifier.listen(self.listener())
            try:
                await scenario(notifier)
            finally:
                await notifier.aclose()

        asyncio.run(main())


@contextmanager
def short_folder() -> Iterator[Path]:
    """Where a bus's socket fits; gone afterwards."""
    need_tools("dbus-daemon")
    need_import("dbus_fast")
    with tempfile.TemporaryDirectory(prefix="escn") as name:
        yield Path(name)


@contextmanager
def running_desktop(folder: Path) -> Iterator[Desktop]:
    """A desktop whose bus and server run within the block."""
    made = Desktop(folder, "--markup")
    with ExitStack() as stack:
        stack.enter_context(made.bus)
        stack.enter_context(made.popups)
        yield made


async def soon(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(until, condition, what)


async def up(notifier: FreedesktopNotifier, popup: Popup = POPUP, replaces: str | None = None) -> str:
    handle = (await notifier.show(popup, replaces)).handle
    assert handle is not None
    return handle
