"""Do-not-disturb on this machine: the recipient's policy wins, and who mutes whom is published nowhere.

What the settings say and what was muted by hand stand side by side. A mute by hand outlives a restart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from escalate_daemon.core import tuning
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.ids import fold
from escalate_daemon.core.naming import Person, find_members
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.slots import Body, Target

MUTES: Final = b"mutes"  # the store's key
ALL: Final = "all"


class _Kept(Body, frozen=True):
    """One mute as stored. `left` in ms when it was stored, -1: until it is taken back."""

    who: str
    left: int = -1


@dataclass(frozen=True, slots=True)
class MuteView:
    """One thing muted by hand. `left` in ms, None: until it is taken back."""

    who: str
    left: int | None


class Quietness:
    """Whom this machine keeps out. `changed` is called when that may be others."""

    def __init__(self, ctx: Context, changed: Callable[[], None]) -> None:
        self._ctx = ctx
        self._changed = changed
        self._until: dict[str, int | None] = {}
        self.policy = Policy()

    def load(self, stored: Stored | None) -> None:
        """Take over what an earlier run had muted; what is over by then is left out."""
        if stored is None:
            return
        try:
            kept = msgspec.msgpack.decode(stored.value, type=tuple[_Kept, ...])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        for each in kept[: tuning.MUTES_MAX]:
            if each.left < 0 or each.left > stored.age:
                self._until[each.who] = None if each.left < 0 else self._ctx.now + each.left - stored.age

    # --- What the person says ----------------------------------------------------------------------
    def set_policy(self, policy: Policy) -> None:
        """The settings, or a quiet hour that begins or ends. Said at each start: a mute may have ended while down."""
        self.policy = policy
        self._changed()

    def mute(self, who: str, lasts: int | None) -> None:
        """Mute a WHO word, or all; again: with the new time. `lasts` in ms. Raises CommandRefused."""
        if lasts is not None and not 0 < lasts <= tuning.AGE_MAX:
            raise CommandRefused(Refusal.USAGE, "a mute lasts from a moment up to ten years", "as in: --for 2h")
        self._drop(who, fold)
        if len(self._until) >= tuning.MUTES_MAX:
            raise CommandRefused(Refusal.NOT_ALLOWED, f"{tuning.MUTES_MAX} are muted already", "`escalate unmute`")
        self._until[who] = None if lasts is None else self._ctx.now + lasts
        self._keep()

    def unmute(self, who: str) -> bool:
        """Take a mute back, `all` every one; False where there was none."""
        before = len(self._until)
        if _bare(who) == ALL:
            self._until.clear()
        elif not self._drop(who, fold):
            self._drop(who, _bare)
        if len(self._until) == before:
            return False
        self._keep()
        return True

    def _drop(self, who: str, like: Callable[[str], str]) -> bool:
        """A group and a member may bear one name: only where the very word is not there, '@' makes no difference."""
        dropped = [word for word in self._until if like(word) == like(who)]
        for word in dropped:
            del self._until[word]
        return bool(dropped)

    def muted(self) -> tuple[MuteView, ...]:
        """What is muted by hand now."""
        self._expire()
        return tuple(
            MuteView(who, None if until is None else max(0, until - self._ctx.now))
            for who, until in self._until.items()
        )

    # --- What follows ------------------------------------------------------------------------------
    @property
    def undisturbed(self) -> bool:
        """Whether everybody is kept out who is not let through."""
        self._expire()
        return self.policy.quiet or ALL in self._until

    def keeps_out(self, owner: Person) -> bool:
        """Whether nothing of this owner is to come up here now. Who is muted by name is not let through either."""
        words = self._words()
        if any(not word.startswith("@") and find_members(word, [owner]) for word in words):
            return True
        return self.undisturbed and not any(_is(word, owner) for word in self.policy.allowed)

    def silences(self, target: Target) -> bool:
        """Whether what names this word is not to ring here for it."""
        return bool(target.word) and any(fold(word) == fold(target.word) for word in self._words())

    def _words(self) -> list[str]:
        self._expire()
        return [*self.policy.muted, *(word for word in self._until if word != ALL)]

    def _expire(self) -> None:
        over = [who for who, until in self._until.items() if until is not None and until <= self._ctx.now]
        for who in over:
            del self._until[who]
        if over:
            self._keep()

    def follow(self) -> None:
        """Let go of mutes whose time is over."""
        self._expire()

    def next_deadline(self) -> int | None:
        """When the next mute is over."""
        return min((until for until in self._until.values() if until is not None), default=None)

    def _keep(self) -> None:
        kept = tuple(_Kept(each, -1 if until is None else until - self._ctx.now) for each, until in self._until.items())
        self._ctx.emit(Store(Bucket.META, MUTES, msgspec.msgpack.encode(kept) if kept else None))
        self._changed()


def _bare(word: str) -> str:
    return fold(word.strip().removeprefix("@"))


def _is(word: str, person: Person) -> bool:
    """Whether a WHO word means this person: by a group it wears, or by name with or without '@'."""
    if word.startswith("@") and any(fold(group) == fold(word[1:]) for group in person.groups):
        return True
    return bool(find_members(word.removeprefix("@"), [person]))
