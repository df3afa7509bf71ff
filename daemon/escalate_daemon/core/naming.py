"""Names: what a WHO word means to the sender, and who is meant by it.

A bare word is a member's name and is signed as ids; words with @ are signed as words, and each receiver judges
them by its own slots.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from escalate_daemon.core import slots, text, tuning
from escalate_daemon.core.commands import CommandRefused, LadderStep, Refusal
from escalate_daemon.core.ids import MemberId, fold
from escalate_daemon.core.labels import poses
from escalate_daemon.core.slots import Step, Target
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
    ladder: tuple[Step, ...] = ()


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


def plan(words: Sequence[str], people: Sequence[Person], me: MemberId, ladder: Sequence[LadderStep] = ()) -> Plan:
    """Resolve WHO words. Raises CommandRefused: an unknown bare name, nobody but me, too many, a bad ladder."""
    warnings: list[str] = []
    targets = _targets_of(words, people, me, warnings)
    steps = _ladder(ladder, people, me, warnings)
    everything = [*targets, *(target for step in steps for target in step.named)]
    wordy = sum(1 for target in everything if target.word)
    if len(everything) > tuning.TARGETS_MAX or wordy > tuning.WORD_TARGETS_MAX:
        raise CommandRefused(
            Refusal.USAGE,
            f"too many named: {len(everything)}, of them {wordy} words",
            f"at most {tuning.TARGETS_MAX}, of them {tuning.WORD_TARGETS_MAX} words; name a group instead",
        )
    meant = frozenset(p.id for p in people if p.id != me and any(means(t, p) for t in targets))
    return Plan(targets, meant, tuple(dict.fromkeys(warnings)), steps)


def _targets_of(
    words: Sequence[str], people: Sequence[Person], me: MemberId, warnings: list[str]
) -> tuple[Target, ...]:
    targets: dict[Target, None] = {}
    for word in words:
        targets |= dict.fromkeys(_resolve(word.strip(), people, me, warnings))
    return tuple(targets)


def _ladder(
    ladder: Sequence[LadderStep], people: Sequence[Person], me: MemberId, warnings: list[str]
) -> tuple[Step, ...]:
    if len(ladder) > tuning.LADDER_MAX:
        raise CommandRefused(Refusal.USAGE, f"a ladder has at most {tuning.LADDER_MAX} steps, not {len(ladder)}")
    before = 0
    for step in ladder:
        if not step.named:
            raise CommandRefused(Refusal.USAGE, "a step of the ladder names nobody", 'as in: --then "2m @leads"')
        if not before < step.after <= tuning.MAX_AGE_LIMIT:
            raise CommandRefused(
                Refusal.USAGE,
                "the steps of a ladder come one after the other",
                'as in: --then "2m @leads" --then "5m ana"',
            )
        before = step.after
    return tuple(Step(step.after, _targets_of(step.named, people, me, warnings)) for step in ladder)


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
    """Whether a hand names me, and what keeps it from ringing. `hidden`: it is not to come up here at all."""

    named: bool
    why: Why | None = None
    hidden: bool = False

    @property
    def rings(self) -> bool:
        """Whether it is to ring, as far as names and policy go."""
        return self.named and self.why is None and not self.hidden


def judge(
    targets: Sequence[Target],
    me: Person,
    *,
    available_for: int | None,
    age: int,
    silences: Callable[[Target], bool] = lambda _: False,
) -> Verdict:
    """The receiver's judgement by its own slots. By name always rings; words not while busy, nor where silenced.

    `available_for` (ms) is how long I have been available, None: I am not. `age` (ms): since it named these.
    """
    if any(target.member == me.id for target in targets if not target.word):
        return Verdict(named=True)
    why: Why | None = None
    named = False
    for target in targets:
        if not target.word or not (fold(target.word) == HERE or means(target, me)):
            continue
        against = _against(target, me, available_for=available_for, age=age)
        if against is None and silences(target):
            against = Why.MUTED
        if against is None:
            return Verdict(named=True)
        named = True
        why = (why or against) if against is Why.NOT_HERE else against
    return Verdict(named=named, why=why)


def _against(target: Target, me: Person, *, available_for: int | None, age: int) -> Why | None:
    """What speaks against ringing me for a word that means me; None: nothing."""
    if fold(target.word) == HERE:
        return None if available_for is not None and available_for >= age else Why.NOT_HERE
    return Why.BUSY if me.presence == slots.BUSY else None


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several about the same hand: the one that rings, else the first that names me."""
    named = [verdict for verdict in verdicts if verdict.named]
    return next((verdict for verdict in named if verdict.rings), named[0] if named else Verdict(named=False))
