import hashlib
import random
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.core import tuning
from escalate_daemon.core.admission import Roster, SpaceFullError, introduction_bytes
from escalate_daemon.core.ids import SpaceId, member_id, space_id_of_creator
from escalate_daemon.core.slots import Introduction
from escalate_daemon.core.wire import WireError

NONCE = bytes(16)


def key(number: int) -> bytes:
    return hashlib.sha256(b"key %d" % number).digest()


def fake_sign(public: bytes, data: bytes) -> bytes:
    """A cheap stand-in for Ed25519: the tests hold no real keys."""
    return hashlib.sha256(public + data).digest()


def fake_verify(public: bytes, sig: bytes, data: bytes) -> bool:
    return sig == fake_sign(public, data)


SPACE = space_id_of_creator(key(0), NONCE)


def introduce(by: int | None, whom: int, *, name: str = "") -> Introduction:
    name = name or f"m{whom}"
    introducer = b"" if by is None else member_id(key(by))
    nonce = NONCE if by is None else b""
    data = introduction_bytes(SPACE, key(whom), name, introducer, nonce)
    return Introduction(key(whom), name, introducer, nonce, fake_sign(key(whom if by is None else by), data))


def line(length: int) -> tuple[Introduction, ...]:
    return tuple(introduce(number - 1 if number else None, number) for number in range(length))


def closed(*chains: tuple[Introduction, ...]) -> Roster:
    roster = Roster(SPACE, open_space=False, verifier=fake_verify)
    for chain in chains:
        roster.admit_chain(chain)
    return roster


def test_chain_from_the_creator_admits_all_its_links() -> None:
    roster = closed()
    assert roster.admit_chain(line(3)) == [member_id(key(n)) for n in range(3)]
    assert roster.creator == member_id(key(0))
    assert roster.members() == tuple(member_id(key(n)) for n in range(3))
    assert roster.chain_of(member_id(key(2))) == line(3)
    assert roster.depth(member_id(key(2))) == 3
    assert roster.introducer_of(member_id(key(2))) == member_id(key(1))
    assert roster.introducer_of(member_id(key(0))) is None
    assert roster.key_of(member_id(key(1))) == key(1)


def test_chain_told_again_admits_nobody_new() -> None:
    roster = closed(line(3))
    assert roster.admit_chain(line(3)) == []
    assert len(roster) == 3


def test_strangers_have_no_key_chain_or_introducer() -> None:
    roster = closed(line(1))
    stranger = member_id(key(9))
    assert roster.key_of(stranger) is None
    assert roster.introducer_of(stranger) is None
    assert roster.chain_of(stranger) == ()
    assert roster.depth(stranger) == 0
    assert stranger not in roster


@dataclass(frozen=True)
class Bad:
    why: str
    chain: tuple[Introduction, ...]


def changed(chain: tuple[Introduction, ...], at: int, **parts: bytes | str) -> tuple[Introduction, ...]:
    return (*chain[:at], msgspec.structs.replace(chain[at], **parts), *chain[at + 1 :])


BAD = [
    Bad("empty", ()),
    Bad("no creator at its head", line(3)[1:]),
    Bad("another creator", changed(line(2), 0, nonce=b"x" * 16)),
    Bad("creator's name forged", changed(line(2), 0, name="mallory")),
    Bad("name forged", changed(line(2), 1, name="mallory")),
    Bad("key forged", changed(line(2), 1, key=key(7))),
    Bad("signature wrong", changed(line(2), 1, sig=b"x" * 32)),
    Bad("signature missing", changed(line(2), 1, sig=b"")),
    Bad("a nonce on one who is not the creator", changed(line(2), 1, nonce=NONCE)),
    Bad("introducer is not the one before", (line(1)[0], line(3)[2])),
    Bad("one key twice", (*line(2), introduce(1, 0))),
    Bad("too long", line(tuning.CHAIN_MAX + 1)),
    Bad("short key", changed(line(2), 1, key=b"k")),
    Bad("huge name", changed(line(2), 1, name="n" * 65)),
    Bad("huge signature", changed(line(2), 1, sig=b"s" * 65)),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.why)
def test_bad_chain_admits_nobody(bad: Bad) -> None:
    roster = closed()
    with pytest.raises(WireError):
        roster.admit_chain(bad.chain)
    assert roster.members() == ()
    assert roster.creator is None


def test_bad_link_is_refused_though_the_member_is_admitted() -> None:
    roster = closed(line(3))
    with pytest.raises(WireError):
        roster.admit_chain(changed(line(3), 2, name="mallory"))


def test_longest_chain_is_admitted_and_its_last_member_introduces_nobody() -> None:
    roster = closed(line(tuning.CHAIN_MAX))
    assert not roster.admit(introduce(tuning.CHAIN_MAX - 1, tuning.CHAIN_MAX))


