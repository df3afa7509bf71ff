"""A desktop that people use: dunst draws our pop-ups on a real X screen, and the pixels are counted."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon.notify.base import Colour, Listener, Loudness, Popup
from escalate_daemon.notify.freedesktop import FreedesktopNotifier
from support import running
from support.need import need_import, need_tools
from support.private_bus import PrivateBus
from support.screen import Pixel, Screen
from support.waiting import soon

pytestmark = pytest.mark.end_to_end
RED: Pixel = (204, 18, 18)
YELLOW: Pixel = (255, 204, 0)
ENOUGH = 200  # pixels of an icon that is drawn at 32 by 32 or larger
# Frames of other colours than our icons': dunst's own frame for critical is red.
CONFIG = """
[global]
frame_color = "#0000aa"
[urgency_normal]
frame_color = "#0000aa"
background = "#222222"
foreground = "#ffffff"
[urgency_critical]
frame_color = "#0000aa"
background = "#222222"
foreground = "#ffffff"
"""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    need_tools("dunst", "Xvfb", "dbus-daemon")
    need_import("dbus_fast")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escd")))
        bus = stack.enter_context(PrivateBus(folder))
        made = stack.enter_context(Screen(folder))
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        config = folder / "dunstrc"
        config.write_text(CONFIG, encoding="utf-8")
        env = {**made.env, "DBUS_SESSION_BUS_ADDRESS": bus.address}
        dunst = running.start(["dunst", "-conf", str(config)], folder / "dunst.out", env)
        stack.callback(running.end, dunst)
        yield made


def test_a_red_is_seen_red_a_yellow_yellow_and_both_go_when_closed(screen: Screen) -> None:
    red = Popup("r", "Ana needs help", "row B", Loudness.CRITICAL, Colour.RED, rings=True)
    yellow = replace(red, tag="y", title="Ben raises a hand", loudness=Loudness.NORMAL, colour=Colour.YELLOW)

    async def until(colour: Pixel, there: str) -> None:
        wanted = there == "there"
        await soon(lambda: (screen.count_near(colour) > ENOUGH) is wanted, f"{colour} is {there}")

    async def scenario() -> None:
        notifier = FreedesktopNotifier()
        notifier.listen(
            Listener(lambda tag: None, lambda tag, press: None, lambda popup, shown: None, lambda: None, lambda: None)
        )

        async def usable() -> bool:
            return (await notifier.probe()).usable

        await soon(usable, "dunst answers")
        first = (await notifier.show(red, None)).handle
        await until(RED, "there")
        assert screen.count_near(YELLOW) == 0
        assert first is not None
        await notifier.close(first)
        await until(RED, "gone")
        second = (await notifier.show(yellow, None)).handle
        await until(YELLOW, "there")
        assert screen.count_near(RED) == 0
        assert second is not None
        await notifier.update(second, replace(red, tag="y"))
        await until(RED, "there")
        await notifier.close(second)
        await until(RED, "gone")
        await notifier.aclose()

    asyncio.run(scenario())
