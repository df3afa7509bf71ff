"""What each member is called here: the shortest label that is unique among all.

ana; where several are called so, ana@desk; where that is not enough, ana~3f2a. Kept up to date one member at a time,
each compared with its likes only: in a large space somebody's profile changes all the time.
"""

from typing import Final, NamedTuple

from escalate_daemon.core.ids import MEMBER_ID_BYTES, MemberId, fold

_DIGITS: Final = 4  # hex digits of an id in a label, and by how many more where they are shared
_ALL_DIGITS: Final = 2 * MEMBER_ID_BYTES
_ALIKE_MAX: Final = 8  # who of one name share the first digits: more did that on purpose, and get all digits


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
            if len(likes) == 2 or (key == forms.digits_key and len(likes) <= _ALIKE_MAX + 1):
                touched |= likes
        return touched - {member}

    def drop(self, member: MemberId) -> set[MemberId]:
        """Nobody knows the member's name; gives the others whose label may be another by that."""
        touched: set[MemberId] = set()
        forms = self._forms.pop(member, None)
        if forms is None:
            return touched
        for key in forms[2:]:
            likes = self._likes[key]
            likes.discard(member)
            if len(likes) == 1 or (key == forms.digits_key and len(likes) <= _ALIKE_MAX):
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
        return f"{forms.name}~{member.hex()[: self._digits(member, self._likes[forms.digits_key])]}"

    @staticmethod
    def _digits(member: MemberId, likes: set[MemberId]) -> int:
        """How many hex digits of its id no other of `likes` shares."""
        if len(likes) > _ALIKE_MAX:
            return _ALL_DIGITS
        for digits in range(_DIGITS, _ALL_DIGITS, _DIGITS):
            if sum(other[: digits // 2] == member[: digits // 2] for other in likes) == 1:
                return digits
        return _ALL_DIGITS


def poses(name: str) -> bool:
    """Whether a name looks like another's label: no honest name does, and it gets no short label."""
    return "~" in name or "@" in name
