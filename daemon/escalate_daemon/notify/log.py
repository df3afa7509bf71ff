"""The last resort: a line in the daemon's log. Nobody's eyes, so it never counts as shown."""

import logging

from escalate_daemon.notify.base import Listener, NotifyFailed, Popup, Probe, Shown

log = logging.getLogger(__name__)
_MEND = "log in to a desktop or a terminal on this machine, or see ESCALATE_NOTIFIER"


class LogNotifier:
    """Writes pop-ups to the log."""

    name = "log"

    def listen(self, listener: Listener) -> None:
        """Nobody can touch a log."""

    async def watch(self) -> None:
        """See base.Notifier: it tells nothing, and is asked by `probe`."""

    def keeps(self, handle: str) -> bool:
        """Nothing is up."""
        return True

    async def probe(self) -> Probe:
        """It can never show."""
        return Probe(usable=False, hears="none", found="only the log, which nobody is looking at", mend=_MEND)

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """Log it, and raise NotifyFailed."""
        log.warning("%s pop-up: %s | %s", popup.colour.value, popup.title, popup.body.replace("\n", " | "))
        raise NotifyFailed(f"it stands only in the log; {_MEND}")

    async def update(self, handle: str, popup: Popup) -> Shown:
        """Log it."""
        log.info("%s pop-up now: %s", popup.colour.value, popup.title)
        return Shown(None, "none")

    async def close(self, handle: str) -> None:
        """Nothing is up."""

    async def aclose(self) -> None:
        """Nothing is held."""
