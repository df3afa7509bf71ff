"""The composition root: finds the surroundings, builds every part, runs them in one TaskGroup, ends them in order."""

import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Final

from escalate_daemon import config as settings
from escalate_daemon import logs, paths, surroundings
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.doctor.watch import Watch
from escalate_daemon.hooking import Hooking
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.ipc.listener import AlreadyServed
from escalate_daemon.ipc.protocol import EXITS, JoinRequest, RequestFailed
from escalate_daemon.ipc.server import Server
from escalate_daemon.manners import keep_hours
from escalate_daemon.paths import Paths
from escalate_daemon.presence import PresenceWatch
from escalate_daemon.pressing import Pressing
from escalate_daemon.requests import joining
from escalate_daemon.requests.answer import Answers
from escalate_daemon.screen import Screen
from escalate_daemon.starting import CannotStart, running_already

log = logging.getLogger(__name__)

AUTO_JOIN_EVERY_S: Final = 30.0  # a site's invite is tried until somebody who knows it is near


async def serve(where: Paths, unlocked: str | None) -> int:
    """Be the daemon until told to stop; the exit code. `unlocked`: why there is no lock. CannotStart."""
    warnings = Warnings()
    config, wrong = settings.load(where)
    warnings.set("log", logs.start(where.log_file, config.daemon.log_level, to_stderr=sys.stderr.isatty()))
    warnings.set("config", "; ".join(wrong) or None)
    warnings.set("lock", unlocked)
    around = surroundings.look(where, config, os.environ, warnings.set)
    screen = Screen(around.notifier, warnings.set, sound=config.notify.sound)
    daemon = Daemon(around, screen, warnings)
    server = Server(lambda: _socket(where), Answers(daemon))
    daemon.socket = lambda: server.address
    daemon.socket_mended = lambda: server.mended
    watch = Watch(daemon)
    daemon.clock_jump = lambda: watch.jump
    _stop_on_signals(daemon)
    try:
        await _open_door(server)  # who knocks now is answered once the session stands
        async with asyncio.TaskGroup() as group:
            working = group.create_task(screen.run(), name="screen")
            remembering = group.create_task(daemon.history.run(), name="history")
            beside = _beside(daemon, group)
            await asyncio.sleep(0)  # they follow before the first session has news
            await daemon.begin()
            _settle()
            log.info("ready: pid %d, %s", os.getpid(), server.address)
            joining_in = group.create_task(_join_the_site(daemon), name="auto-join")
            watching = group.create_task(watch.run(), name="watch")
            await daemon.stopped()
            joining_in.cancel()
            watching.cancel()
            for task in beside:
                task.cancel()
            await server.aclose()
            await daemon.end()
            remembering.cancel()  # after the session, so that what its end told is kept
            working.cancel()
    finally:
        around.store.close()
        log.info("stopped")
        logs.stop()
    return 0


def _beside(daemon: Daemon, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    """What runs beside the sessions, whichever is on."""
    pressing = Pressing(daemon)
    daemon.screen.tell_presses(pressing.press)
    works = {
        "hooks": Hooking(daemon).run(),
        "presence": PresenceWatch(daemon).run(),
        "pressing": pressing.run(),
        "quiet-hours": keep_hours(daemon.config, daemon.set_policy),
    }
    return [group.create_task(work, name=name) for name, work in works.items()]


def _settle() -> None:
    """Loaded and built: what stands now stays, so no later collection pauses a red to go through it all."""
    gc.freeze()
    gc.enable()


def _socket(where: Paths) -> Path:
    """Where clients look for the door now: a login or logout may have moved the runtime folder."""
    try:
        return paths.find(os.environ).socket
    except (paths.PathsError, OSError):
        return where.socket


async def _open_door(server: Server) -> None:
    try:
        await server.start()
    except AlreadyServed as error:
        raise running_already() from error
    except EndpointError as error:
        raise CannotStart(str(error), EXITS["no-daemon"]) from error


async def _join_the_site(daemon: Daemon) -> None:
    """Join by the invite that the site's settings give every machine, where nobody has decided otherwise."""
    code = daemon.config.space.join
    while code and daemon.membership is None and not daemon.standing.left:
        try:
            await joining.join(daemon, JoinRequest(code=code))
            daemon.warn("auto-join", None)
        except RequestFailed as refused:
            daemon.warn("auto-join", f"space.join of the config: {refused.failure.message}")
            await asyncio.sleep(AUTO_JOIN_EVERY_S)


def _stop_on_signals(daemon: Daemon) -> None:
    """Orderly: the others see a closed link."""
    if sys.platform == "win32":  # read, not run
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(daemon.stop))
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, daemon.stop)
