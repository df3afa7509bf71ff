"""One machine's person, as its own committed slots and its own commands tell: groups, presence, whom it keeps out."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots
from escalate_daemon.core.commands import Command, Mute, SetPolicy, Unmute
from escalate_daemon.core.ids import fold
from escalate_daemon.core.policy import Policy

QUIETNESS = Mute | Unmute | SetPolicy


@dataclass(slots=True)
class Person:
    """Times in ms. `unsettled`: what it keeps out is about to change, or nobody can say whether it has."""

    groups: dict[str, int] = field(default_factory=dict)  # folded -> worn since, ms
    presence: str = slots.AVAILABLE
    room: str = ""
    presence_at: int = 0  # when presence or room last changed
    forked: bool = False  # its disk was lost or set back
    awake_at: int = 0  # when its daemon started or woke
    started_at: int = 0
    down_at: int | None = None
    down_spans: list[tuple[int, int]] = field(default_factory=list)
    restored_at: int = -1
    policy: Policy = field(default_factory=Policy)
    mutes: dict[str, int | None] = field(default_factory=dict)  # word, folded -> until, None: until it is taken back
    quiet_at: int = 0  # when what it keeps out last changed
    unsettled: bool = False
    mute_doubt: bool = False

    @property
    def left(self) -> bool:
        """Whether it left the space."""
        return self.presence == slots.LEFT

    # --- What it keeps out -------------------------------------------------------------------------
    def told(self, command: Command) -> None:
        """A command is about to be carried out."""
        self.unsettled |= isinstance(command, QUIETNESS)

    def did(self, command: Command, now: int) -> None:
        """It was carried out, and its daemon lives."""
        if not isinstance(command, QUIETNESS):
            return
        self.unsettled = False
        before = (self.policy.quiet, self.policy.muted, self.policy.allowed, dict(self.mutes))
        match command:
            case Mute(who, lasts):
                self.mutes[fold(who)] = None if lasts is None else now + lasts
            case Unmute("all"):
                self.mutes.clear()
                self.mute_doubt = False
            case Unmute(who):
                self.mutes.pop(fold(who), None)
            case SetPolicy(policy):
                self.policy = policy
        if before != (self.policy.quiet, self.policy.muted, self.policy.allowed, self.mutes):
            self.quiet_at = now

    def stopped(self) -> None:
        """Its daemon died, perhaps in the very step that was to mute somebody; and how long a mute lasts is now the
        wall's word.
        """
        self.mute_doubt |= self.unsettled or any(until is not None for until in self.mutes.values())
        self.policy = Policy()

    def _words(self, now: int) -> set[str]:
        over = [until for until in self.mutes.values() if until is not None and until <= now]
        if over:
            self.quiet_at = max(self.quiet_at, *over)
            self.mutes = {w: until for w, until in self.mutes.items() if until is None or until > now}
        return {*self.mutes, *map(fold, self.policy.muted)}

    def is_sure(self) -> bool:
        """Whether the next two can be answered."""
        return not self.unsettled and not self.mute_doubt

    def keeps_out(self, name: str, now: int) -> bool:
        """Whether nothing of a member of this name comes up here."""
        words = self._words(now)
        if fold(name) in words:
            return True
        return (self.policy.quiet or "all" in words) and fold(name) not in map(fold, self.policy.allowed)

    def silences(self, word: str, now: int) -> bool:
        """Whether what names this word does not ring here for it."""
        return fold(word) in self._words(now)
