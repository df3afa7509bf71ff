"""Names: what a WHO word means to the sender, and who is meant by it.

A bare word is a member's name and is signed as ids; words with @ are signed as words, and each receiver judges
them by its own slots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core import slots, text, tuning
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.ids import MemberId, fold
from escalate_daemon.core.labels import poses
from escalate_daemon.core.slots import Target
from escalate_daemon.core.views import Why

EVERYONE: Final = "@everyone"
HERE: Final = "@here"
ROOM_PREFIX: Final = "@room:"


@dataclass(frozen=True, slots=True)
class Person:
    """What naming needs to know of one member."""

    id: MemberId
    name: str
    host: str
    groups: tuple[str, ...]
    presence: str
    room: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What WHO words come to: targets to sign, who is meant as seen here, and what the person should know."""

    targets: tuple[Target, ...]
    meant: frozenset[MemberId]
    warnings: tuple[str, ...]


def find_members(word: str, people: Sequence[Person]) -> list[Person]:
    """All members that a word without @ means: by name, name@host, label, or member id."""
    bare = fold(word)
    found = [p for p in people if fold(p.name) == bare and not poses(p.name)]
    if found:
        return found
    return [
        p
        for p in people
        if bare in (fold(f"{p.name}@{p.host}"), fold(p.label))
        or bare == p.id.hex()
        or bare == f"{fold(p.name)}~{p.id.hex()[:4]}"
    ]


def plan(words: Sequence[str], people: Sequence[Person], me: MemberId) -> Plan:
    """Resolve WHO words. Raises CommandRefused: an unknown bare name, nobody but me, or too many."""
    targets: dict[Target, None] = {}
    warnings: list[str] = []
    for word in words:
        for target in _resolve(word.strip(), people, me, warnings):
            targets[target] = None
    wordy = sum(1 for target in targets if target.word)
    if len(targets) > tuning.TARGETS_MAX or wordy > tuning.WORD_TARGETS_MAX:
        raise CommandRefused(
            Refusal.USAGE,
            f"too many named: {len(targets)}, of them {wordy} words",
            f"at most {tuning.TARGETS_MAX}, of them {tuning.WORD_TARGETS_MAX} words; name a group instead",
        )
    meant = frozenset(p.id for p in people if p.id != me and any(means(t, p) for t in targets))
    return Plan(tuple(targets), meant, tuple(warnings))


def means(target: Target, person: Person) -> bool:
    """Whether the sender's view of this person is meant by the target; the receiver's own judgement decides."""
    if not target.word:
        return target.member == person.id
    word = fold(target.word)
    if word == EVERYONE:
        return person.presence != slots.LEFT
    if word == HERE:
        return person.presence == slots.AVAILABLE
    if word.startswith(ROOM_PREFIX):
        return person.presence == slots.ROOM and fold(person.room) == word.removeprefix(ROOM_PREFIX)
    return any(fold(group) == word[1:] for group in person.groups)


def _resolve(word: str, people: Sequence[Person], me: MemberId, warnings: list[str]) -> list[Target]:
    if not word.startswith("@"):
        return _resolve_name(word, people, me)
    folded = fold(word)
    if folded in (EVERYONE, HERE):
        return [Target(word=folded)]
    try:
        if folded.startswith(ROOM_PREFIX):
            return [Target(word="@room:" + text.normalise_label(word[len(ROOM_PREFIX) :], "room"))]
        worn = any(fold(group) == folded[1:] for p in people for group in p.groups)
        named = [] if worn else find_members(word[1:], people)
        if named:
            return _targets(named, word, me)
        group = text.normalise_label(word[1:], "group")
    except text.TextRefused as error:
        raise CommandRefused(Refusal.USAGE, f"{word!r}: {error.reason}") from error
    if not worn:
        near = _nearest(word[1:], people)
        warnings.append(f"nobody is in {word} now{near and f'; did you mean {near}?'}")
    return [Target(word="@" + group)]


def _resolve_name(word: str, people: Sequence[Person], me: MemberId) -> list[Target]:
    found = find_members(word, people)
    if found:
        return _targets(found, word, me)
    near = _nearest(word, people)
    raise CommandRefused(
        Refusal.UNKNOWN_NAME,
        f"nobody is called {word!r} here",
        f"did you mean {near}?" if near else "`escalate who` lists the members; groups are written @group",
    )


def _targets(found: list[Person], word: str, me: MemberId) -> list[Target]:
    others = [p for p in found if p.id != me]
    if not others:
        raise CommandRefused(
            Refusal.UNKNOWN_NAME, f"{word!r} is you, and nobody else", "`escalate who` lists the others"
        )
    return [Target(member=p.id) for p in others]


def _nearest(word: str, people: Sequence[Person]) -> str:
    groups = {f"@{group}" for p in people for group in p.groups}
    return " or ".join(text.nearest(word, sorted({p.label for p in people} | groups)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a hand names me, and what keeps it from ringing."""

    named: bool
    why: Why | None = None


def judge(named: Sequence[Target], me: Person, *, available_for: int | None, hand_age: int) -> Verdict:
    """The receiver's judgement by its own slots. By name always rings; words not while busy.

    `available_for` (ms) is how long I have been available, None: I am not.
    """
    if any(target.member == me.id for target in named if not target.word):
        return Verdict(named=True)
    why: Why | None = None
    meant = False
    for target in named:
        if not target.word:
            continue
        if fold(target.word) == HERE:
            was_here = available_for is not None and available_for >= hand_age
            meant, why = True, why if was_here else (why or Why.NOT_HERE)
            if was_here:
                return Verdict(named=True)
        elif means(target, me):
            if me.presence != slots.BUSY:
                return Verdict(named=True)
            meant, why = True, Why.BUSY
    return Verdict(named=meant, why=why)
