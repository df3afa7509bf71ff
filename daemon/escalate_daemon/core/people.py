"""Everybody with a profile, as naming needs to know them: text cleaned, labelled, kept up to date one by one."""

from dataclasses import replace
from typing import Final

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.labels import Labels
from escalate_daemon.core.naming import Person
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Profile, State
from escalate_daemon.core.text import clean

_PRESENCES: Final = (slots.AVAILABLE, slots.BUSY, slots.AWAY, slots.ROOM, slots.LEFT)


class People:
    """The only one who asks the replica which profiles and states changed. `edition` rises with every change."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._labels = Labels()
        self._people: dict[MemberId, Person] = {}
        self._all: dict[MemberId, Person] | None = None
        self._edition = 0

    @property
    def edition(self) -> int:
        """Equal editions: the same people with the same words, presences and labels."""
        self._look()
        return self._edition

    def get(self, member: MemberId) -> Person | None:
        """One person, None without a profile."""
        self._look()
        return self._people.get(member)

    def all(self) -> dict[MemberId, Person]:
        """Everybody, in the replica's order."""
        self._look()
        if self._all is None:
            self._all = {member: self._people[member] for member in self._replica.members() if member in self._people}
        return self._all

    def _look(self) -> None:
        changed = self._replica.changed(slots.PROFILE) | self._replica.changed(slots.STATE)
        if not changed:
            return
        self._edition += 1
        self._all = None
        relabelled: set[MemberId] = set()
        for member in changed:
            profile = self._replica.profile(member)
            if profile is None:
                self._people.pop(member, None)
                relabelled |= self._labels.drop(member)
            else:
                person = self._people[member] = self._person(member, profile)
                relabelled |= self._labels.put(member, person.name, person.host)
        for member in relabelled | changed:
            if member in self._people:
                self._people[member] = replace(self._people[member], label=self._labels.of(member))

    def _person(self, member: MemberId, profile: Profile) -> Person:
        state = self._replica.state(member) or State()
        groups = tuple(g for g in (clean(g, tuning.NAME_POINTS) for g in profile.groups[: tuning.GROUPS_MAX]) if g)
        name = _unposed(clean(profile.name, tuning.NAME_POINTS)) or member.hex()[:8]
        presence = state.presence if state.presence in _PRESENCES else slots.AVAILABLE
        room = clean(state.room, tuning.NAME_POINTS)
        return Person(member, name, clean(profile.host, tuning.HOST_BYTES), groups, presence, room)


def _unposed(name: str) -> str:
    """A peer's name without what would make it another's label: ana@desk, ana~3f2a."""
    return name.replace("@", "_").replace("~", "_").lstrip("-")
