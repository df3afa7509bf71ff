"""Links over real sockets on loopback."""

import asyncio
import dataclasses
import gc
import socket
import ssl
import struct

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import DialId, LinkId
from escalate_daemon.core.wire import encode
from escalate_daemon.links import connection, limits
from escalate_daemon.trust.contexts import MEMBER_SNI, member_context_pair
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import create_space, open_space
from support.linked import PATIENCE_S, Failed, Linked, Up, joined, linked, pair


async def until_gone(one: Linked, count: int = 0) -> None:
    """Waits until only so many connections are left; there is no event for strangers' ends."""
    async with asyncio.timeout(PATIENCE_S):
        while one.links.connection_count > count:
            await asyncio.sleep(0.01)


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
            sent = 0
            while sent < 200:
                one.links.send(up.link, sent.to_bytes(4, "big") * 8_000, urgent=False)
                sent += 1
                if sent % 4 == 0:  # within the queue's limit
                    await two.events.until(lambda: len(two.events.got()) >= sent - 4)
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
            await until_gone(one)
            assert one.events.told == [outcome]

    asyncio.run(scenario())


def test_another_spaces_daemon_is_a_stranger_and_is_told_nothing() -> None:
    async def scenario() -> None:
        async with linked() as one, linked() as two:
            outcome = await one.dial(two)
            assert isinstance(outcome, Failed)
            assert outcome.stranger
            assert not outcome.myself
            await until_gone(two)
            assert two.events.told == []

    asyncio.run(scenario())


def test_other_protocol_is_refused_by_the_hello() -> None:
    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        async with linked(ana) as one, linked(joined(ana, "Ben")) as two:
            two.events.protocol = 99
            outcome = await one.dial(two)
            assert isinstance(outcome, Failed)
            assert two.events.ups() == [] or two.events.downs() == [two.events.ups()[0].link]

    asyncio.run(scenario())


def test_holder_of_the_secret_without_an_introduction_is_no_member() -> None:
    async def scenario() -> None:
        ana = create_space("Floor", "Ana")
        eve = dataclasses.replace(ana, identity=Identity.generate())
        async with linked(ana) as one, linked(eve) as two:
            outcome = await two.dial(one)
            await until_gone(one)
            assert one.events.told == []
            assert isinstance(outcome, Failed) or two.events.downs() == [outcome.link]

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
            await until_gone(one)
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


# --- Peers that do not read, and members that misbehave -------------------------------------------------
class Frozen:
    """A member that links by asyncio's own TLS, says hello, and then does as the test likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def come(cls, to: Linked, *, hello: bool = True) -> "Frozen":
        ben = joined(to.events.membership, "Ben")
        context = member_context_pair(ben.identity, ben.secret, ben.epoch).client
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", to.links.port, ssl=context, server_hostname=MEMBER_SNI, limit=1024
        )
        if hello:
            words = encode(dataclasses.replace(to.events, membership=ben).hello(probe=False))
            writer.write(len(words).to_bytes(4, "big") + words)
        return cls(reader, writer)


def test_link_that_drains_nothing_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALL_S", 0.2)

    async def scenario() -> None:
        async with linked() as one:
            frozen = await Frozen.come(one)
            await one.events.until(lambda: bool(one.events.ups()))
            frozen.writer.transport.pause_reading()  # type: ignore[attr-defined]
            link = one.events.ups()[0].link
            async with asyncio.timeout(PATIENCE_S):
                while not one.events.downs():
                    one.links.send(link, bytes(60_000), urgent=False)
                    await asyncio.sleep(0)
            assert one.events.downs() == [link]
            assert one.events.overflows() == 1
            frozen.writer.transport.abort()

    asyncio.run(scenario())


def test_urgent_frame_overtakes_what_is_queued() -> None:
    async def scenario() -> None:
        async with pair() as (one, two, up, _):
            for number in range(4):
                one.links.send(up.link, bytes([number]) * 60_000, urgent=False)
            one.links.send(up.link, b"red", urgent=True)
            await two.events.until(lambda: len(two.events.got()) == 5)
            assert two.events.got().index(b"red") < 4

    asyncio.run(scenario())


@pytest.mark.parametrize("said", [b"\xff\xff\xff\xff", struct.pack(">I", 5) + b"hello", b"\x00\x00\x00\x00"])
def test_member_that_says_no_hello_is_no_link(said: bytes) -> None:
    async def scenario() -> None:
        async with linked() as one:
            frozen = await Frozen.come(one, hello=False)
            frozen.writer.write(said)
            await until_gone(one)
            assert one.events.told == []
            frozen.writer.transport.abort()

    asyncio.run(scenario())


def test_too_large_a_frame_on_a_link_is_its_end() -> None:
    async def scenario() -> None:
        async with linked() as one:
            frozen = await Frozen.come(one)
            await one.events.until(lambda: bool(one.events.ups()))
            frozen.writer.write((tuning.FRAME_BYTES + 1).to_bytes(4, "big"))
            await one.events.until(lambda: bool(one.events.downs()))
            frozen.writer.transport.abort()

    asyncio.run(scenario())


def test_member_that_says_no_hello_in_time_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_S", 0.2)

    async def scenario() -> None:
        async with linked() as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.links.port)
            assert await reader.read() == b""
            await until_gone(one)
            writer.transport.abort()

    asyncio.run(scenario())


# --- Strangers ------------------------------------------------------------------------------------------
async def say(one: Linked, data: bytes) -> bytes:
    """What a stranger who says `data` hears until it is hung up on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", one.links.port)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff", bytes(100_000)])
def test_strangers_bytes_are_told_nothing(data: bytes) -> None:
    async def scenario() -> None:
        async with linked() as one:
            assert await say(one, data) == b""
            await until_gone(one)
            assert one.events.told == []

    asyncio.run(scenario())


@pytest.mark.parametrize("name", [None, "example.org", "f" * 32])
def test_stranger_who_asks_for_another_name_is_shown_no_certificate(name: str | None) -> None:
    async def scenario() -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with linked() as one:
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", one.links.port, ssl=context, server_hostname=name or "")
            await until_gone(one)
            assert one.events.told == []

    asyncio.run(scenario())


def test_thousand_junk_connections_at_once_change_nothing() -> None:
    async def junk(port: int, number: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                if number % 3:
                    writer.write(b"\x16\x03\x01" if number % 3 == 1 else b"junk" * 100)
                await reader.read()
            finally:
                writer.transport.abort()
        except OSError:
            return

    async def scenario() -> None:
        async with pair() as (one, two, up, _), linked(joined(one.events.membership, "Cem")) as three:
            crowd = [asyncio.create_task(junk(two.links.port, number)) for number in range(1_000)]
            number, outcome = 100, await three.dial(two, 100)
            while isinstance(outcome, Failed):
                assert not outcome.stranger
                number += 1
                outcome = await three.dial(two, number)
            one.links.send(up.link, b"red", urgent=True)
            await two.events.until(lambda: b"red" in two.events.got())
            assert two.links.connection_count <= 2 + limits.UNFINISHED_MAX + limits.BACKLOG
            for task in crowd:
                task.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
            assert two.events.downs() == one.events.downs() == []
            assert len(two.events.ups()) == 2

    asyncio.run(scenario())
