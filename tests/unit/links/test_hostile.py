"""Links among frozen peers, misbehaving members and strangers, over real sockets on loopback."""

import asyncio
import contextlib
import ssl
import struct

import pytest

from escalate_daemon.core import tuning
from escalate_daemon.links import limits
from support.frozen import Frozen
from support.linked import PATIENCE_S, Failed, Linked, joined, linked, pair


# --- Peers that do not read, and members that misbehave -------------------------------------------------
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
            await one.until_gone()
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
            with contextlib.suppress(ConnectionResetError):  # hung up on, by a reset or an end
                assert await reader.read() == b""
            await one.until_gone()
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
            await one.until_gone()
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
            await one.until_gone()
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
            await two.until_gone(2 + limits.UNFINISHED_MAX)
            for task in crowd:
                task.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
            assert two.events.downs() == one.events.downs() == []
            assert len(two.events.ups()) == 2

    asyncio.run(scenario())
