from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Dial
from escalate_daemon.core.ids import DialId, LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.mesh import DUPLICATE_GRACE, TRIM_EVERY, Mesh
from escalate_daemon.core.reach import Reachability
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")
START = 100_000_000
LOW, HIGH = MemberId(bytes(16)), MemberId(b"\xff" * 16)  # on either side of any id


def member(number: int) -> MemberId:
    return MemberId(b"\x01" + number.to_bytes(15, "big"))


@dataclass
class Net:
    """Ana's mesh. `crowd` others are known with an address each; all of them reachable unless told otherwise."""

    crowd: int
    reachable: bool = True
    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    degrees: dict[MemberId, int] = field(default_factory=dict)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.links, self.book = LinkTable(self.ctx), AddressBook(self.ctx)
        self.members = [member(n) for n in range(self.crowd)]
        me, there = self.ctx.me, self.members if self.reachable else []
        self.reach = Reachability(me)
        self.reach.update([me, *self.members], lambda m: there if m == me else [me] if m in there else [], START)
        self.mesh = Mesh(
            self.ctx,
            self.links,
            self.book,
            self.reach,
            members=lambda: self.members,
            degree=lambda m: self.degrees.get(m, 0),
        )
        for n in range(self.crowd):
            self.book.publish(member(n), (f"m{n}:1",))

    def dials(self, after: int = 0) -> list[Dial]:
        """What is dialled now."""
        self.ctx.now += after
        self.mesh.run()
        dialled = self.ctx.drain()
        assert all(isinstance(d, Dial) for d in dialled)
        return [d for d in dialled if isinstance(d, Dial)]

    def link(
        self,
        peer: MemberId,
        *,
        dialled: bool = True,
        probe: bool = False,
        compared: bool = True,
    ) -> Link:
        """A link comes up."""
        self.numbers += 1
        now = self.ctx.now
        up = Link(LinkId(self.numbers), peer, None, dialled, probe, now, now, None, compared=compared)
        self.links.add(up)
        self.mesh.link_up(up)
        return up

    def answered(self, dial: Dial) -> Link:
        """A dial succeeds."""
        ended = self.mesh.dial_ended(dial.dial)
        assert ended is not None
        assert ended.member is not None
        self.book.succeeded(dial.address, ended.member)
        return self.link(ended.member, probe=ended.probe)


# --- Whom to dial ----------------------------------------------------------------------------------
def test_small_space_is_dialled_whole() -> None:
    net = Net(tuning.DIAL_ALL_UP_TO)
    dialled = [d for d in net.dials() if not d.probe]
    assert {d.address for d in dialled} == {f"m{n}:1" for n in range(tuning.DIAL_ALL_UP_TO)}


def test_large_space_is_dialled_at_five_random_members() -> None:
    net = Net(40)
    dials = [d for d in net.dials() if not d.probe]
    assert len(dials) == tuning.DIAL_PEERS
    for dial in dials:
        net.answered(dial)
    assert [d for d in net.dials(after=1_000) if not d.probe] == []


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
    net = Net(1, reachable=False)
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
    net = Net(40)
    for n in range(linked):
        net.link(member(n))
    net.dials()
    times = [net.ctx.now for _ in range(600) if any(d.probe for d in net.dials(after=50))]
    gaps = {later - earlier for earlier, later in pairwise(times)}
    assert gaps == {every}


def test_probes_reach_everybody_in_time() -> None:
    net = Net(30)
    for n in range(tuning.DIAL_PEERS):
        net.link(member(n))
    probed = {d.address for _ in range(300) for d in net.dials(after=tuning.PROBE_EVERY) if d.probe}
    assert probed == {f"m{n}:1" for n in range(tuning.DIAL_PEERS, 30)}


def test_probe_that_told_nothing_in_time_is_to_be_closed() -> None:
    net = Net(40)
    probe = net.link(member(30), probe=True)
    net.ctx.now += tuning.PROBE_JUDGE - 1
    assert net.mesh.unjudged_late() == []
    net.ctx.now += 1
    assert net.mesh.unjudged_late() == [probe.id]
    net.mesh.judged(probe.id)
    assert net.mesh.unjudged_late() == []


def test_probe_that_stays_replaces_a_random_link_where_the_mesh_is_full() -> None:
    net = Net(40)
    own = [net.link(member(n)) for n in range(tuning.DIAL_PEERS)]
    accepted = net.link(member(20), dialled=False)
    probe = net.link(member(30))
    replaced = net.mesh.replaced_by(probe)
    assert replaced in {link.id for link in own}
    assert replaced not in (accepted.id, probe.id)


def test_probe_that_stays_replaces_none_while_there_is_room() -> None:
    net = Net(40)
    net.link(member(0))
    assert net.mesh.replaced_by(net.link(member(30))) is None
    small = Net(3)
    small.link(member(0))
    assert small.mesh.replaced_by(small.link(member(1))) is None


