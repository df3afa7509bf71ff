from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.reach import Reachability

ME, A, B, C = (MemberId(bytes([n]) * 16) for n in range(4))


def lists(**who: str) -> dict[MemberId, frozenset[MemberId]]:
    """me="ab" means that I list a and b."""
    of = {"m": ME, "a": A, "b": B, "c": C}
    return {of[name[0]]: frozenset(of[c] for c in others) for name, others in who.items()}


def looked(reach: Reachability, graph: dict[MemberId, frozenset[MemberId]], now: int) -> set[MemberId]:
    return reach.update([ME, A, B], lambda member: graph.get(member, frozenset()), now)


def test_look_tells_who_came_and_who_went() -> None:
    reach = Reachability(ME)
    assert looked(reach, lists(me="a", a="m"), 0) == {A}
    assert (reach.is_reachable(A), reach.is_reachable(B), reach.count()) == (True, False, 1)
    assert looked(reach, lists(me="a", a="m"), 1) == set()
    assert looked(reach, lists(me="b", b="m"), 2) == {A, B}


def test_unreachable_member_is_lost_after_10_s_by_my_own_clock() -> None:
    reach = Reachability(ME)
    looked(reach, lists(me="a", a="m"), 0)
    looked(reach, lists(me="", a="m"), 5_000)
    assert reach.unreachable_since(A) == 5_000
    assert reach.next_deadline() == tuning.LOST_AFTER  # of B, which was never reachable
    assert reach.expire(tuning.LOST_AFTER) == {B}
    assert reach.next_deadline() == 5_000 + tuning.LOST_AFTER
    assert not reach.is_lost(A)
    assert reach.expire(5_000 + tuning.LOST_AFTER) == {A}
    assert reach.is_lost(A)
    assert reach.next_deadline() is None


def test_found_member_is_no_longer_lost() -> None:
    reach = Reachability(ME)
    looked(reach, {}, 0)
    reach.expire(tuning.LOST_AFTER)
    looked(reach, lists(me="a", a="m"), tuning.LOST_AFTER + 1)
    assert reach.expire(tuning.LOST_AFTER + 1) == {A}
    assert not reach.is_lost(A)
    assert reach.unreachable_since(A) is None


def test_stored_member_starts_lost() -> None:
    reach = Reachability(ME)
    reach.start_lost(A, 100)
    assert reach.is_lost(A)
    assert not reach.is_reachable(A)
    looked(reach, {}, 200)
    assert reach.unreachable_since(A) == 100


def test_i_am_always_reachable_and_never_lost() -> None:
    reach = Reachability(ME)
    looked(reach, {}, 0)
    reach.expire(tuning.DEAD_AFTER)
    assert reach.is_reachable(ME)
    assert not reach.is_lost(ME)
