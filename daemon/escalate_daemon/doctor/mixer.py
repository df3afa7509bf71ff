"""Asks whichever mixer program is here: is there a sound server, is it muted, how loud is it."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.sounding import Mixer

LIMIT_S: Final = 3.0  # a live sound server answers in 10 ms; a hung one never
_SINK: Final = "@DEFAULT_SINK@"
_PIPEWIRE_SINK: Final = "@DEFAULT_AUDIO_SINK@"
_OUTPUT_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended. `exit` None: not in time, or it could not be started."""

    exit: int | None
    out: str
    words: str  # the last line of its standard error, or why there is none


async def ask_mixer() -> Mixer:
    """What the first mixer program that gets an answer says; `server` False where those here get none."""
    failed = Mixer()
    for tool, ask in (("pactl", _ask_pactl), ("wpctl", _ask_wpctl), ("amixer", _ask_amixer)):
        if shutil.which(tool) is None:
            continue
        told = await ask()
        if told.server:
            return told
        if not failed.tool:
            failed = told
    return failed


async def _ask_pactl() -> Mixer:
    info = await run("pactl", "info")
    if info.exit != 0:
        return Mixer("pactl", server=False, words=info.words)
    mute = await run("pactl", "get-sink-mute", _SINK)
    volume = await run("pactl", "get-sink-volume", _SINK)
    return read_pactl(info.out, mute.out, volume.out)


async def _ask_wpctl() -> Mixer:
    told = await run("wpctl", "get-volume", _PIPEWIRE_SINK)
    if told.exit != 0:
        return Mixer("wpctl", server=False, words=told.words)
    return read_wpctl(told.out)


async def _ask_amixer() -> Mixer:
    told = await run("amixer", "sget", "Master")
    if told.exit != 0:
        return Mixer("amixer", server=False, words=told.words)
    return read_amixer(told.out)


def read_pactl(info: str, mute: str, volume: str) -> Mixer:
    """From `pactl info`, `get-sink-mute` and `get-sink-volume`, in the C locale."""
    device = re.search(r"^Default Sink: (.*)$", info, re.MULTILINE)
    muted = re.search(r"^Mute: (yes|no)", mute, re.MULTILINE)
    return Mixer(
        "pactl",
        server=True,
        device=device[1].strip() if device else "",
        muted=muted[1] == "yes" if muted else None,
        volume=_loudest(volume),
    )


def read_wpctl(told: str) -> Mixer:
    """From `wpctl get-volume`: `Volume: 0.40 [MUTED]`."""
    volume = re.search(r"Volume: ([0-9.]+)", told)
    loud = round(float(volume[1]) * 100) if volume else None
    return Mixer("wpctl", server=True, muted="[MUTED]" in told, volume=loud)


def read_amixer(told: str) -> Mixer:
    """From `amixer sget Master`: lines with `[74%] [on]`."""
    switches = re.findall(r"\[(on|off)\]", told)
    muted = all(each == "off" for each in switches) if switches else None
    return Mixer("amixer", server=True, muted=muted, volume=_loudest(told))


def _loudest(told: str) -> int | None:
    return max(map(int, re.findall(r"(\d+)%", told)), default=None)


async def run(*argv: str) -> Said:
    """Run a short program to its end, in the C locale; killed after LIMIT_S."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        return Said(None, "", f"cannot be started: {error.strerror}")
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    except TimeoutError:
        return Said(None, "", f"no answer within {LIMIT_S:g} s")
    finally:
        await _end(process)
    return Said(process.returncode, out[:_OUTPUT_MAX].decode("utf-8", "replace"), _last_line(err))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        await process.communicate()


def _last_line(err: bytes) -> str:
    lines: Sequence[str] = err.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