def test_doubtful_link_gets_a_second_connection_beside_it_and_not_ever_more() -> None:
    net = Net(1)
    net.link(member(0))
    net.mesh.dial_beside(member(0))
    assert [d.address for d in net.dials()] == ["m0:1"]
    net.mesh.dial_beside(member(0))
    assert net.dials() == [], "its address is being dialled"


# --- Which links go --------------------------------------------------------------------------------
def test_at_the_cap_a_peer_with_fewer_links_displaces_the_best_connected() -> None:
    net = Net(40)
    links = [net.link(member(n), dialled=False) for n in range(tuning.LINKS_MAX)]
    net.degrees = {member(n): n for n in range(tuning.LINKS_MAX)}
    assert net.mesh.displaced_by(member(99), 3) == links[-1].id
    assert net.mesh.displaced_by(member(99), tuning.LINKS_MAX) is None
    assert net.mesh.displaced_by(member(31), 30) is None, "never for a second link of the same peer"


def test_at_the_cap_second_links_go_first_and_then_those_that_never_compared() -> None:
    net = Net(40)
    links = [net.link(member(n), dialled=False, compared=n != 5) for n in range(tuning.LINKS_MAX - 1)]
    second = net.link(member(3), dialled=False)
    assert net.mesh.displaced_by(member(99), 10) == second.id
    net.links.remove(second.id)
    assert net.mesh.displaced_by(member(99), 10) is None, "one that is young may compare yet"
    net.ctx.now += tuning.DEAD_AFTER
    assert net.mesh.displaced_by(member(99), 10) == links[5].id


def test_link_on_which_no_comparison_ends_is_closed_after_a_minute() -> None:
    net = Net(3)
    link = net.link(member(0), compared=False)
    net.ctx.now += tuning.UNCOMPARED_MAX - 1
    assert net.mesh.surplus() == []
    net.ctx.now += tuning.SECOND
    assert net.mesh.surplus() == [link.id]


@pytest.mark.parametrize(("peer", "closes"), [(HIGH, True), (LOW, False)], ids=["lower id", "higher id"])
def test_of_two_good_links_with_one_peer_the_lower_id_closes_the_older(peer: MemberId, closes: bool) -> None:
    net = Net(3)
    first = net.link(peer)
    net.link(peer, dialled=False)
    assert net.mesh.surplus() == []
    net.ctx.now += DUPLICATE_GRACE
    assert net.mesh.surplus() == ([first.id] if closes else [])


@pytest.mark.parametrize("peer", [LOW, HIGH])
def test_doubtful_link_goes_as_soon_as_another_is_compared_at_either_end(peer: MemberId) -> None:
    net = Net(3)
    first = net.link(peer)
    first.doubtful = True
    second = net.link(peer, compared=False)
    assert net.mesh.surplus() == []
    second.compared = True
    net.mesh.changed()
    assert net.mesh.surplus() == [first.id]


def test_probe_beside_a_link_is_no_duplicate() -> None:
    net = Net(3)
    net.link(HIGH)
    net.link(HIGH, probe=True)
    net.ctx.now += tuning.MINUTE
    assert net.mesh.surplus() == []


def test_links_dialled_while_the_space_was_small_are_trimmed_one_by_one_to_the_well_connected() -> None:
    net = Net(40)
    links = [net.link(member(n)) for n in range(8)]
    net.degrees = {member(n): (9 if n >= 4 else 2) for n in range(8)}
    gone = []
    for _ in range(20):
        for surplus in net.mesh.surplus():
            gone.append(surplus)
            closed = net.links.remove(surplus)
            assert closed is not None
            net.mesh.link_gone(closed)
        assert net.mesh.surplus() == [], "one at a time"
        net.ctx.now += TRIM_EVERY
    assert len(gone) == 8 - tuning.DIAL_PEERS
    assert set(gone) <= {link.id for link in links[4:]}


def test_small_space_is_never_trimmed() -> None:
    net = Net(tuning.DIAL_ALL_UP_TO)
    net.degrees = dict.fromkeys(net.members, 30)
    for m in net.members:
        net.link(m)
    assert net.mesh.surplus() == []


# --- Rest ------------------------------------------------------------------------------------------
def test_who_was_seen_within_the_hour_is_recent() -> None:
    net = Net(2, reachable=False)
    net.mesh.seen(member(0))
    net.ctx.now += tuning.RECENT - 1
    assert net.mesh.is_recent(member(0))
    net.ctx.now += 1
    assert not net.mesh.is_recent(member(0))
    assert not net.mesh.is_recent(None)
    assert net.mesh.is_small()


def test_next_deadline_is_ahead_once_all_that_is_due_is_done() -> None:
    net = Net(40)
    for _ in range(100):
        net.dials(after=500)
        due = net.mesh.next_deadline()
        assert due is not None
        assert due > net.ctx.now
