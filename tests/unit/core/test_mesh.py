from itertools import pairwise

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import DialId, MemberId
from support.core_net import HIGH, LOW, Net, member


# --- Whom to dial ----------------------------------------------------------------------------------
def test_small_space_is_dialled_at_five_and_then_whole() -> None:
    net = Net(tuning.DIAL_ALL_UP_TO)
    first = [d for d in net.dials() if not d.probe]
    assert len(first) == tuning.DIAL_PEERS
    for dial in first:
        net.answered(dial)
    assert [d for d in net.dials(after=tuning.DIAL_SETTLE - 1) if not d.probe] == []
    rest = [d for d in net.dials(after=tuning.REDIAL_FIRST) if not d.probe]
    assert {d.address for d in (*first, *rest)} == {f"m{n}:1" for n in range(tuning.DIAL_ALL_UP_TO)}


def test_large_space_is_dialled_at_five_random_members() -> None:
    net = Net(40)
    dials = [d for d in net.dials() if not d.probe]
    assert len(dials) == tuning.DIAL_PEERS
    for dial in dials:
        net.answered(dial)
    assert [d for d in net.dials(after=1_000) if not d.probe] == []


def test_first_dials_are_five_though_they_are_answered_one_by_one() -> None:
    net = Net(40, there=0)
    dials = [d for d in net.dials() if not d.probe]
    made = len(dials)
    for dial in dials:
        net.answered(dial)
        made += len([d for d in net.dials(after=tuning.DIAL_FRESH // 10) if not d.probe])
    assert made == tuning.DIAL_PEERS


def test_lost_peer_is_replaced_by_one_other() -> None:
    net = Net(40)
    links = [net.answered(d) for d in net.dials() if not d.probe]
    net.links.remove(links[0].id)
    net.mesh.link_gone(links[0])
    assert len([d for d in net.dials(after=100) if not d.probe]) == 1


def test_nobody_is_dialled_at_the_cap_of_links() -> None:
    net = Net(5)
    for n in range(tuning.LINKS_MAX):
        net.link(member(100 + n), dialled=False)
    assert net.dials(after=tuning.MINUTE) == []


def test_dial_that_came_to_nothing_is_tried_again_ever_later() -> None:
    net = Net(1)
    gaps, dials = [], net.dials()
    for _ in range(12):
        for dial in dials:
            net.mesh.dial_failed(dial.dial, myself=False)
        failed_at = net.ctx.now
        while not (dials := net.dials(after=10)):
            assert net.ctx.now < failed_at + tuning.MINUTE
        gaps.append(net.ctx.now - failed_at)
    assert max(gaps) <= tuning.REDIAL_RECENT_MAX + 10
    assert sum(gaps[:3]) < sum(gaps[-3:])


def test_dial_without_an_outcome_has_failed_in_time() -> None:
    net = Net(1, there=0)
    first = net.dials()[0]
    net.ctx.now += tuning.DIAL_TIMEOUT
    net.mesh.run()
    assert net.mesh.dial_ended(first.dial) is None


def test_new_network_dials_at_once() -> None:
    net = Net(1)
    net.dials()
    for _ in range(10):
        net.book.failed(net.book.get("m0:1"), recent=False)
    net.ctx.now += 1
    net.mesh.forgive()
    assert [d.address for d in net.dials()][:1] == ["m0:1"]


def test_own_address_is_dialled_once_and_never_again() -> None:
    net = Net(0)
    net.book.hint("me:1")
    net.mesh.changed()
    (dial,) = net.dials()[:1]
    net.mesh.dial_failed(dial.dial, myself=True)
    assert [d for _ in range(50) for d in net.dials(after=2_000)] == []


def test_hint_is_dialled_while_links_are_few() -> None:
    net = Net(40)
    net.book.hint("x:1")
    assert "x:1" in {d.address for d in net.dials() if not d.probe}
    crowded = Net(40)
    for n in range(tuning.DIAL_PEERS):
        crowded.link(member(n))
    crowded.book.hint("x:1")
    assert "x:1" not in {d.address for _ in range(3) for d in crowded.dials(after=tuning.DIAL_FRESH) if not d.probe}


def test_daemon_with_two_addresses_is_dialled_at_one_of_them_first() -> None:
    net = Net(0)
    both = ("b:1", "[fe80::b%2]:1")
    for each in both:
        net.book.hint(each, both)
    net.mesh.changed()
    assert [d.address for d in net.dials() if not d.probe] == ["b:1"]
    assert [d.address for d in net.dials(after=tuning.DIAL_FRESH) if not d.probe] == ["[fe80::b%2]:1"], "it is silent"


def test_outcome_of_a_dial_never_made_changes_nothing() -> None:
    net = Net(1)
    assert net.mesh.dial_ended(DialId(99)) is None
    net.mesh.dial_failed(DialId(99), myself=True)
    assert len(net.dials()) > 0


# --- Probes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("linked", "every"),
    [(tuning.FEW_PEERS - 1, tuning.PROBE_EVERY_FEW), (tuning.DIAL_PEERS, tuning.PROBE_EVERY)],
    ids=["few peers", "enough"],
)
def test_member_without_a_link_is_probed_now_and_then(linked: int, every: int) -> None:
    net = Net(80, there=40)
    for n in range(linked):
        net.link(member(n))
    net.dials()
    times = [net.ctx.now for _ in range(600) if any(d.probe for d in net.dials(after=50))]
    gaps = {later - earlier for earlier, later in pairwise(times)}
    assert gaps == {every}


def test_probes_come_to_everybody_who_is_not_reachable() -> None:
    net = Net(50, there=20)
    for n in range(tuning.DIAL_PEERS):
        net.link(member(n))
    probed = {d.address for _ in range(300) for d in net.dials(after=tuning.PROBE_EVERY) if d.probe}
    assert probed >= {f"m{n}:1" for n in range(20, 50)}


def test_who_is_reachable_is_probed_once_a_minute_only() -> None:
    net = Net(30)
    for n in range(tuning.DIAL_PEERS):
        net.link(member(n))
    times = [net.ctx.now for _ in range(3_000) if any(d.probe for d in net.dials(after=100))]
    assert {later - earlier for earlier, later in pairwise(times)} == {tuning.PROBE_REACHABLE}


def test_nobody_to_probe_wakes_nobody() -> None:
    net = Net(tuning.DIAL_PEERS)
    for n in range(tuning.DIAL_PEERS):
        net.link(member(n))
    net.dials()
    due = net.mesh.next_deadline()
    assert due is not None
    assert due >= net.ctx.now + 10 * tuning.SECOND


def test_crowd_that_is_just_found_is_dialled_at_a_few_until_it_is_known_how_many_are_there() -> None:
    net = Net(0)
    for n in range(200):
        net.book.hint(f"x{n}:1")
    net.mesh.changed()
    first = net.dials()
    assert len([d for d in first if not d.probe]) == tuning.DIAL_PEERS
    for n, dial in enumerate(d for d in first if not d.probe):
        net.mesh.dial_ended(dial.dial)
        net.book.succeeded(dial.address, member(n))
        net.link(member(n))
    assert [d for d in net.dials(after=tuning.DIAL_SETTLE - 1) if not d.probe] == []
    assert len([d for d in net.dials(after=1) if not d.probe]) == tuning.DIAL_PEERS, "still few in reach: some more"


# --- Several links a pair --------------------------------------------------------------------------
def together(others: int, *, higher: bool = True) -> Net:
    """Ana, with a link to each of a few others, whose ids are all higher or all lower than hers."""
    net = Net(0)
    net.members = [MemberId((HIGH if higher else LOW)[:15] + bytes((n,))) for n in range(others)]
    for n, peer in enumerate(net.members):
        net.book.publish(peer, (f"p{n}:1",))
    me = net.ctx.me
    net.reach.update([me, *net.members], lambda m: net.members if m == me else [me], net.ctx.now)
    net.density.opens()
    for peer in net.members:
        net.link(peer)
    return net


@pytest.mark.parametrize(("others", "more"), [(1, 3), (2, 2), (3, 3), (4, 0), (5, 0)])
def test_each_of_two_three_or_four_has_four_links_and_more(others: int, more: int) -> None:
    net = together(others)
    assert net.dials() == []
    dials = net.dials(after=tuning.COUNT_STANDS)
    assert len(dials) == more
    for dial in dials:
        net.answered(dial)
    assert net.dials(after=tuning.MINUTE) == []


def test_what_a_pair_lacks_is_dialled_by_the_higher_id_only_when_the_lower_does_not() -> None:
    net = together(1, higher=False)
    assert net.dials(after=tuning.COUNT_STANDS) == []
    due = net.mesh.next_deadline()
    assert due is not None
    assert due <= net.ctx.now + tuning.PAIR_LATE
    assert len(net.dials(after=tuning.PAIR_LATE)) == 3


def test_count_that_moves_opens_and_closes_nothing() -> None:
    net = together(1)
    net.dials()
    for dial in net.dials(after=tuning.COUNT_STANDS):
        net.answered(dial)
    assert len(net.links) == 4
    me, peer, third = net.ctx.me, net.members[0], MemberId(HIGH[:15] + b"\x77")
    for flap in range(20):
        there = [peer] if flap % 2 else [peer, third]
        lists = {me: there, peer: [me], third: [me]}
        net.reach.update(lists, lists.__getitem__, net.ctx.now)
        net.mesh.changed()
        net.pruning.changed()
        assert net.dials(after=tuning.COUNT_STANDS * 4 // 5) == []
        assert net.pruning.surplus() == []


def test_pair_is_not_doubled_while_more_may_be_on_their_way() -> None:
    net = together(1)
    net.dials(after=tuning.COUNT_STANDS - 1)
    more = [MemberId(HIGH[:15] + bytes((100 + n,))) for n in range(6)]
    me, all_there = net.ctx.me, [*net.members, *more]
    net.reach.update([me, *all_there], lambda m: all_there if m == me else [me], net.ctx.now)
    net.members = net.members[:1]
    net.mesh.changed()
    assert net.dials(after=tuning.MINUTE) == []


def test_probe_that_told_nothing_in_time_is_to_be_closed() -> None:
    net = Net(40)
    probe = net.link(member(30), probe=True)
    net.ctx.now += tuning.PROBE_JUDGE - 1
    assert net.mesh.unjudged_late() == []
    net.ctx.now += 1
    assert net.mesh.unjudged_late() == [probe.id]
    net.mesh.judged(probe.id)
    assert net.mesh.unjudged_late() == []


def test_doubtful_link_gets_a_second_connection_beside_it_and_not_ever_more() -> None:
    net = Net(1)
    net.link(member(0))
    net.mesh.dial_beside(member(0))
    assert [d.address for d in net.dials()] == ["m0:1"]
    net.mesh.dial_beside(member(0))
    assert net.dials() == [], "its address is being dialled"


def test_ways_that_swallow_every_dial_keep_none_of_the_others_from_being_tried_beside_a_doubtful_link() -> None:
    net = Net(1)
    net.link(member(0))
    ways = [f"m0:{n}" for n in range(tuning.ADDRESSES_MAX)]
    net.book.publish(member(0), ways)
    tried = []
    for _ in ways:
        net.mesh.dial_beside(member(0))
        tried += [d.address for d in net.dials(after=tuning.DIAL_TIMEOUT // tuning.ADDRESSES_MAX)]
    assert sorted(tried) == ways


# --- Rest ------------------------------------------------------------------------------------------
def test_who_was_seen_within_the_hour_is_recent() -> None:
    net = Net(2, there=0)
    net.mesh.seen(member(0))
    net.ctx.now += tuning.RECENT - 1
    assert net.mesh.is_recent(member(0))
    net.ctx.now += 1
    assert not net.mesh.is_recent(member(0))
    assert not net.mesh.is_recent(None)
    assert net.density.is_small()


def test_next_deadline_is_ahead_once_all_that_is_due_is_done() -> None:
    net = Net(40)
    for _ in range(100):
        net.dials(after=500)
        due = net.mesh.next_deadline()
        assert due is not None
        assert due > net.ctx.now
