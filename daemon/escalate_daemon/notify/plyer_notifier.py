"""Pop-ups through plyer, each in a child process of its own. It can neither change nor close what is up."""

import asyncio
import html
import importlib.util
import json
import shutil
import sys
import unicodedata
from pathlib import Path
from typing import Final

from escalate_daemon.notify.base import APP_NAME, Listener, NotifyFailed, Popup, Probe, Shown
from escalate_daemon.notify.child import run_child

LIMIT_S: Final = 5.0
TITLE_UNITS: Final = 63  # Windows: UTF-16 units that a balloon takes
BODY_UNITS: Final = 255
_AT_ONCE: Final = 2  # children; each is a Python of its own
_CHILD: Final = Path(__file__).with_name("plyer_child.py")


class PlyerNotifier:
    """Whatever plyer finds on this system."""

    name = "plyer"

    def __init__(self, platform: str = sys.platform, child: Path = _CHILD, limit_s: float = LIMIT_S) -> None:
        self._platform = platform
        self._child = child
        self._limit_s = limit_s
        self._room = asyncio.Semaphore(_AT_ONCE)

    def listen(self, listener: Listener) -> None:
        """plyer tells nothing back."""

    async def watch(self) -> None:
        """See base.Notifier: it tells nothing, and is asked by `probe`."""

    def keeps(self, handle: str) -> bool:
        """See base.Notifier. It has no handles."""
        return True

    async def probe(self) -> Probe:
        """Whether plyer and what it needs are here; only a pop-up could prove more."""
        missing = _missing(self._platform)
        if missing:
            return Probe(
                usable=False,
                hears="none",
                found=f"plyer cannot show: no {missing}",
                mend=f"install {missing}",
            )
        return Probe(usable=True, hears="popup", found="plyer (cannot update or close pop-ups)")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier. The handle is None: it cannot be touched again."""
        title, body = fitted(popup, self._platform)
        told = json.dumps({"title": title, "body": body, "app_name": APP_NAME}).encode()
        async with self._room:
            ended = await run_child([sys.executable, "-I", str(self._child)], told, self._limit_s)
        if ended.exit != 0 or ended.words:
            last = ended.words.splitlines()[-1] if ended.words else f"exit {ended.exit}"
            raise NotifyFailed(f"plyer failed: {last}; set ESCALATE_NOTIFIER to another")
        return Shown(None, "popup")

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier. Shows nothing new: it would only stand beside the first."""
        return Shown(None, "popup")

    async def close(self, handle: str) -> None:
        """See base.Notifier. Not within plyer's power."""

    async def aclose(self) -> None:
        """See base.Notifier."""


def fitted(popup: Popup, platform: str) -> tuple[str, str]:
    """Title and body as plyer can be given them on that platform."""
    # notify-send would take a leading '-' for an option.
    title = f" {popup.title}" if popup.title.startswith("-") else popup.title
    if platform == "win32":
        return cut_utf16(title, TITLE_UNITS), cut_utf16(popup.body, BODY_UNITS)
    if platform == "linux":  # notify-send passes the body on, and most servers read markup in it
        body = f" {popup.body}" if popup.body.startswith("-") else popup.body
        return title, html.escape(body, quote=False)
    return title, popup.body


def cut_utf16(text: str, units: int) -> str:
    """`text` in at most `units` UTF-16 units, never cut inside a character with its marks and joiners."""
    if _units(text) <= units:
        return text
    end = 0
    used = 1  # the ellipsis
    while used + _units(text[end]) <= units:
        used += _units(text[end])
        end += 1
    while end > 0 and (_clings(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end] + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _clings(char: str) -> bool:
    """Whether the character belongs to the one before it."""
    return char == "\u200d" or unicodedata.category(char)[0] == "M" or 0x1F3FB <= ord(char) <= 0x1F3FF


def _missing(platform: str) -> str:
    """What plyer needs here and lacks; "" for nothing."""
    if importlib.util.find_spec("plyer") is None:
        return "plyer"
    if platform == "linux" and not shutil.which("notify-send") and importlib.util.find_spec("dbus") is None:
        return "notify-send (libnotify-bin)"
    if platform == "darwin" and importlib.util.find_spec("pyobjus") is None:
        return "pyobjus"
    return ""
