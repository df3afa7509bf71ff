"""The floor below any such program: a star of TLS connections kept open, one asyncio process a host."""

import itertools
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bench import star_keys
from bench.children import Children
from bench.lans import names
from bench.ours import ANSWER_S, BenchFailed
from bench.pause import soon
from bench.stamps import Stamps, Told
from support.netns import Lan

_PORT: Final = 4711
_HOST: Final = Path(__file__).with_name("star_host.py")
_COMMAND: Final = "import socket,sys;s=socket.socket(1);s.connect(sys.argv[1]);s.send(sys.argv[2].encode());s.recv(9)"


class Star:
    """The hub is the first host; all others are spokes. Its processes end with their LAN."""

    def __init__(self, lan: Lan, folder: Path, children: Children, stamps: Stamps, size: int) -> None:
        """`size`: bytes of a message."""
        self._lan = lan
        self._folder = folder
        self._children = children
        self._stamps = stamps
        self._keys = folder / "star.pem"
        self._door = folder / "star.sock"
        self._size = size
        self._numbers = itertools.count(1)
        self._hosts: list[str] = []
        star_keys.make(self._keys)

    def grow(self, count: int) -> None:
        """Have `count` hosts, all connected."""
        for name in names(count)[len(self._hosts) :]:
            self._hosts.append(name)
            hub = len(self._hosts) == 1
            more = [f"--door={self._door}"] if hub else [f"--stamps={self._stamps.path}", f"--name={name}"]
            self._start(name, "hub" if hub else "spoke", more)
            if hub and not soon(self._door.exists, ANSWER_S):
                raise BenchFailed("the star's hub does not listen")
        if not soon(lambda: self._ask("count") == count - 1, ANSWER_S):
            raise BenchFailed("not all spokes have reached the star's hub")

    def _start(self, name: str, part: str, more: list[str]) -> None:
        argv = [*self._lan.ports[name].prefix, sys.executable, str(_HOST), part, f"--keys={self._keys}"]
        argv += [f"--address={self._lan.ports['h1'].address}", f"--port={_PORT}", f"--size={self._size}", *more]
        self._children.start(argv, self._folder / f"star-{name}.out")

    def _ask(self, word: str) -> int:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(self._door))
            line.send(word.encode() + b"\n")
            return int(line.recv(16))

    def by_command(self) -> Told:
        """From the spawn of a bare Python that asks the hub, to the last spoke's callback."""
        key = f"star{next(self._numbers)}"
        argv = [sys.executable, "-I", "-S", "-c", _COMMAND, str(self._door), key]
        began = time.monotonic_ns()
        subprocess.run(argv, check=True, timeout=ANSWER_S)
        return self._stamps.told(key, self._hosts[1:], began)

    def by_request(self) -> Told:
        """From the request's arrival at the hub to the last spoke's callback."""
        key = f"star{next(self._numbers)}"
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(self._door))
            began = time.monotonic_ns()
            line.send(key.encode() + b"\n")
            line.recv(16)
        return self._stamps.told(key, self._hosts[1:], began)
