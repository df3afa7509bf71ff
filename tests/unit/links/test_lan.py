"""Links over real sockets on loopback."""

import asyncio
import dataclasses
import gc
import socket

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.links import connection, limits
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import create_space, open_space
from support.frozen import Frozen
from support.linked import Failed, Up, joined, linked, pair


def test_both_ends_are_told_of_a_link_and_who_is_at_the_other() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, accepted):
            assert up.dial == 1
            assert up.peer.member == two.events.membership.identity.member
            assert up.peer.address == two.address
            assert accepted.dial is None
            assert accepted.peer.member == one.events.membership.identity.member
            assert accepted.peer.address is None
            assert accepted.peer.hello == one.events.hello(probe=False)
            assert one.links.link_count == two.links.link_count == 1

    asyncio.run(scenario())


def test_probe_says_so_in_its_hello() -> None:
    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        async with linked(ana) as one, linked(joined(ana, "Ben")) as two:
            await one.dial(two, probe=True)
            await two.events.until(lambda: bool(two.events.ups()))
            assert two.events.ups()[0].peer.hello.probe

    asyncio.run(scenario())


def test_links_from_an_address_that_is_gone_are_down_and_told_so() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, _):
            one.links.drop_from(frozenset({"10.9.9.9"}))
            assert one.links.link_count == 1
            one.links.drop_from(frozenset({"127.0.0.1"}))
            await one.events.until(lambda: one.events.downs() == [up.link])
            await two.events.until(lambda: bool(two.events.downs()))
            assert one.links.link_count == 0

    asyncio.run(scenario())


def test_segments_are_small_enough_for_every_path() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, _, _):
            for end in (one, two):
                (connection,) = end.links._links.values()
                assert connection._transport is not None
                sock = connection._transport.get_extra_info("socket")
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= limits.SEGMENT_BYTES

    asyncio.run(scenario())


def test_members_of_an_open_space_link() -> None:
    async def scenario() -> None:
        async with linked(open_space("Demo", "Ana")) as one, linked(open_space("demo", "Ben")) as two:
            assert isinstance(await one.dial(two), Up)

    asyncio.run(scenario())


def test_frames_of_all_sizes_come_whole_and_in_order_both_ways() -> None:
    frames = [bytes([n % 251]) * size for n, size in enumerate([0, 1, 100, 16_384, 16_385, tuning.FRAME_BYTES])]

    async def scenario() -> None:
        async with pair() as (one, two, up, accepted):
            for frame in frames:
                one.links.send(up.link, frame, urgent=True)
                two.links.send(accepted.link, frame, urgent=True)
            await one.events.until(lambda: len(one.events.got()) == len(frames))
            await two.events.until(lambda: len(two.events.got()) == len(frames))
            assert one.events.got() == two.events.got() == frames

    asyncio.run(scenario())


def test_much_more_than_the_kernel_takes_at_once_arrives() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, _):
            for number in range(200):
                await two.events.until(lambda: len(two.events.got()) >= number - 4)  # noqa: B023 -- awaited here
                one.links.send(up.link, number.to_bytes(4, "big") * 8_000, urgent=False)
            await two.events.until(lambda: len(two.events.got()) == 200)
            assert [int.from_bytes(data[:4], "big") for data in two.events.got()] == list(range(200))
            assert one.events.overflows() == 0

    asyncio.run(scenario())


# --- Outcomes of a dial -------------------------------------------------------------------------------
def test_dialling_oneself_fails_as_oneself() -> None:
    async def scenario() -> None:
        async with linked() as one:
            outcome = await one.dial(one)
            assert isinstance(outcome, Failed)
            assert outcome.myself
            assert not outcome.stranger
            await one.until_gone()
            assert one.events.told == [outcome]

    asyncio.run(scenario())


def test_another_spaces_daemon_is_a_stranger_and_is_told_nothing() -> None:
    async def scenario() -> None:
        async with linked() as one, linked() as two:
            outcome = await one.dial(two)
            assert isinstance(outcome, Failed)
            assert outcome.stranger
            assert not outcome.myself
            await two.until_gone()
            assert two.events.told == []

    asyncio.run(scenario())


def test_other_protocol_is_refused_by_the_hello() -> None:
    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        async with linked(ana) as one, linked(joined(ana, "Ben")) as two:
            two.events.protocol = 99
            outcome = await one.dial(two)
            assert isinstance(outcome, Failed)
            await two.events.until(lambda: len(two.events.ups()) == len(two.events.downs()))
            assert two.links.link_count == 0

    asyncio.run(scenario())


