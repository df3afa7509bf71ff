"""Judges what stands between a ring and a person's ears: the player, the sound server, mute and volume."""

from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import ago, broken, said, well
from escalate_daemon.ipc.protocol import Check

_PLAYER_MEND: Final = "install one: apt install pulseaudio-utils (paplay), pipewire-bin (pw-play) or alsa-utils (aplay)"
_SERVER_MEND: Final = (
    "start it: systemctl --user restart pipewire pipewire-pulse (or pulseaudio --start), "
    "then escalate daemon restart in that session"
)
_DUMMY: Final = "auto_null"  # PulseAudio's sink where no card was found: plays to nobody
_OFF: Final = "sound is switched off (notify.sound)"


@dataclass(frozen=True, slots=True)
class Mixer:
    """What a mixer program told. `server` None: nobody could be asked. `tool` "": there is none."""

    tool: str = ""
    server: bool | None = None
    words: str = ""
    device: str = ""
    muted: bool | None = None
    volume: int | None = None  # per cent


@dataclass(frozen=True, slots=True)
class LastRing:
    """How the last ring went, `age_s` ago."""

    well: bool
    reason: str
    age_s: float


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """`wanted`: the setting. `players`: programs on PATH. `trouble`: why the desk cannot sound; "" where it can."""

    wanted: bool
    players: tuple[str, ...]
    trouble: str
    mend: str
    mixer: Mixer
    last: LastRing | None = None


def judge_player(facts: SoundFacts) -> Check:
    """Whether there is a program that can play the ring."""
    name = "player"
    if not facts.wanted:
        return well(name, _OFF)
    if not facts.players:
        return broken(name, "no sound player is on PATH: a ring makes no sound", _PLAYER_MEND)
    return well(name, said(list(facts.players)))


def judge_sound(facts: SoundFacts) -> Check:
    """Whether what is played would be heard."""
    name, mixer = "sound", facts.mixer
    if not facts.wanted:
        return well(name, _OFF)
    if not facts.players:
        return well(name, "not looked at: there is no player")
    if mixer.server is False:
        why = f" ({mixer.tool}: {mixer.words})" if mixer.words else ""
        return broken(name, f"no sound server answers{why}: a ring makes no sound", _SERVER_MEND)
    if facts.trouble:
        return broken(name, facts.trouble, facts.mend or _SERVER_MEND)
    if mixer.device == _DUMMY:
        return broken(
            name, "the sound server has no loudspeaker (dummy output)", "connect one, or see: pactl list short sinks"
        )
    if mixer.muted:
        return broken(name, f"{_device(mixer)} is muted", _unmute(mixer.tool))
    if mixer.volume == 0:
        return broken(name, f"{_device(mixer)} is at volume zero", _louder(mixer.tool))
    if facts.last is not None and not facts.last.well:
        found = f"the last ring, {ago(facts.last.age_s)} ago, made no sound: {facts.last.reason}"
        return broken(name, found, "try it: escalate doctor --test")
    return well(name, _well(mixer))


def _well(mixer: Mixer) -> str:
    if mixer.server is None:
        return "mute and volume are not known: pactl, wpctl and amixer are not here" if not mixer.tool else mixer.words
    loud = "" if mixer.volume is None else f" at {mixer.volume} %"
    return f"{_device(mixer)}{loud}, not muted" if mixer.muted is False else f"{_device(mixer)}{loud}"


def _device(mixer: Mixer) -> str:
    return mixer.device or "the loudspeaker"


def _unmute(tool: str) -> str:
    return {
        "pactl": "pactl set-sink-mute @DEFAULT_SINK@ 0",
        "wpctl": "wpctl set-mute @DEFAULT_AUDIO_SINK@ 0",
        "amixer": "amixer set Master unmute",
    }.get(tool, "unmute it in the desktop's sound settings")


def _louder(tool: str) -> str:
    return {
        "pactl": "pactl set-sink-volume @DEFAULT_SINK@ 70%",
        "wpctl": "wpctl set-volume @DEFAULT_AUDIO_SINK@ 70%",
        "amixer": "amixer set Master 70%",
    }.get(tool, "turn it up in the desktop's sound settings")
