"""A daemon of answers written beforehand, behind the real local API server, on a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.ipc.server import Server

Answer = protocol.AnyReply | RequestFailed


@dataclass
class Script:
    """What is answered to each kind of request, and what was asked."""

    answers: dict[type[protocol.Request], Answer] = field(default_factory=dict)
    events: Sequence[protocol.Event] = ()
    stays: bool = True  # the watch stream goes on, silent, after its events
    asked: list[protocol.AnyRequest] = field(default_factory=list)
    watchers: int = 0

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        self.asked.append(request)
        answer = self.answers[type(request)]
        if isinstance(answer, RequestFailed):
            raise answer
        return answer

    async def watch(self) -> AsyncIterator[protocol.Event]:
        self.watchers += 1
        try:
            for event in self.events:
                yield event
            if self.stays:
                await asyncio.Event().wait()
        finally:
            self.watchers -= 1


async def holds(true: Callable[[], bool]) -> None:
    """Wait, within the event loop, until it holds."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  no event tells of any condition whatever
            await asyncio.sleep(0.01)  # between two looks


@contextmanager
def serving(path: Path, script: Script) -> Iterator[None]:
    """The script answers at `path` within the block."""
    ready, over = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        server = Server(lambda: path, script)
        await server.start()
        loops.append(asyncio.get_running_loop())
        ready.set()
        await over.wait()
        await server.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    failures: list[BaseException] = []

    def thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            ready.set()

    running = threading.Thread(target=thread)
    running.start()
    assert ready.wait(60)
    try:
        assert not failures, failures
        yield
    finally:
        if loops and running.is_alive():
            loops[0].call_soon_threadsafe(over.set)
        running.join(60)
        assert not running.is_alive()
        assert not failures, failures
