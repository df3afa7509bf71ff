"""A member dials whoever asks, at the place it sees the question come from, and nobody and nowhere else."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
import pytest

from escalate_daemon.core.ids import member_id
from escalate_daemon.core.views import MemberView
from escalate_daemon.doctor import dialback, dialdoor, dialwords
from escalate_daemon.doctor.dialback import Answer, Helper
from escalate_daemon.doctor.dialdoor import DialBackDoor
from escalate_daemon.doctor.dialwords import Ask, Told, Verdict, encode
from escalate_daemon.links.events import Door
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import Membership, create_space
from support.hands import ANA
from support.linked import Linked, joined, linked, tls_of

BEN = create_space("Floor", "Ben")  # the member that is asked
ASKER = joined(BEN, "Ana")


def view_of(membership: Membership, *addresses: str) -> MemberView:
    return replace(ANA, id=member_id(membership.identity.key), addresses=addresses)


@dataclass
class Asked:
    """Ben, who is asked, and what Ben thinks of everybody."""

    links: Linked
    door: DialBackDoor
    members: list[MemberView]

    async def ask(self, who: Membership) -> Told | None:
        answers = await dialback.ask_all([Helper("ben", (self.links.address,))], tls_of(who).client)
        return answers[0].told


@asynccontextmanager
async def asked() -> AsyncIterator[Asked]:
    members: list[MemberView] = []
    door = DialBackDoor(tls_of(BEN).server, lambda: members)

    def doors(name: str) -> Door | None:
        return door if name == dialwords.SNI else None

    async with linked(BEN, doors=doors) as there:
        yield Asked(there, door, members)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[str]]]:
    """A port, and the hosts that dialled it."""
    came: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("peername")[0])
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()
        await server.wait_closed()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_member_is_dialled_at_the_address_it_asks_from_whatever_its_profile_says() -> None:
    async def scenario() -> None:
        async with listening() as (port, came), asked() as ben:
            ben.members.append(view_of(ASKER, f"192.0.2.77:{port}", f"198.51.100.7:{port}"))
            told = await ben.ask(ASKER)
            assert told is not None
            assert told.verdict == "reachable"
            assert came == ["127.0.0.1"]

    asyncio.run(scenario())


def test_port_that_nobody_listens_at_is_refused() -> None:
    async def scenario() -> None:
        async with asked() as ben:
            ben.members.append(view_of(ASKER, f"127.0.0.1:{free_port()}"))
            told = await ben.ask(ASKER)
            assert told is not None
            assert told.verdict == "refused"

    asyncio.run(scenario())


def test_who_is_no_known_member_is_told_nothing() -> None:
    async def scenario() -> None:
        async with asked() as ben:
            assert await ben.ask(ASKER) is None
            stranger = create_space("Elsewhere", "Eve")
            ben.members.append(view_of(stranger, "127.0.0.1:1"))
            assert await ben.ask(stranger) is None

    asyncio.run(scenario())


def test_second_question_within_a_moment_is_not_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialdoor, "AGAIN_S", 60.0)
    ask = encode(Ask())

    async def scenario() -> None:
        async with listening() as (port, came), asked() as ben:
            ben.members.append(view_of(ASKER, f"127.0.0.1:{port}"))
            answers = [await ben.door.answer(ask, ASKER.identity.key, "127.0.0.1") for _ in range(2)]
            assert [msgspec.msgpack.decode(each or b"", type=Told).verdict for each in answers] == ["reachable", "busy"]
            assert len(came) == 1


def test_one_that_is_busy_is_asked_again_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dialback, dialdoor):
        monkeypatch.setattr(module, "AGAIN_S", 0.05)

    async def scenario() -> None:
        async with listening() as (port, came), asked() as ben:
            ben.members.append(view_of(ASKER, f"127.0.0.1:{port}"))
            for _ in range(2):
                told = await ben.ask(ASKER)
                assert told is not None
                assert told.verdict == "reachable"
            assert len(came) == 2

    asyncio.run(scenario())


def test_few_are_dialled_at_once() -> None:
    async def scenario() -> None:
        crowd = [Identity.generate() for _ in range(dialdoor.DIALS_AT_ONCE + 1)]
        views = [replace(ANA, id=each.member, addresses=("127.0.0.1:9",)) for each in crowd]
        door = DialBackDoor(ssl.create_default_context(), lambda: views)
        ask = encode(Ask())
        gate = asyncio.Event()

        async def slow(host: str, port: int) -> Verdict:
            await gate.wait()
            return "timed-out"

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dialdoor, "try_dial", slow)
            waiting = [asyncio.create_task(door.answer(ask, each.key, "127.0.0.1")) for each in crowd[:-1]]
            await asyncio.sleep(0)
            last = await door.answer(ask, crowd[-1].key, "127.0.0.1")
            gate.set()
            answers = await asyncio.gather(*waiting)
        assert last is not None
        assert msgspec.msgpack.decode(last, type=Told).verdict == "busy"
        assert {msgspec.msgpack.decode(each or b"", type=Told).verdict for each in answers} == {"timed-out"}

    asyncio.run(scenario())


@pytest.mark.parametrize("request_bytes", [b"", b"\xc1", msgspec.msgpack.encode(["dial-you", 1]), b"\xff" * 200])
def test_anything_else_is_answered_by_nothing(request_bytes: bytes) -> None:
    door = DialBackDoor(ssl.create_default_context(), lambda: [view_of(ASKER, "127.0.0.1:9")])
    assert asyncio.run(door.answer(request_bytes, ASKER.identity.key, "127.0.0.1")) is None


def test_silence_is_timed_out() -> None:
    async def scenario() -> None:
        with socket.socket() as sock:  # a full backlog takes no connection
            sock.bind(("127.0.0.1", 0))
            sock.listen(0)
            place: tuple[str, int] = sock.getsockname()
            with socket.create_connection(place), socket.socket() as second:
                second.setblocking(False)
                second.connect_ex(place)
                assert await dialdoor.try_dial(place[0], place[1], limit_s=0.2) == "timed-out"

    asyncio.run(scenario())


def test_peer_that_does_not_know_the_question_gives_no_answer() -> None:
    async def scenario() -> None:
        async with linked(BEN) as older:
            answers = await dialback.ask_all([Helper("ben", (older.address, "127.0.0.1:x"))], tls_of(ASKER).client)
            assert answers == (Answer("ben", None),)

    asyncio.run(scenario())


def test_those_with_a_link_are_asked_first_at_that_link_s_address() -> None:
    def member(name: str, *addresses: str, online: bool = True, me: bool = False) -> MemberView:
        return replace(ANA, label=name, addresses=addresses, online=online, me=me)

    members = [
        member("me", "192.0.2.1:1", me=True),
        member("gone", "192.0.2.2:1", online=False),
        member("mute"),
        member("far", "192.0.2.3:1"),
        member("near", "172.17.0.1:1", "[2001:db8::1]:1", "192.0.2.4:1"),
    ]
    helpers = dialback.helpers_among(members, frozenset({"192.0.2.4"}))
    assert helpers == (Helper("near", ("192.0.2.4:1", "172.17.0.1:1")), Helper("far", ("192.0.2.3:1",)))
    assert len(dialback.helpers_among(members[3:4] * 9, frozenset())) == dialback.PEERS_MAX
