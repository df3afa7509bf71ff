"""One host of the star: the hub, or a spoke whose connection to the hub stays open. A program; see main's options.

The hub takes lines on a local socket: `count` is answered with the number of spokes; any other word is a key: it
sends every spoke that key, filled up to SIZE bytes, and answers with their number. A spoke stamps each key it has
whole (stamps.py).
"""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import star_keys


class Hub:
    """The spokes that are connected."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._spokes: list[asyncio.Transport] = []

    def joined(self) -> asyncio.Protocol:
        """For a spoke's connection."""
        return HubEnd(self._spokes)

    def asked(self) -> asyncio.Protocol:
        """For the bench's own connection."""
        return Door(self)

    def send(self, key: bytes) -> int:
        """Send it to all; to how many. `count` is sent to nobody."""
        if key != b"count":
            data = key.ljust(self._size, b".")
            for spoke in self._spokes:
                spoke.write(data)
        return len(self._spokes)


class HubEnd(asyncio.Protocol):
    """The hub's end of a spoke."""

    def __init__(self, spokes: list[asyncio.Transport]) -> None:
        self._spokes = spokes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._spokes.append(transport)


class Door(asyncio.Protocol):
    """Lines from the bench."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        count = self._hub.send(data.strip())
        self._transport.write(b"%d\n" % count)


class Spoke(asyncio.Protocol):
    """Stamps what it gets."""

    def __init__(self, size: int, stamps: int, name: str, gone: asyncio.Event) -> None:
        self._size = size
        self._stamps = stamps
        self._name = name
        self._gone = gone
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while len(self._held) >= self._size:
            key, self._held = self._held[: self._size].rstrip(b".").decode(), self._held[self._size :]
            os.write(self._stamps, f"{time.monotonic_ns()} {self._name} {key}\n".encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()


async def be_hub(told: argparse.Namespace) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    hub = Hub(told.size)
    secure = star_keys.context(told.keys, server=True)
    spokes = await loop.create_server(hub.joined, told.address, told.port, ssl=secure)
    door = await loop.create_unix_server(hub.asked, told.door)
    await asyncio.gather(spokes.serve_forever(), door.serve_forever())


async def be_spoke(told: argparse.Namespace) -> None:
    """Stay connected until the hub goes."""
    gone = asyncio.Event()
    stamps = os.open(told.stamps, os.O_WRONLY | os.O_APPEND)
    secure = star_keys.context(told.keys, server=False)
    await asyncio.get_running_loop().create_connection(
        lambda: Spoke(told.size, stamps, told.name, gone), told.address, told.port, ssl=secure
    )
    await gone.wait()


def main() -> None:
    """Read the options and be it."""
    parser = argparse.ArgumentParser(description="one host of the star")
    parser.add_argument("part", choices=("hub", "spoke"))
    parser.add_argument("--address", required=True, help="of the hub")
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--keys", required=True, type=Path, help="key and certificate, PEM")
    parser.add_argument("--size", required=True, type=int, help="bytes of one message")
    parser.add_argument("--door", help="the hub's local socket")
    parser.add_argument("--stamps", type=Path, help="a spoke's file of moments")
    parser.add_argument("--name", help="a spoke's host")
    told = parser.parse_args()
    asyncio.run(be_hub(told) if told.part == "hub" else be_spoke(told))


if __name__ == "__main__":
    main()
