"""Our tone through a real player into a real sound server, recorded from its monitor."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from escalate_daemon.notify import tone
from escalate_daemon.notify.sound import Player, Sound, SoundFailed
from support.need import need_tools
from support.sound_sink import SoundSink
from support.waiting import until

pytestmark = pytest.mark.end_to_end


def test_the_ring_is_heard_at_its_two_pitches_and_silence_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    need_tools("pulseaudio", "paplay", "parecord")
    with tempfile.TemporaryDirectory(prefix="escs") as name, SoundSink(Path(name)) as sink:
        for key, value in sink.env.items():
            monkeypatch.setenv(key, value)
        start = sink.position()
        until(lambda: sink.position() > start + 8000, "half a second was recorded")
        assert sink.loudest() == 0.0
        before = sink.position()
        asyncio.run(Sound([Player("paplay")]).ring())
        until(lambda: sink.heard(tone.LOW_HZ, before), "the low pitch is heard")
        until(lambda: sink.heard(tone.HIGH_HZ, before), "the high pitch is heard")
        assert not sink.heard(1000, before)
        assert 0.3 < sink.loudest(before) < 0.7


def test_a_player_without_a_server_has_not_sounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_tools("paplay")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    with pytest.raises(SoundFailed, match="Connection refused"):
        asyncio.run(Sound([Player("paplay")]).ring())