def test_holder_of_the_secret_without_an_introduction_is_no_member() -> None:
    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        eve = dataclasses.replace(ana, identity=Identity.generate())
        async with linked(ana) as one, linked(eve) as two:
            await two.dial(one)
            await one.until_gone()
            assert one.events.told == []
            await two.events.until(lambda: len(two.events.ups()) == len(two.events.downs()))

    asyncio.run(scenario())


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:0", "a" * 300 + ":80", "..:80"])
def test_dial_of_nonsense_fails(address: str) -> None:
    async def scenario() -> None:
        async with linked() as one:
            outcome = await one.dial(address)
            assert isinstance(outcome, Failed)
            assert not outcome.stranger
            assert outcome.reason

    asyncio.run(scenario())


def test_dial_of_a_name_asks_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: asked.append(args))

    async def scenario() -> None:
        async with linked() as one:
            outcome = await one.dial("desk7.example.org:4711")
            assert isinstance(outcome, Failed)
            assert "desk7.example.org" in outcome.reason

    asyncio.run(scenario())
    assert asked == []


def test_dial_where_nobody_listens_fails() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with linked() as one:
            outcome = await one.dial(f"127.0.0.1:{port}")
            assert isinstance(outcome, Failed)
            assert not outcome.stranger

    asyncio.run(scenario())


def test_dial_of_one_who_speaks_no_tls_is_a_strangers() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server, linked() as one:
            outcome = await one.dial(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
            assert isinstance(outcome, Failed)
            assert outcome.stranger

    asyncio.run(scenario())


def test_silent_peer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("escalate_daemon.links.lan._DIAL_S", 0.2)

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            async with linked() as one:
                outcome = await one.dial(f"127.0.0.1:{silent.getsockname()[1]}")
                assert isinstance(outcome, Failed)
                assert not outcome.stranger
                assert one.events.told == [outcome]

    asyncio.run(scenario())


# --- Ends ---------------------------------------------------------------------------------------------
def test_link_that_the_node_closes_is_down_at_the_peer_alone() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, accepted):
            one.links.send(up.link, b"last words", urgent=False)
            one.links.close(up.link, "test")
            one.links.close(up.link, "again")
            one.links.send(up.link, b"unsaid", urgent=True)
            await two.events.until(lambda: bool(two.events.downs()))
            assert two.events.downs() == [accepted.link]
            assert two.events.got() == [b"last words"]
            await one.until_gone()
            assert one.events.downs() == []
            assert one.links.link_count == two.links.link_count == 0

    asyncio.run(scenario())


def test_closing_all_sends_what_is_queued_and_tells_nothing_more() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, _):
            for number in range(7):
                one.links.send(up.link, bytes([number]) * 30_000, urgent=False)
            told = list(one.events.told)
            await one.links.aclose()
            assert one.links.connection_count == 0
            await two.events.until(lambda: bool(two.events.downs()))
            assert len(two.events.got()) == 7
            assert one.events.told == told

    asyncio.run(scenario())


def test_closing_waits_for_no_frozen_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLOSE_S", 0.05)

    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        async with linked(ana) as one:
            frozen = await Frozen.come(one)
            await one.events.until(lambda: bool(one.events.ups()))
            link = one.events.ups()[0].link
            for _ in range(100):
                one.links.send(link, bytes(60_000), urgent=True)
            await one.links.aclose()
            assert one.links.connection_count == 0
            frozen.writer.transport.abort()

    asyncio.run(scenario())


def test_dials_under_way_end_with_the_links() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            async with linked() as one:
                for number in range(5):
                    one.links.dial(DialId(number), f"127.0.0.1:{silent.getsockname()[1]}", probe=False)
                await asyncio.sleep(0)
            assert one.events.told == []
            assert one.links.connection_count == 0
            one.links.dial(DialId(9), "127.0.0.1:1", probe=False)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def test_nothing_is_leaked() -> None:
    async def scenario() -> None:
        async with pair() as (one, _, up, _):
            one.links.send(up.link, b"x", urgent=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, connection.Connection)]


def test_sending_on_an_unknown_link_does_nothing() -> None:
    async def scenario() -> None:
        async with linked() as one:
            one.links.send(LinkId(77), b"x", urgent=True)
            one.links.close(LinkId(77), "test")

    asyncio.run(scenario())
