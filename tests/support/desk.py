"""One person's desk: a session bus, a notification server and a loudspeaker of their own, and what came of them."""

import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from escalate_daemon.notify.tone import HIGH_HZ, LOW_HZ
from support.notification_server import NAME, PATH
from support.popups import Event, Popups
from support.private_bus import PrivateBus
from support.sound_sink import RATE_HZ, WINDOW, SoundSink, level
from support.waiting import until

TOOLS = ("dbus-daemon", "dbus-send", "pulseaudio", "parecord", "paplay")  # what a desk is made of
HEARD = 0.05  # of full scale; silence measures 0.000
APART = RATE_HZ // 2  # samples of silence that end one ring


class Desk:
    """A context manager. Everything is told since the last `forget`; what stood before then still counts as up."""

    def __init__(self, folder: Path) -> None:
        """`folder`: exists, is short."""
        self.folder = folder
        self.bus = PrivateBus(folder)
        self.server = Popups(self.bus.address, folder, "--markup")
        self.sink = SoundSink(folder)
        self._stack = ExitStack()
        self._events_before = 0
        self._samples_before = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for part in (self.bus, self.server, self.sink):
                stack.enter_context(part)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def env(self) -> dict[str, str]:
        """What programs at this desk have in their environment."""
        return {"DBUS_SESSION_BUS_ADDRESS": self.bus.address, **self.sink.env}

    def forget(self) -> None:
        """Count pop-ups and rings anew from here."""
        self._events_before = len(self.server.events())
        self._samples_before = self.sink.position()

    def clear(self) -> None:
        """The person dismisses what is still up, and counts anew."""
        for popup in self.up():
            self.server.dismiss(popup.id)
        self.forget()

    # --- What the person sees ----------------------------------------------------------------------
    def up(self) -> list[Event]:
        """What stands on the screen now."""
        return self.server.up()

    def popups(self) -> list[Event]:
        """Every pop-up that came up anew: not those changed in place."""
        came = []
        up: set[int] = set()
        for number, event in enumerate(self.server.events()):
            if event.event == "ready":
                up.clear()
            elif event.event in {"close", "gone"}:
                up.discard(event.id)
            elif event.event == "notify":
                if event.id not in up and number >= self._events_before:
                    came.append(event)
                up.add(event.id)
        return came

    def rings(self) -> list[Event]:
        """Every critical pop-up that came up anew."""
        return [event for event in self.popups() if event.critical]

    # --- What the person hears ---------------------------------------------------------------------
    def tones(self) -> int:
        """How often our ring came out of the loudspeaker."""
        recorded = self.sink.samples(self._samples_before)
        count, last = 0, -APART - 1
        for at in range(0, len(recorded) - WINDOW + 1, WINDOW // 2):
            window = recorded[at : at + WINDOW]
            if max(window) > 0 and (level(window, LOW_HZ) > HEARD or level(window, HIGH_HZ) > HEARD):
                if at - last > APART:
                    count += 1
                last = at
        return count

    def heard_tone(self) -> bool:
        """Whether our ring came out of the loudspeaker, both its pitches."""
        since = self._samples_before
        return self.sink.heard(LOW_HZ, since) and self.sink.heard(HIGH_HZ, since)

    def sounded_for(self) -> float:
        """Seconds from the first sound out of the loudspeaker to the last."""
        loud = [at for at, sample in enumerate(self.sink.samples(self._samples_before)) if sample]
        return (loud[-1] - loud[0]) / RATE_HZ if loud else 0.0

    def still_for(self, seconds: float) -> bool:
        """Whether the last so many seconds that were recorded are silence."""
        return self.sink.loudest(max(self._samples_before, self.sink.position() - round(seconds * RATE_HZ))) == 0

    def silent(self) -> bool:
        """Whether nothing at all came out of it."""
        return self.sink.loudest(self._samples_before) == 0

    def another_server(self, name: str, *options: str, bus: PrivateBus | None = None) -> Popups:
        """A notification server beside the first, not started; `name`: of its folder."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Popups((bus or self.bus).address, folder, *options)

    # --- Faults ------------------------------------------------------------------------------------
    def freeze(self) -> None:
        """The notification server hangs."""
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on; returns once it has answered all that waited."""
        os.kill(self.server.pid, signal.SIGCONT)
        self.until_served()

    def until_served(self) -> None:
        """Wait until there is a notification server and it has answered all that it was asked before."""
        ask = ["dbus-send", f"--bus={self.bus.address}", "--print-reply", f"--dest={NAME}", PATH]
        call = [*ask, f"{NAME}.GetServerInformation"]

        def answers() -> bool:
            return subprocess.run(call, check=False, capture_output=True, timeout=30).returncode == 0

        until(answers, "a notification server answers")
