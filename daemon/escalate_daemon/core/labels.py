"""What each member is called here: the shortest label that is unique among all.

ana; where several are called so, ana@desk; where that is not enough, ana~3f2a. Kept up to date one member at a time,
each compared with its likes only: in a large space somebody's profile changes all the time.
"""

from typing import Final, NamedTuple

from escalate_daemon.core.ids import MEMBER_ID_BYTES, MemberId, fold

_DIGITS: Final = 4  # hex digits of an id in a label, and by how many more where they are shared


class _Forms(NamedTuple):
    """What one member may be called, and what it shares with its likes."""

    name: str
    hosted: str
    bare_key: tuple[str, str]
    hosted_key: tuple[str, str]
    digits_key: tuple[str, str]


class Labels:
    """Names and hosts of all, and the label that follows for each."""

    def __init__(self) -> None:
        self._forms: dict[MemberId, _Forms] = {}
        self._likes: dict[tuple[str, str], set[MemberId]] = {}

    def put(self, member: MemberId, name: str, host: str) -> set[MemberId]:
        """The member is called so; gives the others whose label may be another by that."""
        hosted = f"{name}@{host}" if host else name
        digits = member.hex()[:_DIGITS]
        forms = _Forms(name, hosted, ("", fold(name)), ("@", fold(hosted)), ("~", f"{name}~{digits}"))
        if self._forms.get(member) == forms:
            return set()
        touched = self.drop(member)
        self._forms[member] = forms
        for key in forms[2:]:
            likes = self._likes.setdefault(key, set())
            likes.add(member)
            if len(likes) == 2 or key == forms.digits_key:
                touched |= likes
        return touched - {member}

    def drop(self, member: MemberId) -> set[MemberId]:
        """Nobody knows the member's name; gives the others whose label may be another by that."""
        touched: set[MemberId] = set()
        forms = self._forms.pop(member, None)
        for key in () if forms is None else forms[2:]:
            likes = self._likes[key]
            likes.discard(member)
            if len(likes) == 1 or key[0] == "~":
                touched |= likes
            if not likes:
                del self._likes[key]
        return touched

    def of(self, member: MemberId) -> str:
        """Its label."""
        forms = self._forms[member]
        if not poses(forms.name):
            if len(self._likes[forms.bare_key]) == 1:
                return forms.name
            if len(self._likes[forms.hosted_key]) == 1:
                return forms.hosted
        likes, mine = self._likes[forms.digits_key], member.hex()
        digits = next(
            n
            for n in range(_DIGITS, 2 * MEMBER_ID_BYTES + 1, _DIGITS)
            if n == 2 * MEMBER_ID_BYTES or sum(other.hex()[:n] == mine[:n] for other in likes) == 1
        )
        return f"{forms.name}~{mine[:digits]}"


def poses(name: str) -> bool:
    """Whether a name looks like another's label: no honest name does, and it gets no short label."""
    return "~" in name or "@" in name
