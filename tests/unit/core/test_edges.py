from dataclasses import dataclass

import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.admission import Roster
from escalate_daemon.core.context import Context
from escalate_daemon.core.edges import Edges
from escalate_daemon.core.effects import Send
from escalate_daemon.core.gossip import Gossip
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import Link, LinkTable
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
ANA, BEN, CEM = (CAST.id(name) for name in CAST.names)
START = 1_000_000


@dataclass(frozen=True)
class Graph:
    """Ana's edges and what they stand on."""

    ctx: Context
    links: LinkTable
    replica: Replica
    reach: Reachability
    own: OwnSlots
    edges: Edges

    def link(self, number: int, peer: MemberId) -> Link:
        up = Link(LinkId(number), peer, None, False, False, self.ctx.now, self.ctx.now, None, compared=True)
        self.links.add(up)
        return up

    def says(self, name: str, *others: MemberId, seq: int = 1) -> None:
        self.replica.put(CAST.held(CAST.record(name, slots.LINKS, slots.Links(others), (1, seq))))
        self.edges.changed()


@pytest.fixture
def graph() -> Graph:
    ctx, replica = CAST.context("ana", START), Replica()
    links, reach = LinkTable(ctx), Reachability(ANA)
    roster = Roster(CAST.charter.space, CAST.charter.open_space, CAST.keyring.verify)
    gossip = Gossip(ctx, replica, roster, lambda link: None, lambda link, entry: None)
    own = OwnSlots(ctx, replica, 1, lambda key: None)
    return Graph(ctx, links, replica, reach, own, Edges(ctx, links, replica, reach, gossip))


def test_gains_are_gathered_into_one_write(graph: Graph) -> None:
    graph.link(1, BEN)
    graph.edges.write(graph.own)
    assert graph.edges.next_deadline() == START + tuning.GAIN_GATHER
    graph.link(2, CEM)
    graph.ctx.now += tuning.GAIN_GATHER - 1
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == ()
    graph.ctx.now += 1
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == tuple(sorted((BEN, CEM)))


def listed(graph: Graph) -> None:
    graph.link(1, BEN)
    graph.edges.write(graph.own)
    graph.ctx.now += tuning.GAIN_GATHER
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == (BEN,)


def test_link_that_broke_is_unlisted_at_once(graph: Graph) -> None:
    listed(graph)
    graph.links.remove(LinkId(1))
    graph.edges.broke()
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == ()


def test_link_that_i_closed_for_having_others_is_unlisted_with_the_gains(graph: Graph) -> None:
    listed(graph)
    graph.links.remove(LinkId(1))
    graph.link(2, CEM)
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == (BEN,)
    graph.ctx.now += tuning.GAIN_EVERY
    graph.edges.write(graph.own)
    assert graph.replica.links(ANA) == (CEM,)


MANY = [MemberId(bytes((number,)) * 16) for number in range(2, 40)]


def writes_of_many(graph: Graph) -> int:
    """How many times a list is written to which one after another is added."""
    listed(graph)
    writes = set()
    for number, member in enumerate(MANY, start=2):
        graph.link(number, member)
        graph.edges.write(graph.own)
        graph.ctx.now += tuning.GAIN_GATHER
        writes.add(graph.replica.links(ANA))
    return len(writes)


def test_one_more_path_to_who_is_in_reach_is_written_now_and_then(graph: Graph) -> None:
    there = [BEN, *MANY]
    graph.reach.update([ANA, *there], lambda m: there if m == ANA else [ANA], START)
    assert writes_of_many(graph) <= 2 + len(MANY) * tuning.GAIN_GATHER // tuning.GAIN_EVERY


def test_who_was_out_of_reach_does_not_wait_for_that(graph: Graph) -> None:
    assert writes_of_many(graph) >= len(MANY) // 2


def test_gain_that_is_gone_before_it_was_written_is_never_written(graph: Graph) -> None:
    graph.link(1, BEN)
    graph.edges.write(graph.own)
    graph.links.remove(LinkId(1))
    graph.ctx.now += tuning.GAIN_GATHER
    graph.ctx.drain()
    graph.edges.write(graph.own)
    assert graph.ctx.drain() == []
    assert graph.edges.next_deadline() is None


def test_lists_that_come_together_are_looked_at_together(graph: Graph) -> None:
    graph.says("ben", ANA)
    graph.says("cem", BEN)
    assert graph.edges.follow() == []
    assert graph.edges.next_deadline() == START + tuning.REACH_GATHER
    graph.says("ana", BEN)
    graph.says("ben", ANA, CEM, seq=2)
    graph.ctx.now += tuning.REACH_GATHER
    assert graph.edges.follow() == sorted((BEN, CEM))
    assert graph.reach.count() == 2
    assert graph.edges.follow() == []


def test_member_that_stays_unreachable_is_followed_into_lost(graph: Graph) -> None:
    graph.says("ben")
    graph.ctx.now += tuning.REACH_GATHER
    assert graph.edges.follow() == []
    graph.ctx.now += tuning.LOST_AFTER
    assert graph.edges.follow() == [BEN]
    assert not any(isinstance(effect, Send) for effect in graph.ctx.drain())
