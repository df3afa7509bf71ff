import asyncio
import sys
import wave
from pathlib import Path

import pytest

from escalate_daemon.notify import sound, tone
from escalate_daemon.notify.sound import Player, Sound, SoundFailed
from support.sound_sink import level
from support.waiting import until

PYTHON = sys.executable


def player(code: str) -> Player:
    return Player(PYTHON, ("-I", "-c", code))


def test_the_shipped_file_is_the_tone_that_is_documented() -> None:
    with wave.open(str(sound.TONE)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, tone.RATE_HZ)
        frames = file.readframes(file.getnframes())
    shipped = [int.from_bytes(frames[at : at + 2], "little", signed=True) for at in range(0, len(frames), 2)]
    made = tone.samples()
    assert len(shipped) == len(made) == round(1.2 * tone.RATE_HZ)
    assert max(abs(a - b) for a, b in zip(shipped, made, strict=True)) <= 1  # another libm's last bit


def test_each_turn_holds_its_own_pitch_and_not_the_other() -> None:
    made = tone.samples()
    turn = tone.RATE_HZ * tone.TURN_MS // 1000
    low, high = made[:turn], made[turn : 2 * turn]
    for samples, own, other in ((low, tone.LOW_HZ, tone.HIGH_HZ), (high, tone.HIGH_HZ, tone.LOW_HZ)):
        assert level(samples, own, tone.RATE_HZ) > 0.4
        assert level(samples, other, tone.RATE_HZ) < 0.01


def test_it_never_clips() -> None:
    assert max(abs(sample) for sample in tone.samples()) <= 32768 * tone.PEAK


def test_exit_zero_alone_is_sounded() -> None:
    asyncio.run(Sound([player("pass")]).ring())
    with pytest.raises(SoundFailed, match="Connection refused") as caught:
        asyncio.run(Sound([player("import sys; sys.exit('Connection refused')")]).ring())
    assert "install" not in caught.value.mend, "the player is there: its server is not"


def test_the_next_player_is_tried_and_stays_first() -> None:
    async def scenario() -> str:
        made = Sound([player("import sys; sys.exit(1)"), Player("no-such-player"), player("pass")])
        await made.ring()
        return made._players[0].options[-1]

    assert asyncio.run(scenario()) == "pass"


def test_no_player_at_all_says_what_to_install() -> None:
    async def scenario() -> None:
        made = Sound([Player("no-such-player")])
        probe = await made.probe()
        assert not probe.usable
        assert probe.mend
        await made.ring()

    with pytest.raises(SoundFailed, match="no sound player on PATH"):
        asyncio.run(scenario())


def test_a_hung_player_is_killed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "PLAY_LIMIT_S", 0.5)
    with pytest.raises(SoundFailed, match="killed after"):
        asyncio.run(Sound([player("import time; time.sleep(600)")]).ring())


def test_after_a_failed_ring_it_is_dumb_until_silence_plays_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mended = tmp_path / "mended"
    code = f"import os, sys; sys.exit(not os.path.exists({str(mended)!r}) or 'silence' not in sys.argv[1])"

    async def scenario() -> None:
        made = Sound([player(code)])
        assert (await made.probe()).usable
        with pytest.raises(SoundFailed):
            await made.ring()
        mended.touch()
        assert not (await made.probe()).usable, "what failed a moment ago is not tried"
        assert made.last is not None
        assert not made.last.well
        monkeypatch.setattr(sound, "TRUST_FAILURE_S", 0.0)
        mended.unlink()
        assert not (await made.probe()).usable
        mended.touch()
        assert (await made.probe()).usable
        assert made.last is None

    asyncio.run(scenario())


def test_the_shipped_silence_is_silent() -> None:
    assert sound.SILENCE.read_bytes() == tone.silence()
    with wave.open(str(sound.SILENCE)) as file:
        assert not any(file.readframes(file.getnframes()))


def test_rings_sound_one_at_a_time_and_those_that_waited_together_are_one(tmp_path: Path) -> None:
    code = (
        "import os, sys; p = sys.argv[1] + '.dir/lock'; os.makedirs(p); "
        "open(sys.argv[1] + '.log', 'a').write('x'); os.rmdir(p)"
    )
    file = tmp_path / "tone"

    async def scenario() -> None:
        made = Sound([player(code)], file)
        await asyncio.gather(*(made.ring() for _ in range(5)))

    asyncio.run(scenario())
    assert (tmp_path / "tone.log").read_text(encoding="utf-8") == "xx"  # the first, and one for the four


def test_a_cancelled_ring_is_silent_at_once(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    code = f"import time; open({str(begun)!r}, 'w').close(); time.sleep(600)"

    async def scenario() -> None:
        ring = asyncio.create_task(Sound([player(code)]).ring())
        await asyncio.to_thread(until, begun.exists, "the player plays")
        ring.cancel()
        await asyncio.wait({ring})
        assert ring.cancelled()

    asyncio.run(scenario())
