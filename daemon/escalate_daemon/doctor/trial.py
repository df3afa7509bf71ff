"""Judges what came of `doctor --test`: a real pop-up and the real tone, by the way of a ring."""

from dataclasses import dataclass

from escalate_daemon.doctor.check import broken, parted, well
from escalate_daemon.ipc.protocol import Check
from escalate_daemon.wording import Words

WORDS = Words("TEST of a ring: no escalation", "escalate doctor --test: you should see this and hear the tone")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`shown`: popup or terminal, "" with the reason. `sounded`: the player, "" with the reason."""

    shown: str
    not_shown: str
    sounded: str
    not_sounded: str
    wanted: bool  # sound


def judge_test_popup(outcome: Outcome) -> Check:
    """Whether the test came before the person's eyes."""
    name = "test-popup"
    if not outcome.shown:
        return broken(name, *parted(outcome.not_shown or "nothing took it", "see the notifier check"))
    if outcome.shown == "terminal":
        return well(name, "a line was written to your terminals")
    return well(name, "the notification server took it: it is on the screen now")


def judge_test_sound(outcome: Outcome) -> Check:
    """Whether the player ended well, which is all that a program can know."""
    name = "test-sound"
    if not outcome.wanted:
        return well(name, "not played: sound is switched off (notify.sound)")
    if not outcome.sounded:
        return broken(name, *parted(outcome.not_sounded or "nothing played it", "see the player and sound checks"))
    return well(name, f"{outcome.sounded} played it to the end; if you heard nothing, look at the loudspeaker")
