"""Judges the space I am in, the versions in it, and who else is near."""

import re
from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import broken, said, well
from escalate_daemon.ipc.protocol import Check

_RESTART: Final = "escalate daemon restart"


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """`refusal`: why no session runs, and its mend; "" where one does. `others`: those who have not left."""

    name: str
    refusal: str
    mend: str
    others: int
    online: int
    other_spaces: int  # daemons near of other spaces, or of none


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """`mine` runs, `installed` lies on the disk; `others`: (label, version) of the members online."""

    mine: str
    installed: str
    others: tuple[tuple[str, str], ...] = ()


def judge_space(facts: SpaceFacts) -> Check:
    """Whether there is anybody to hear, and to be heard by."""
    if facts.refusal:
        return broken("space", facts.refusal, facts.mend)
    if not facts.others:
        return well("space", f"{facts.name}: nobody else is in it yet", "let others in: escalate invite")
    return well("space", f"{facts.name}: {facts.online} of {facts.others} others online")


def judge_neighbours(facts: SpaceFacts) -> Check:
    """Two people who both made a space never see each other: the newcomers' trap."""
    name = "neighbours"
    near = facts.other_spaces
    if not near:
        return well(name, "no daemon of another space is near")
    many = "1 daemon of another space (or of none) is" if near == 1 else f"{near} daemons of other spaces are"
    if facts.online:
        return well(name, f"{many} near; yours is not alone")
    return broken(
        name,
        f"{many} near, and nobody of yours: you may each have made a space of your own",
        "one of you types `escalate invite`, the other the line that it prints: escalate join esc1-...",
    )


def judge_versions(facts: VersionFacts) -> Check:
    """Whether all that talk to one another are the same version."""
    name = "versions"
    if facts.installed != facts.mine:
        return broken(name, f"the daemon runs {facts.mine}, but {facts.installed} is installed", _RESTART)
    differing = [(label, version) for label, version in facts.others if version != facts.mine]
    if not differing:
        return well(name, f"{facts.mine}, as everybody online" if facts.others else facts.mine)
    newest = max([facts.mine, *(version for _, version in differing)], key=_order)
    behind = [label for label, version in facts.others if version != newest]
    if facts.mine != newest:
        behind.insert(0, "this machine")
    told = [f"{label} runs {version or 'an unknown one'}" for label, version in differing]
    return broken(
        name,
        f"version {facts.mine} here, but {said(told)}",
        f"upgrade to {newest} and restart the daemon ({_RESTART}): {said(behind)}",
    )


def _order(version: str) -> tuple[int, ...]:
    """Versions by their numbers; what has none (`unknown`) comes first."""
    return tuple(map(int, re.findall(r"\d+", version)))
