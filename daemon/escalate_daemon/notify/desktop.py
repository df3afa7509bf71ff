"""Pop-ups through desktop-notifier, where that extra is installed: Windows toasts, macOS bundles.

Written from its sources (6.2), not run on Windows or macOS: it replaces nothing in place; `send` reports
success even where nothing can be shown; an unbundled macOS Python gets a dummy; clicks there need CFRunLoop.
"""

import asyncio
import importlib.util
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from escalate_daemon.notify.base import (
    APP_NAME,
    Listener,
    Loudness,
    NotifyFailed,
    Popup,
    Press,
    Probe,
    Shown,
    icon_path,
)

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

LIMIT_S: Final = 3.0
_MEND: Final = "pip install 'escalate-lan[desktop]'; on macOS a Python inside a signed bundle is needed"


def installed() -> bool:
    """Whether the extra can be imported here."""
    return importlib.util.find_spec("desktop_notifier") is not None


class DesktopNotifierBackEnd:
    """Whatever desktop-notifier finds on this system."""

    name = "desktop-notifier"

    def __init__(self) -> None:
        self._notifier: DesktopNotifier | None = None
        self._listener: Listener | None = None

    def listen(self, listener: Listener) -> None:
        """See base.Notifier."""
        self._listener = listener

    async def watch(self) -> None:
        """See base.Notifier: it tells nothing, and is asked by `probe`."""

    def keeps(self, handle: str) -> bool:
        """See base.Notifier. It does not tell when its server goes."""
        return True

    async def probe(self) -> Probe:
        """Usable where it names capabilities: the dummy names none."""
        try:
            async with asyncio.timeout(LIMIT_S):
                capabilities = await self._get().get_capabilities()
        except (NotifyFailed, TimeoutError, OSError, RuntimeError) as error:
            return Probe(usable=False, hears="none", found=str(error) or "it does not answer", mend=_MEND)
        if not capabilities:
            return Probe(usable=False, hears="none", found="desktop-notifier can show nothing here", mend=_MEND)
        return Probe(usable=True, hears="popup", found=f"desktop-notifier on {sys.platform}")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """See base.Notifier. Told to have failed only by its absence among those that are up."""
        from desktop_notifier import Button, Icon, Urgency

        notifier = self._get()
        critical = popup.loudness is Loudness.CRITICAL
        try:
            async with asyncio.timeout(LIMIT_S):
                if replaces is not None:
                    await notifier.clear(replaces)
                handle = await notifier.send(
                    popup.title,
                    popup.body,
                    urgency=Urgency.Critical if critical else Urgency.Normal,
                    icon=Icon(path=icon_path(popup.colour)),
                    buttons=[
                        Button(title=label, on_pressed=partial(self._pressed, popup.tag, press))
                        for press, label in popup.buttons
                    ],
                    on_clicked=lambda: self._touched(popup.tag),
                    on_dismissed=lambda: self._touched(popup.tag),
                )
                up = await notifier.get_current_notifications()
        except (TimeoutError, OSError, RuntimeError) as error:
            raise NotifyFailed(f"desktop-notifier failed: {error or 'no answer'}; {_MEND}") from error
        if handle not in up:
            raise NotifyFailed(f"desktop-notifier did not show it; {_MEND}")
        return Shown(handle, "popup")

    async def update(self, handle: str, popup: Popup) -> Shown:
        """See base.Notifier. It cannot replace silently, so the first words stay."""
        return Shown(handle, "popup")

    async def close(self, handle: str) -> None:
        """See base.Notifier."""
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._get().clear(handle)
        except (TimeoutError, OSError, RuntimeError) as error:
            raise NotifyFailed(f"desktop-notifier cannot close it: {error or 'no answer'}") from error

    async def aclose(self) -> None:
        """See base.Notifier."""

    def _touched(self, tag: str) -> None:
        if self._listener is not None:
            self._listener.touched(tag)

    def _pressed(self, tag: str, press: Press) -> None:
        if self._listener is not None:
            self._listener.touched(tag)
            self._listener.pressed(tag, press)

    def _get(self) -> "DesktopNotifier":
        if self._notifier is None:
            try:
                from desktop_notifier import DesktopNotifier
            except ImportError as error:
                raise NotifyFailed(f"desktop-notifier is not installed: {error}; {_MEND}") from error
            self._notifier = DesktopNotifier(app_name=APP_NAME)
        return self._notifier
