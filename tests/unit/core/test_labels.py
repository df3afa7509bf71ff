from collections.abc import Iterable
from random import Random

from escalate_daemon.core.ids import MemberId, fold
from escalate_daemon.core.labels import Labels, poses

Person = tuple[MemberId, str, str]


def mid(number: int) -> MemberId:
    return MemberId(bytes([number]) * 16)


def labels(people: Iterable[Person]) -> dict[MemberId, str]:
    """The label of each (id, name, host)."""
    everybody, people = Labels(), list(people)
    for person in people:
        everybody.put(*person)
    return {person[0]: everybody.of(person[0]) for person in people}


def label_list(*people: tuple[int, str, str]) -> list[str]:
    return list(labels([(mid(number), name, host) for number, name, host in people]).values())


def test_label_is_the_shortest_that_is_unique() -> None:
    assert label_list((1, "ana", "pc"), (2, "ben", "pc")) == ["ana", "ben"]
    assert sorted(label_list((1, "ana", "desk"), (2, "Ana", "lab"), (3, "ben", "lab"))) == [
        "Ana@lab",
        "ana@desk",
        "ben",
    ]
    assert sorted(label_list((1, "ana", "pc"), (2, "ana", "pc"))) == ["ana~0101", "ana~0202"]


def test_label_of_ids_that_begin_alike_is_longer() -> None:
    one, other = MemberId(b"\x01" * 16), MemberId(b"\x01" * 15 + b"\x02")
    found = labels([(one, "ana", "pc"), (other, "ana", "pc")])
    assert len(set(found.values())) == 2


def test_label_does_not_depend_on_the_order() -> None:
    people = [
        (mid(n), name, host) for n, name, host in ((1, "ana", "a"), (2, "ana", "b"), (3, "ANA", "b"), (4, "b", ""))
    ]
    assert labels(people) == labels(list(reversed(people)))


def test_no_two_members_share_a_label_even_if_a_name_looks_like_one() -> None:
    people = [(mid(1), "ana", "pc"), (mid(2), "ana", "lab"), (mid(3), "ana@pc", ""), (mid(4), "ana~0505", "x")]
    people += [(mid(5), "ana", "lab")]
    found = labels(people)
    assert len({label.casefold() for label in found.values()}) == len(people)


def test_labels_that_are_kept_are_those_that_all_together_have() -> None:
    rng = Random(2)
    ids = [MemberId(bytes([1] * rng.randint(0, 3) + [n] * 16)[:16]) for n in range(24)]
    kept, there, told = Labels(), dict[MemberId, Person](), dict[MemberId, str]()
    for _ in range(2_000):
        member = rng.choice(ids)
        if rng.random() < 0.2:
            there.pop(member, None)
            told.pop(member, None)
            touched = kept.drop(member)
        else:
            there[member] = (member, rng.choice(("ana", "Ana", "ben", "ana@pc", "b~1")), rng.choice(("", "pc", "PC")))
            touched = kept.put(*there[member]) | {member}
        told.update({other: kept.of(other) for other in touched})
        assert told == at_once(list(there.values()))


def test_ids_ground_to_look_alike_cost_no_more_than_others() -> None:
    kept = Labels()
    touched = [kept.put(MemberId(b"\x01\x01" + n.to_bytes(14, "big")), "ana", "pc") for n in range(2_000)]
    assert max(map(len, touched)) <= 9
    assert len({kept.of(MemberId(b"\x01\x01" + n.to_bytes(14, "big"))) for n in range(2_000)}) == 2_000


def at_once(people: list[Person]) -> dict[MemberId, str]:
    """The rule in its plain words, looking at all."""
    forms = {m: (name, f"{name}@{host}" if host else name) for m, name, host in people}
    found: dict[MemberId, str] = {}
    for which in (0, 1):
        folded = [fold(each[which]) for each in forms.values()]
        for member, each in forms.items():
            if member not in found and folded.count(fold(each[which])) == 1 and not poses(each[0]):
                found[member] = each[which]
    for member, (name, _) in forms.items():
        alike = [other.hex() for other, each in forms.items() if each[0] == name]
        digits = next(n for n in range(4, 33, 4) if [h[:n] for h in alike].count(member.hex()[:n]) == 1)
        if sum(other[:4] == member.hex()[:4] for other in alike) > 8:
            digits = 32
        found.setdefault(member, f"{name}~{member.hex()[:digits]}")
    return found
