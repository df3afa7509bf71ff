import pytest

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Close, Send
from escalate_daemon.core.ids import LinkId, MemberId
from escalate_daemon.core.linktable import WAKE_GRACE, Link, LinkTable
from escalate_daemon.core.wire import Ping
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
BEN, CEM = CAST.id("ben"), CAST.id("cem")
START = 1_000_000
PRINT = b"f" * 16


@pytest.fixture
def ctx() -> Context:
    return CAST.context("ana", START)


@pytest.fixture
def table(ctx: Context) -> LinkTable:
    return LinkTable(ctx)


def link(number: int = 1, peer: MemberId = BEN, *, dialled: bool = True, probe: bool = False) -> Link:
    return Link(LinkId(number), peer, "b:1", dialled, probe, START, START, START if dialled else None)


def ping(number: int, nonce: int) -> Send:
    return Send(LinkId(number), wire.encode(Ping(nonce, PRINT)), urgent=True)


def test_dialler_pings_at_once_and_every_5_s(ctx: Context, table: LinkTable) -> None:
    table.add(up := link())
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 1)]
    table.heard(up)
    ctx.now += tuning.PING_EVERY - 1
    table.ping_due(PRINT)
    assert ctx.drain() == []
    assert table.next_deadline() == START + tuning.PING_EVERY
    ctx.now += 1
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 2)]


def test_acceptor_never_pings(ctx: Context, table: LinkTable) -> None:
    table.add(link(dialled=False))
    ctx.now += 2 * tuning.PING_EVERY
    table.ping_due(PRINT)
    assert ctx.drain() == []
    assert table.next_deadline() == START + tuning.DEAD_AFTER


def test_link_is_doubtful_after_4_s_of_silence_with_a_ping_outstanding(ctx: Context, table: LinkTable) -> None:
    table.add(up := link())
    table.ping_due(PRINT)
    assert table.next_deadline() == START + tuning.DOUBTFUL_AFTER
    ctx.now += tuning.DOUBTFUL_AFTER
    table.ping_due(PRINT)
    assert up.doubtful
    assert table.beside_due() == [up]
    assert table.beside_due() == []
    ctx.now += tuning.SECOND_DIAL_EVERY
    assert table.beside_due() == [up]


def test_any_byte_ends_the_doubt(ctx: Context, table: LinkTable) -> None:
    table.add(up := link())
    table.ping_due(PRINT)
    ctx.now += tuning.DOUBTFUL_AFTER
    table.ping_due(PRINT)
    table.heard(up)
    assert not up.doubtful
    assert table.beside_due() == []


def test_silence_without_a_ping_outstanding_is_no_doubt(ctx: Context, table: LinkTable) -> None:
    table.add(up := link())
    table.ping_due(PRINT)
    table.heard(up)
    ctx.now += tuning.PING_EVERY - 1
    table.ping_due(PRINT)
    assert not up.doubtful


@pytest.mark.parametrize("dialled", [True, False], ids=["dialler", "acceptor"])
def test_link_is_dead_15_s_after_its_last_byte_at_either_end(ctx: Context, table: LinkTable, dialled: bool) -> None:
    table.add(up := link(dialled=dialled))
    ctx.now += 3_000
    table.heard(up)
    ctx.now += tuning.DEAD_AFTER - 1
    assert table.dead() == []
    ctx.now += 1
    assert table.dead() == [up]


def test_woken_links_are_asked_at_once_and_given_a_little_time(ctx: Context, table: LinkTable) -> None:
    table.add(mine := link(1))
    table.add(theirs := link(2, CEM, dialled=False))
    table.ping_due(PRINT)
    ctx.drain()
    ctx.now += tuning.HOUR
    table.woken()
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 2)]
    assert table.dead() == []
    assert table.beside_due() == [mine, theirs]
    ctx.now += WAKE_GRACE
    assert table.dead() == [mine, theirs]


