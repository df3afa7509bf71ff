"""Judgements on bus, notification server, player, sound, and the test of all of them."""

from dataclasses import replace

import pytest

from escalate_daemon.doctor.desktop import BackEnd, DesktopFacts, judge_bus, judge_notifier
from escalate_daemon.doctor.mixer import read_amixer, read_pactl, read_wpctl
from escalate_daemon.doctor.sounding import LastRing, Mixer, SoundFacts, judge_player, judge_sound
from escalate_daemon.doctor.trial import Outcome, judge_test_popup, judge_test_sound
from escalate_daemon.notify.base import Server

DUNST = Server("dunst", "knopwob", "1.9", ("body", "actions"), answers=True)
BY_BUS = BackEnd("freedesktop", usable=True, found="dunst 1.9 on the session bus", mend="")
TERMINAL = BackEnd("terminal", usable=False, found="no terminal takes messages", mend="log in to a terminal")
DESK = DesktopFacts("", "freedesktop", "popup", (BY_BUS, TERMINAL), "unix:path=/b", "unix:path=/b", DUNST)
DEAD = replace(BY_BUS, usable=False, found="the session bus at unix:path=/b cannot be reached", mend="start it inside")
NO_SERVER = replace(BY_BUS, usable=False, found="no notification server", mend="start a notification server")
LOUD = Mixer("pactl", server=True, device="alsa_output", muted=False, volume=74)
SOUND = SoundFacts(wanted=True, players=("paplay",), trouble="", mend="", mixer=LOUD)


def test_whole_desk_is_well() -> None:
    assert judge_bus(DESK).ok
    check = judge_notifier(DESK)
    assert check.ok
    assert check.found == "dunst 1.9 answers, and can: actions and body"


def test_server_without_actions_is_noted() -> None:
    assert "actions" in (judge_notifier(replace(DESK, server=replace(DUNST, capabilities=()))).mend or "")


def test_dead_bus_is_named_with_its_mend() -> None:
    check = judge_bus(replace(DESK, taken="", hears="none", back_ends=(DEAD, TERMINAL), bus="", server=None))
    assert not check.ok
    assert "cannot be reached" in check.found
    assert "log in" in (check.mend or "")


def test_no_bus_at_all_is_broken_unless_terminals_are_written_to() -> None:
    none = replace(DESK, taken="", hears="none", bus_told="", bus="", server=None)
    assert not judge_bus(none).ok
    typing = replace(none, taken="terminal", hears="terminal")
    assert judge_bus(typing).ok
    assert judge_notifier(typing).ok


def test_hung_server_is_named() -> None:
    check = judge_notifier(replace(DESK, taken="", hears="none", server=replace(DUNST, answers=False)))
    assert not check.ok
    assert "dunst" in check.found
    assert "hangs" in check.found
    assert check.mend


def test_no_server_is_named_with_what_starts_one() -> None:
    check = judge_notifier(replace(DESK, taken="", hears="none", back_ends=(NO_SERVER, TERMINAL), server=None))
    assert not check.ok
    assert "no notification server" in check.found
    assert check.mend == "start a notification server"


def test_terminals_in_the_place_of_a_desktop_that_is_told_of_are_broken() -> None:
    facts = replace(DESK, taken="terminal", hears="terminal", back_ends=(NO_SERVER, TERMINAL), server=None)
    assert not judge_notifier(facts).ok


def test_notifier_forced_to_the_log_is_broken_and_one_forced_to_a_terminal_is_not() -> None:
    assert not judge_notifier(replace(DESK, forced="log", taken="log", back_ends=(), server=None)).ok
    forced = BackEnd("terminal:-", usable=True, found="standard output", mend="")
    facts = DesktopFacts("terminal:-", "terminal:-", "terminal", (forced,), "", "", None)
    assert judge_notifier(facts).ok
    assert judge_bus(facts).ok


def test_unknown_notifier_is_named() -> None:
    assert not judge_notifier(replace(DESK, warning="there is no notifier 'x'")).ok


def test_sound_that_plays_is_well() -> None:
    assert judge_player(SOUND).ok
    assert judge_sound(SOUND).found == "alsa_output at 74 %, not muted"


def test_missing_player_is_named_once() -> None:
    facts = replace(SOUND, players=())
    assert "paplay" in (judge_player(facts).mend or "")
    assert judge_sound(facts).ok


@pytest.mark.parametrize(
    ("facts", "found", "mend"),
    [
        (replace(SOUND, mixer=Mixer("pactl", server=False, words="refused")), "no sound server", "systemctl --user"),
        (replace(SOUND, mixer=replace(LOUD, muted=True)), "muted", "set-sink-mute"),
        (replace(SOUND, mixer=replace(LOUD, volume=0)), "volume zero", "set-sink-volume"),
        (replace(SOUND, mixer=replace(LOUD, device="auto_null")), "no loudspeaker", "connect"),
        (replace(SOUND, last=LastRing(well=False, reason="paplay: no", age_s=120)), "2 min ago", "--test"),
        (replace(SOUND, trouble="no sound server", mend="start one"), "no sound server", "start one"),
    ],
)
def test_silence_names_cause_and_mend(facts: SoundFacts, found: str, mend: str) -> None:
    check = judge_sound(facts)
    assert not check.ok
    assert found in check.found
    assert mend in (check.mend or "")


@pytest.mark.parametrize(
    "facts",
    [
        replace(SOUND, wanted=False, players=()),
        replace(SOUND, mixer=Mixer()),
        replace(SOUND, mixer=Mixer("wpctl", server=True)),
        replace(SOUND, last=LastRing(well=True, reason="", age_s=1)),
    ],
)
def test_what_is_wanted_silent_or_not_known_is_not_broken(facts: SoundFacts) -> None:
    assert judge_player(facts).ok
    assert judge_sound(facts).ok


def test_mixers_are_read() -> None:
    info = "Server Name: pulseaudio\nDefault Sink: desk\nDefault Source: x\n"
    volume = "Volume: front-left: 19660 /  30% / -31.37 dB,   front-right: 26214 /  40% / -23.88 dB\n"
    assert read_pactl(info, "Mute: yes\n", volume) == Mixer("pactl", server=True, device="desk", muted=True, volume=40)
    assert read_pactl(info, "", "") == Mixer("pactl", server=True, device="desk")
    assert read_wpctl("Volume: 0.45 [MUTED]\n") == Mixer("wpctl", server=True, muted=True, volume=45)
    assert read_wpctl("Volume: 1.00\n") == Mixer("wpctl", server=True, muted=False, volume=100)
    told = "  Front Left: Playback 47776 [73%] [on]\n  Front Right: Playback 47776 [74%] [off]\n"
    assert read_amixer(told) == Mixer("amixer", server=True, muted=False, volume=74)
    assert read_amixer("Mono: Playback 0 [0%] [off]") == Mixer("amixer", server=True, muted=True, volume=0)


def test_trial_that_went_well_is_well() -> None:
    outcome = Outcome("popup", "", "paplay", "", wanted=True)
    assert judge_test_popup(outcome).ok
    assert judge_test_sound(outcome).ok


def test_trial_that_failed_says_why() -> None:
    outcome = Outcome("", "freedesktop: it hangs; restart it", "", "paplay: exit 1", wanted=True)
    assert judge_test_popup(outcome).mend == "restart it"
    assert "exit 1" in judge_test_sound(outcome).found
    assert not judge_test_sound(outcome).ok
    assert judge_test_sound(replace(outcome, wanted=False)).ok
