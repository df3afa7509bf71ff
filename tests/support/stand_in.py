"""A stand-in for the daemon's program: takes the daemon's lock, answers status and stop, and no more.

Arguments: the file in which each one that served leaves a line; the seconds before it answers; or `die`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import filelock

from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.server import Server
from support.objects import running


class StandIn:
    """Answers status and stop."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        if isinstance(request, protocol.DaemonStopRequest):
            self.over.set()
        if isinstance(request, protocol.ListRequest):
            return protocol.ListReply(escalations=[])
        return running()

    async def watch(self) -> AsyncIterator[protocol.Event]:
        yield protocol.Event(event="ready")
        await self.over.wait()


async def serve(where: paths.Paths, delay_s: float) -> None:
    stand_in = StandIn()
    server = Server(lambda: where.socket, stand_in)
    await asyncio.sleep(delay_s)  # as a slow machine would
    await server.start()
    await stand_in.over.wait()
    await server.aclose()


def main(record: str, how: str) -> int:
    import os

    where = paths.find(os.environ)
    if how == "die":
        sys.stderr.write("first words\nthe disk has melted\n +----\n")
        return 1
    if how == "explain":
        where.start_error_file.write_text("the port is taken\n")
        return 1
    where.lock_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(where.lock_file, timeout=0):
            with Path(record).open("a") as file:
                file.write("served\n")
            asyncio.run(serve(where, float(how)))
    except filelock.Timeout:
        return 7
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