def test_listed_are_peers_of_compared_links_that_are_no_probes(table: LinkTable) -> None:
    table.add(good := link(1))
    table.add(link(2, CEM))
    table.add(probe := link(3, CEM, probe=True))
    assert table.listed() == frozenset()
    good.compared = probe.compared = True
    assert table.listed() == {BEN}
    assert table.peers() == {BEN, CEM}
    assert [each.id for each in table.of(CEM)] == [2, 3]


def test_closing_asks_for_it_once_and_forgets(ctx: Context, table: LinkTable) -> None:
    table.add(up := link())
    assert table.close(LinkId(1), "enough") is up
    assert ctx.drain() == [Close(LinkId(1), "enough")]
    assert table.close(LinkId(1), "enough") is None
    assert table.remove(LinkId(1)) is None
    assert ctx.drain() == []
    assert (len(table), table.get(LinkId(1)), table.next_deadline()) == (0, None, None)


def test_new_network_asks_every_link_of_either_end_at_once_and_doubts_it_a_second_later(
    ctx: Context, table: LinkTable
) -> None:
    table.add(mine := link(1))
    table.add(theirs := link(2, CEM, dialled=False))
    table.ping_due(PRINT)
    table.heard(mine)
    ctx.drain()
    ctx.now += tuning.SECOND
    table.ask_all()
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 2), ping(2, 1)]
    assert table.next_deadline() == ctx.now + tuning.ASKED_DOUBTFUL_AFTER
    ctx.now += tuning.ASKED_DOUBTFUL_AFTER
    table.ping_due(PRINT)
    assert table.beside_due() == [mine, theirs]


def test_link_that_was_asked_is_doubted_until_that_is_answered_whatever_else_its_peer_sends(
    ctx: Context, table: LinkTable
) -> None:
    table.add(up := link(1))
    table.ping_due(PRINT)
    table.ask_all()
    table.ping_due(PRINT)
    table.answered(up, 1)
    table.heard(up)
    ctx.now += tuning.ASKED_DOUBTFUL_AFTER
    table.ping_due(PRINT)
    assert table.beside_due() == [up], "only the ping before was answered"
    table.heard(up)
    ctx.now += tuning.SECOND_DIAL_EVERY
    assert table.beside_due() == [up]
    table.answered(up, 2)
    ctx.now += tuning.SECOND_DIAL_EVERY
    table.ping_due(PRINT)
    assert table.beside_due() == []


def test_link_that_has_yet_to_answer_is_not_asked_again_nor_given_more_time(ctx: Context, table: LinkTable) -> None:
    table.add(up := link(dialled=False))
    table.ask_all()
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 1)]
    ctx.now += tuning.ASKED_DOUBTFUL_AFTER // 2
    table.ask_all()
    table.ping_due(PRINT)
    assert ctx.drain() == []
    ctx.now += tuning.ASKED_DOUBTFUL_AFTER // 2
    table.ping_due(PRINT)
    assert up.doubtful


def test_link_silent_for_a_second_after_an_urgent_write_is_asked_and_doubted_after_4_s(
    ctx: Context, table: LinkTable
) -> None:
    table.add(up := link(dialled=False))
    up.told(ctx.now)
    table.ping_due(PRINT)
    assert ctx.drain() == []
    assert table.next_deadline() == ctx.now + tuning.TOLD_UNHEARD
    ctx.now += tuning.TOLD_UNHEARD
    up.told(ctx.now)
    table.ping_due(PRINT)
    assert ctx.drain() == [ping(1, 1)]
    up.told(ctx.now)
    ctx.now += tuning.DOUBTFUL_AFTER
    table.ping_due(PRINT)
    assert ctx.drain() == []
    assert up.doubtful


def test_link_heard_within_a_second_of_an_urgent_write_is_not_asked(ctx: Context, table: LinkTable) -> None:
    table.add(up := link(dialled=False))
    up.told(ctx.now)
    table.heard(up)
    ctx.now += tuning.TOLD_UNHEARD
    table.ping_due(PRINT)
    assert ctx.drain() == []
    assert not up.doubtful
