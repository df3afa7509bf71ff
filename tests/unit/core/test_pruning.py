import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.pruning import SURPLUS_GRACE, TRIM_EVERY
from support.core_net import HIGH, LOW, Net, member


def test_at_the_cap_a_peer_with_fewer_links_displaces_the_best_connected() -> None:
    net = Net(40)
    links = [net.link(member(n), dialled=False) for n in range(tuning.LINKS_MAX)]
    net.degrees = {member(n): n for n in range(tuning.LINKS_MAX)}
    newcomer = net.link(member(99), dialled=False)
    assert net.pruning.displaced_by(newcomer, 3) == links[-1].id
    assert net.pruning.displaced_by(newcomer, tuning.LINKS_MAX) == newcomer.id
    net.links.remove(newcomer.id)
    second = net.link(member(31), dialled=False)
    assert net.pruning.displaced_by(second, 30) == second.id, "never for a second link of the same peer"


def test_probe_of_somebody_in_reach_displaces_nobody() -> None:
    net = Net(40, there=39)
    for n in range(tuning.LINKS_MAX):
        net.link(member(n), dialled=False)
    net.degrees = dict.fromkeys(net.members, 30)
    known = net.link(member(35), dialled=False, probe=True)
    assert net.pruning.displaced_by(known, 0) == known.id
    net.links.remove(known.id)
    stranger = net.link(member(39), dialled=False, probe=True)
    assert net.pruning.displaced_by(stranger, 0) not in {None, stranger.id}


def test_there_is_room_below_the_cap() -> None:
    net = Net(40)
    for n in range(tuning.LINKS_MAX - 1):
        net.link(member(n), dialled=False)
    assert net.pruning.displaced_by(net.link(member(99)), 0) is None


def test_one_peer_has_a_few_links_and_of_more_the_worst_goes() -> None:
    net = Net(3)
    links = [net.link(member(0)) for _ in range(tuning.LINKS_A_PEER)]
    assert net.pruning.displaced_by(net.link(member(0)), 0) == links[0].id
    links[2].compared = False
    assert net.pruning.displaced_by(net.link(member(0)), 0) == links[2].id
    links[3].doubtful = True
    assert net.pruning.displaced_by(net.link(member(0)), 0) == links[3].id


def test_at_the_cap_second_links_go_first_and_then_those_that_never_compared() -> None:
    net = Net(40)
    links = [net.link(member(n), dialled=False, compared=n != 5) for n in range(tuning.LINKS_MAX - 1)]
    second = net.link(member(3), dialled=False)
    newcomer = net.link(member(99), dialled=False)
    assert net.pruning.displaced_by(newcomer, 10) == second.id
    net.links.remove(second.id)
    net.link(member(98), dialled=False)
    assert net.pruning.displaced_by(newcomer, 10) == newcomer.id, "one that is young may compare yet"
    net.ctx.now += tuning.DEAD_AFTER
    assert net.pruning.displaced_by(newcomer, 10) == links[5].id


def test_link_on_which_no_comparison_ends_is_closed_after_a_minute() -> None:
    net = Net(3)
    link = net.link(member(0), compared=False)
    net.ctx.now += tuning.UNCOMPARED_MAX - 1
    assert net.pruning.surplus() == []
    net.ctx.now += tuning.SECOND
    assert net.pruning.surplus() == [link.id]


@pytest.mark.parametrize(("peer", "closes"), [(HIGH, True), (LOW, False)], ids=["lower id", "higher id"])
def test_of_two_good_links_with_one_peer_the_lower_id_closes_the_older(peer: MemberId, closes: bool) -> None:
    net = Net(5)
    first = net.link(peer)
    net.link(peer, dialled=False)
    assert net.pruning.surplus() == []
    net.ctx.now += SURPLUS_GRACE
    assert net.pruning.surplus() == ([first.id] if closes else [])


@pytest.mark.parametrize(("others", "keeps"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_pair_keeps_its_youngest_links_as_many_as_so_few_need(others: int, keeps: int) -> None:
    net = Net(others)
    links = [net.link(HIGH) for _ in range(6)]
    net.ctx.now += SURPLUS_GRACE
    assert net.pruning.surplus() == [link.id for link in links[: 6 - keeps]]


@pytest.mark.parametrize("peer", [LOW, HIGH])
def test_doubtful_link_goes_as_soon_as_another_is_compared_at_either_end(peer: MemberId) -> None:
    net = Net(3)
    first = net.link(peer)
    first.doubtful = True
    second = net.link(peer, compared=False)
    assert net.pruning.surplus() == []
    second.compared = True
    net.pruning.changed()
    assert net.pruning.surplus() == [first.id]


def test_probe_beside_a_link_is_no_duplicate() -> None:
    net = Net(3)
    for _ in range(4):
        net.link(HIGH, probe=True)
    net.link(HIGH)
    net.ctx.now += tuning.MINUTE
    assert net.pruning.surplus() == []


def test_links_dialled_while_the_space_was_small_are_trimmed_one_by_one_to_the_well_connected() -> None:
    net = Net(40)
    links = [net.link(member(n)) for n in range(8)]
    net.degrees = {member(n): (9 if n >= 4 else 2) for n in range(8)}
    gone = []
    for _ in range(20):
        for surplus in net.pruning.surplus():
            gone.append(surplus)
            closed = net.links.remove(surplus)
            assert closed is not None
            net.mesh.link_gone(closed)
        assert net.pruning.surplus() == [], "one at a time"
        net.ctx.now += TRIM_EVERY
    assert len(gone) == 8 - tuning.DIAL_PEERS
    assert set(gone) <= {link.id for link in links[4:]}


def test_small_space_is_never_trimmed_nor_one_that_was_small_a_moment_ago() -> None:
    net = Net(tuning.DIAL_ALL_UP_TO + tuning.SMALL_MARGIN)
    net.degrees = dict.fromkeys(net.members, 30)
    for m in net.members:
        net.link(m)
    assert net.pruning.surplus() == []


def test_probe_that_stays_replaces_a_random_link_where_the_mesh_is_full() -> None:
    net = Net(40)
    own = [net.link(member(n)) for n in range(tuning.DIAL_PEERS)]
    accepted = net.link(member(20), dialled=False)
    probe = net.link(member(30))
    replaced = net.pruning.replaced_by(probe)
    assert replaced in {link.id for link in own}
    assert replaced not in (accepted.id, probe.id)


def test_probe_that_stays_replaces_none_while_there_is_room() -> None:
    net = Net(40)
    net.link(member(0))
    assert net.pruning.replaced_by(net.link(member(30))) is None
    small = Net(3)
    small.link(member(0))
    assert small.pruning.replaced_by(small.link(member(1))) is None
