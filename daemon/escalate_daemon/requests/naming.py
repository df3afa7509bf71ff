"""Which member or escalation a person means by WHO, where it is not the core that resolves it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from escalate_daemon.core.ids import fold
from escalate_daemon.core.text import nearest
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView
from escalate_daemon.ipc.protocol import RequestFailed, failure

_UP = (EscalationState.ACTIVE, EscalationState.LOST)
_ID_DIGITS = 6  # so many digits of an id are enough to mean it


def members_meant(members: Sequence[MemberView], who: str) -> list[MemberView]:
    """All whom `who` may mean: by id, label, name@host or name, with or without '@'; or who wear that group."""
    word = fold(who.strip().removeprefix("@"))
    found = [each for each in members if fold(each.label) == word or _is_id(each.id.hex(), word)]
    if not found:
        found = [each for each in members if word in (fold(each.name), fold(f"{each.name}@{each.host}"))]
    if not found:
        found = [each for each in members if word in map(fold, each.groups)]
    return found


def members_or_refuse(members: Sequence[MemberView], who: str) -> list[MemberView]:
    """Whom `who` means; refused with the nearest names where that is nobody."""
    if who.strip() == "@everyone":
        return list(members)
    found = members_meant(members, who)
    if not found:
        raise unknown(who, (name for each in members for name in (each.name, each.label, *each.groups)))
    return found


def hand_meant(views: Sequence[EscalationView], members: Sequence[MemberView], who: str) -> EscalationView:
    """The escalation that `who` means: its id (ended ones too), or its owner, whose last one counts where none is up;
    refused where there is none.
    """
    word = fold(who.strip().removeprefix("@"))
    by_id = [each for each in views if _is_id(each.id, word)]
    if by_id:
        return by_id[0]
    owners = {each.id for each in members_or_refuse(members, who)}
    owned = [each for each in views if each.owner.id in owners]
    found = [each for each in owned if each.state in _UP] or sorted(owned, key=lambda each: each.ended_ago or 0)
    if not found:
        up = ", ".join(each.owner.label for each in views if each.state in _UP)
        raise failure("unknown-name", f"{who} has no escalation", f"up now: {up}" if up else "nobody has one now")
    if len({each.owner.id for each in found}) > 1:
        raise failure("usage", f"{who} is more than one", _choice(found))
    return found[0]


def unaliased(aliases: Mapping[str, Sequence[str]], words: Iterable[str]) -> tuple[str, ...]:
    """WHO words with the config's aliases in place; a bare word that is one is nothing else."""
    return tuple(meant for word in words for meant in aliases.get(fold(word.strip()), (word,)))


def others_hand(views: Sequence[EscalationView], which: Callable[[EscalationView], bool]) -> EscalationView | None:
    """The only one of others that is up and `which` holds for; refused with the choice where several are."""
    return one_hand([each for each in views if not each.mine and which(each)])


def one_hand(views: Sequence[EscalationView]) -> EscalationView | None:
    """The only one that is up, mine or not; refused with the choice where several are."""
    up = [each for each in views if each.state in _UP]
    if len(up) > 1:
        raise failure("usage", f"{len(up)} escalations are active: say whose", _choice(up))
    return up[0] if up else None


def only_hand(views: Sequence[EscalationView]) -> EscalationView | None:
    """Mine, else the only one that is up; refused with the choice where several are; None where none is."""
    return next((each for each in views if each.mine and each.state in _UP), None) or one_hand(views)


def unknown(who: str, known: Iterable[str]) -> RequestFailed:
    """Nobody of that name, and who may have been meant."""
    near = nearest(who.strip().removeprefix("@"), known)
    hint = f"did you mean {' or '.join(near)}?" if near else "see who there is with: escalate who"
    return failure("unknown-name", f"nobody here is called {who}", hint)


def _is_id(identifier: str, word: str) -> bool:
    return len(word) >= _ID_DIGITS and identifier.startswith(word)


def _choice(views: Sequence[EscalationView]) -> str:
    return "one of: " + ", ".join(sorted(each.owner.label for each in views))
