"""A session bus of a test's own: it can start only what the test offers; anyone may eavesdrop."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from support import running
from support.waiting import until

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  {services}
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class PrivateBus(running.Started):
    """A running dbus-daemon. A context manager.

    `folder` exists and has a short path: the socket lies in it. `prefix` runs it elsewhere (`ip netns exec`).
    `services`: a folder for what it is to start by itself.
    """

    def __init__(self, folder: Path, prefix: Sequence[str] = (), services: Path | None = None) -> None:
        self.folder = folder
        self._services = services
        self.address = f"unix:path={folder / 'bus'}"
        self._prefix = tuple(prefix)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the dbus-daemon."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it listens."""
        config = self.folder / "bus.conf"
        socket = self.folder / "bus"
        services = f"<servicedir>{self._services}</servicedir>" if self._services else ""
        config.write_text(_CONFIG.format(socket=socket, services=services), encoding="utf-8")
        argv = [*self._prefix, "dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}"]
        self._process = running.start(argv, self.folder / "bus.out")
        until(socket.exists, f"the private bus listens at {socket}")

    def stop(self) -> None:
        """End it; a stopped bus may be started again, with another guid."""
        if self._process is not None:
            running.end(self._process)
            self._process = None
        self.folder.joinpath("bus").unlink(missing_ok=True)

    def offer(self, name: str, argv: Sequence[str]) -> None:
        """Have the bus start `argv` for whoever calls `name`; before `start`."""
        assert self._services is not None
        self._services.mkdir()
        service = f"[D-BUS Service]\nName={name}\nExec={' '.join(argv)}\n"
        (self._services / f"{name}.service").write_text(service, encoding="utf-8")

    def pid_of(self, name: str) -> int:
        """The process that owns a name."""
        argv = [*self._prefix, "dbus-send", f"--bus={self.address}", "--print-reply=literal"]
        call = ["--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetConnectionUnixProcessID"]
        done = subprocess.run([*argv, *call, f"string:{name}"], check=True, capture_output=True, timeout=30)
        return int(done.stdout.split()[-1])
