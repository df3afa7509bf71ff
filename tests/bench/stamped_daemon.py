"""The real daemon whose notifier writes down the moment of each call, and shows nothing.

    BENCH_STAMPS=FILE BENCH_HOST=NAME ESCALATE_NOTIFIER=bench python stamped_daemon.py

Nothing else of the product is changed: the notifier is one more back end beside the product's own, and claims, as
they do, that a person saw it. FILE: see stamps.py; the key is the hand's id, with `closed ` before it for an end.
"""

import os
import sys
import time

from escalate_daemon.__main__ import main
from escalate_daemon.notify import choose
from escalate_daemon.notify.base import Popup, Probe, Shown
from escalate_daemon.notify.log import LogNotifier


class StampingNotifier(LogNotifier):
    """See base.Notifier. Where nothing is measured, it is the log that it stands in for."""

    name = "bench"

    def __init__(self) -> None:
        self._file = os.open(os.environ["BENCH_STAMPS"], os.O_WRONLY | os.O_APPEND)
        self._host = os.environ["BENCH_HOST"]

    def _stamp(self, key: str) -> None:
        os.write(self._file, f"{time.monotonic_ns()} {self._host} {key}\n".encode())

    async def probe(self) -> Probe:
        """It always can."""
        return Probe(usable=True, hears="popup", found="the bench")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """Stamp it."""
        self._stamp(popup.tag)
        return Shown(popup.tag, "popup")

    async def update(self, handle: str, popup: Popup) -> Shown:
        """Nothing to measure."""
        return Shown(handle, "popup")

    async def close(self, handle: str) -> None:
        """Stamp it."""
        self._stamp(f"closed {handle}")


if __name__ == "__main__":
    choose._MAKERS["bench"] = StampingNotifier
    sys.exit(main(["run"]))
