"""Whether a player has somebody to play to, as far as its sockets tell. Costs a few system calls; never blocks.

A socket that takes us in proves no sound: only a ring does. One that does not proves that there will be none.
"""

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_ALSA_DEVICES: Final = Path("/dev/snd")


def may_play(program: str, env: Mapping[str, str], uid: int) -> bool:
    """Whether that player (of ours, on Linux) has a sound server or a device; True where it cannot be told."""
    if program == "paplay":
        return _pulse(env, uid)
    if program == "pw-play":
        return _pipewire(env, uid)
    if program == "aplay":  # its default device is often one of the servers
        return _has_device() or _pulse(env, uid) or _pipewire(env, uid)
    return True


def _pulse(env: Mapping[str, str], uid: int) -> bool:
    """PULSE_SERVER is a list of addresses: {machine}unix:/path, /path, tcp:HOST, HOST."""
    told = env.get("PULSE_SERVER", "").split()
    if told:
        addresses = [each.rpartition("}")[2].removeprefix("unix:") for each in told]
        return any(not each.startswith("/") or _takes_us_in(Path(each)) for each in addresses)
    folders = [Path(folder) / "pulse" for folder in _runtime(env, uid)]
    if own := env.get("PULSE_RUNTIME_PATH"):
        folders.insert(0, Path(own))
    if any(_takes_us_in(folder / "native") for folder in (*folders, Path("/var/run/pulse"))):
        return True
    return uid != 0 and shutil.which("pulseaudio", path=env.get("PATH")) is not None  # the player starts it


def _pipewire(env: Mapping[str, str], uid: int) -> bool:
    name = env.get("PIPEWIRE_REMOTE") or "pipewire-0"
    own = env.get("PIPEWIRE_RUNTIME_DIR")
    folders = [own] if own else _runtime(env, uid)
    return any(_takes_us_in(Path(folder) / name) for folder in folders)


def _runtime(env: Mapping[str, str], uid: int) -> list[str]:
    folders = [env.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}"]
    return list(dict.fromkeys(folder for folder in folders if folder))


def _has_device() -> bool:
    return any(_ALSA_DEVICES.glob("pcm*p"))


def _takes_us_in(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        line.setblocking(False)  # one that hangs with a full queue would hold us up
        try:
            line.connect(str(path))
        except OSError:
            return False
    return True
