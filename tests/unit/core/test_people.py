from random import Random

from escalate_daemon.core import slots
from escalate_daemon.core.people import People
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import State
from escalate_daemon.core.wire import SlotKey
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem", "dora", "eva")


def test_people_that_are_kept_are_those_that_a_fresh_look_finds() -> None:
    rng, replica = Random(3), Replica()
    people = People(replica)
    for seq in range(1, 400):
        who = rng.choice(CAST.names)
        if rng.random() < 0.2:
            replica.forget(SlotKey(CAST.id(who), rng.choice((slots.PROFILE, slots.STATE))))
        elif rng.random() < 0.5:
            state = State(rng.choice((slots.BUSY, slots.AWAY, "on the moon")))
            replica.put(CAST.held(CAST.record(who, slots.STATE, state, (1, seq))))
        else:
            name, host = rng.choice(("ana", "Ana", "b@n")), rng.choice(("", "pc"))
            replica.put(CAST.held(CAST.profile_record(who, (1, seq), name=name, host=host)))
        assert list(people.all().items()) == list(fresh(replica).all().items())


def test_edition_rises_only_with_a_change() -> None:
    replica = Replica()
    people = People(replica)
    replica.put(CAST.held(CAST.profile_record("ana")))
    before = people.edition
    assert people.edition == before
    replica.put(CAST.held(CAST.record("ana", slots.LINKS, slots.Links())))
    assert people.edition == before
    replica.put(CAST.held(CAST.record("ana", slots.STATE, State(slots.BUSY))))
    assert people.edition > before


def fresh(replica: Replica) -> People:
    """Of a replica to which all came just now, in the same order."""
    copy = Replica()
    for member in replica.members():
        for each in replica.of(member).values():
            copy.put(CAST.held(each.record))
    return People(copy)
