from random import Random

import pytest

from escalate_daemon.core.graph import Graph, mutual
from escalate_daemon.core.ids import MemberId

ME, A, B, C = (MemberId(bytes([n]) * 16) for n in range(4))
Lists = dict[MemberId, frozenset[MemberId]]


def lists(**who: str) -> Lists:
    """me="ab" means that I list a and b."""
    of = {"m": ME, "a": A, "b": B, "c": C}
    return {of[name[0]]: frozenset(of[c] for c in others) for name, others in who.items()}


def graph_of(said: Lists) -> Graph:
    graph = Graph(ME)
    for member, listed in said.items():
        graph.put(member, listed)
    graph.follow()
    return graph


def test_edge_counts_only_when_both_ends_list_it() -> None:
    assert mutual(ME, A, lists(me="a", a="m"))
    assert not mutual(ME, A, lists(me="a", a=""))
    assert not mutual(ME, A, lists(me="", a="m"))
    assert not mutual(ME, A, lists(me="a"))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (lists(me="a", a="mb", b="ac", c="b"), {ME, A, B, C}),
        (lists(me="a", a="mb", b="c", c="b"), {ME, A}),
        (lists(me="", a="mb", b="am"), {ME}),
        (lists(me="abc", a="m", b="", c="m"), {ME, A, C}),
        ({}, {ME}),
    ],
    ids=["a chain", "half an edge in the chain", "nobody that I list", "one who denies", "nobody"],
)
def test_reachable_is_who_a_path_of_mutual_edges_leads_to(said: Lists, found: set[MemberId]) -> None:
    assert graph_of(said).joined == found


def test_loops_end() -> None:
    assert graph_of(lists(me="ma", a="mab", b="ab")).joined == {ME, A, B}


def test_following_one_list_at_a_time_finds_what_looking_at_all_would() -> None:
    rng = Random(1)
    members = [MemberId(bytes([n]) * 16) for n in range(12)]
    for _ in range(40):
        said: Lists = {}
        graph = Graph(ME)
        for _ in range(60):
            for member in rng.sample(members, rng.randint(1, 4)):
                said[member] = frozenset(rng.sample(members, rng.randint(0, 5)))
                graph.put(member, said[member])
            before = set(graph.joined)
            moved = graph.follow()
            assert graph.joined == graph_of(said).joined == walked(said)
            assert moved == before ^ graph.joined


def walked(said: Lists) -> set[MemberId]:
    found, queue = {ME}, [ME]
    while queue:
        here = queue.pop()
        fresh = {there for there in said.get(here, ()) if there not in found and mutual(here, there, said)}
        found |= fresh
        queue.extend(fresh)
    return found
