"""Judges what is kept on the disk: the store, the membership's file, and the room left for them."""

from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import broken, well
from escalate_daemon.ipc.protocol import Check

FREE_BYTES_MIN: Final = 16 * 1024 * 1024  # the database's log and the daemon's log, twice over
_MEND: Final = "free some space, or make the folder writable"
_FILE_MEND: Final = "let the disk take that file, or put it back from a backup; then: escalate daemon restart"


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """`warnings`: what could not be kept. `set_aside`: a file found damaged at this start. `free` None: unknown."""

    folder: str
    free: int | None
    writable: bool
    warnings: tuple[str, ...] = ()
    set_aside: str = ""
    old_damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """Who I am here. `kept` None: no membership. `mode`: of its file, None where it has none to judge."""

    label: str
    fingerprint: str
    file: str
    kept: bool | None
    mode: int | None
    warning: str = ""


def judge_store(facts: StoreFacts) -> Check:
    """Whether what must survive a restart does."""
    name = "store"
    if facts.set_aside:
        found = facts.set_aside.rpartition("; ")[0] or facts.set_aside
        return broken(name, found, "what others hold comes back by itself; look at the disk's health (dmesg, smartctl)")
    if facts.warnings:
        return broken(name, facts.warnings[0].partition("; ")[0], _MEND)
    if not facts.writable:
        return broken(name, f"{facts.folder} cannot be written", _MEND)
    if facts.free is not None and facts.free < FREE_BYTES_MIN:
        return broken(name, f"the disk of {facts.folder} is full, or nearly: {_megabytes(facts.free)} free", _MEND)
    room = "" if facts.free is None else f", {_megabytes(facts.free)} free"
    if facts.old_damage:
        advice = f"remove {facts.old_damage[-1]} once you do not want it looked at any more"
        return well(name, f"{facts.folder}{room}; a damaged database of earlier lies beside it", advice)
    return well(name, f"{facts.folder}{room}")


def judge_identity(facts: IdentityFacts) -> Check:
    """Whether this machine stays who it is."""
    name = "identity"
    if facts.warning:
        return broken(name, facts.warning, _FILE_MEND)
    if facts.kept is None:
        return well(name, "none yet: it is made with the space")
    who = f"{facts.label}, fingerprint {facts.fingerprint}"
    if not facts.kept:
        return broken(
            name,
            f"{who}: {facts.file} is gone or another's, so it ends with the daemon",
            f"put {facts.file} back from a backup, or join anew: escalate leave --forget, then escalate join CODE",
        )
    if facts.mode is not None and facts.mode & 0o077:
        return broken(name, f"{who}: others can read its key in {facts.file}", f"chmod 600 {facts.file}")
    return well(name, who)


def _megabytes(size: int) -> str:
    if size < 10 * 1024**3:
        return f"{size / 1024**2:.0f} MB"
    return f"{size / 1024**3:.0f} GB"
