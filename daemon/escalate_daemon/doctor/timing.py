"""Judges the clock. Nothing of ours depends on it, but its times are shown to people."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from escalate_daemon import clock
from escalate_daemon.doctor.check import ago, broken, well
from escalate_daemon.ipc.protocol import Check

EARLIEST: Final = 1_704_067_200.0  # 2024-01-01: this program did not exist before
APART_S: Final = 120.0  # a minute shown wrong misleads nobody; NTP keeps a machine within a second
JUMP_RECENT_S: Final = 3_600.0
_MEND: Final = "set it, and have it kept: timedatectl set-ntp true"


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """`wall`: Unix time. `others`: (label, how far ahead of mine, s). `jump`: (by, how long ago), s."""

    wall: float
    others: tuple[tuple[str, float], ...] = ()
    jump: tuple[float, float] | None = None


def judge_clock(facts: ClockFacts) -> Check:
    """Whether the wall clock can be believed."""
    name = "clock"
    told = clock.text(facts.wall)[:16].replace("T", " ") + " UTC"
    if facts.wall < EARLIEST:
        return broken(name, f"it says {told}, which has long passed", _MEND)
    if facts.others and abs(median(ahead for _, ahead in facts.others)) > APART_S:
        label, ahead = min(facts.others, key=lambda each: abs(each[1]))
        way = "behind" if ahead > 0 else "ahead of"
        whose = "its or this one is wrong" if len(facts.others) == 1 else "this one is wrong"
        return broken(name, f"it says {told}: {ago(abs(ahead))} {way} {label}'s; {whose}", _MEND)
    if facts.jump is not None and facts.jump[1] < JUMP_RECENT_S:
        by, since = facts.jump
        way = "ahead" if by > 0 else "back"
        return well(name, f"{told}; it was put {ago(abs(by))} {way} {ago(since)} ago", "if you did not do it: " + _MEND)
    agreed = f", as {len(facts.others)} of those asked have it" if facts.others else ""
    return well(name, f"{told}{agreed}")