def test_introduction_waits_for_its_introducer() -> None:
    roster = closed(line(1))
    assert not roster.admit(introduce(1, 2))
    assert roster.admit(introduce(0, 1))
    assert roster.admit(introduce(1, 2))
    assert roster.admit(introduce(1, 2))
    assert len(roster) == 3


def test_forged_introduction_changes_nothing() -> None:
    roster = closed(line(1))
    good = introduce(0, 1)
    assert not roster.admit(msgspec.structs.replace(good, name="mallory"))
    assert not roster.admit(msgspec.structs.replace(good, key=key(5)))
    assert not roster.admit(msgspec.structs.replace(good, key=b"short"))
    assert len(roster) == 1


def test_admitted_member_stays_one_whatever_introduction_comes_later() -> None:
    roster = closed(line(2))
    assert roster.admit(msgspec.structs.replace(introduce(0, 1), name="mallory"))
    assert roster.admit(introduce(8, 1))
    assert roster.chain_of(member_id(key(1))) == line(2)


def test_whom_a_member_introduced_is_as_near_as_the_member_became() -> None:
    roster = closed(line(4))
    assert roster.depth(member_id(key(3))) == 4
    roster.admit(introduce(0, 2))
    assert [roster.depth(member_id(key(n))) for n in range(4)] == [1, 2, 2, 3]


def test_shorter_chain_replaces_a_longer_one() -> None:
    roster = closed(line(4))
    assert roster.admit(introduce(0, 3))
    assert roster.depth(member_id(key(3))) == 2


def test_admitted_descendant_cannot_become_ones_introducer() -> None:
    roster = closed(line(4))
    assert roster.admit(introduce(3, 1))
    assert roster.chain_of(member_id(key(3))) == line(4)


def test_full_space_admits_nobody_and_evicts_nobody() -> None:
    roster = closed(line(1))
    for number in range(1, tuning.MEMBERS_MAX):
        assert roster.admit(introduce(0, number))
    assert roster.full
    one_more = introduce(0, tuning.MEMBERS_MAX)
    assert not roster.admit(one_more)
    with pytest.raises(SpaceFullError):
        roster.admit_chain((*line(1), one_more))
    assert roster.admit(introduce(0, 1))
    assert len(roster) == tuning.MEMBERS_MAX


def test_open_space_admits_any_key_by_its_own_word() -> None:
    roster = Roster(SpaceId(bytes(16)), open_space=True, verifier=fake_verify)
    assert roster.admit_chain((Introduction(key(1), "ana"),)) == [member_id(key(1))]
    assert roster.admit(Introduction(key(2), "ben"))
    assert roster.creator is None
    assert roster.introducer_of(member_id(key(2))) is None
    assert roster.depth(member_id(key(2))) == 1


def test_open_space_knows_no_introducers() -> None:
    roster = Roster(SPACE, open_space=True, verifier=fake_verify)
    with pytest.raises(WireError):
        roster.admit_chain(line(1))
    with pytest.raises(WireError):
        roster.admit_chain((Introduction(key(1), "ana"), Introduction(key(2), "ben", by=member_id(key(1)))))
    assert not roster.admit(introduce(None, 0))


def test_open_space_is_bounded() -> None:
    roster = Roster(SPACE, open_space=True, verifier=fake_verify)
    assert all(roster.admit(Introduction(key(n), "x")) for n in range(tuning.OPEN_MEMBERS_MAX))
    assert not roster.admit(Introduction(key(9999), "x"))


def test_closed_space_takes_no_unsigned_member() -> None:
    roster = closed(line(1))
    assert not roster.admit(Introduction(key(5), "eve"))
    with pytest.raises(WireError):
        roster.admit_chain((Introduction(key(5), "eve"),))


@given(
    edges=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=24),
    seed=st.integers(0, 2**32),
)
def test_order_of_introductions_does_not_matter(edges: list[tuple[int, int]], seed: int) -> None:
    intros = [introduce(by, whom) for by, whom in edges if by != whom]
    shuffled = list(intros)
    random.Random(seed).shuffle(shuffled)
    first, second = closed(line(1)), closed(line(1))
    for _ in range(10):  # longer than any path: the graph has ten members
        for one, other in zip(intros, shuffled, strict=True):
            first.admit(one)
            second.admit(other)
    assert first.members() == second.members()
    assert [first.chain_of(m) for m in first.members()] == [second.chain_of(m) for m in second.members()]


@given(st.lists(st.builds(Introduction, st.binary(max_size=40), st.text(max_size=80), *[st.binary(max_size=80)] * 3)))
def test_hostile_introductions_give_only_wire_errors(chain: list[Introduction]) -> None:
    roster = closed(line(2))
    with pytest.raises(WireError):
        roster.admit_chain(chain)
    assert not any(roster.admit(intro) for intro in chain)
    assert len(roster) == 2
