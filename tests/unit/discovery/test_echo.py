"""What counts as heard of multicast DNS, and that one's own voice comes back where the network works."""

import asyncio

import pytest

from escalate_daemon.discovery import echo
from escalate_daemon.discovery.addresses import LocalAddress

MINE = frozenset({"192.0.2.1"})
QUERY = b"\x00\x00\x00\x00" + echo._ASK[4:]
ANSWER = b"\x00\x00\x84\x00\x00\x00\x00\x01" + b"\x00" * 4 + b"\x09_escalate\x04_tcp\x05local\x00\x00\x0c"


def heard(*packets: tuple[bytes, str], wanted: tuple[frozenset[str], ...] = ()) -> echo._Heard:
    async def scenario() -> echo._Heard:
        found = echo._Heard(MINE, wanted)
        for data, source in packets:
            found.packet(data, source)
        return found

    return asyncio.run(scenario())


def test_anything_from_here_is_the_own_voice() -> None:
    found = heard((QUERY, "192.0.2.1"))
    assert (found.own, found.sources) == (True, set())


@pytest.mark.parametrize("data", [b"", b"\x00\x00", QUERY, ANSWER.replace(b"_escalate", b"_printers"), ANSWER[:20]])
def test_questions_other_services_and_broken_packets_are_nobody(data: bytes) -> None:
    assert heard((data, "192.0.2.2")).sources == set()


def test_answer_about_our_service_is_somebody_heard() -> None:
    assert heard((ANSWER, "192.0.2.2"), (ANSWER, "fe80::2%eth0")).sources == {"192.0.2.2", "fe80::2"}


def test_it_is_enough_when_the_own_voice_and_all_wanted_were_heard() -> None:
    wanted = (frozenset({"192.0.2.2", "192.0.2.3"}), frozenset({"192.0.2.4"}))
    packets = [(QUERY, "192.0.2.1"), (ANSWER, "192.0.2.3"), (ANSWER, "192.0.2.4")]
    assert heard(*packets, wanted=wanted).enough.is_set()
    for left_out in range(3):
        rest = packets[:left_out] + packets[left_out + 1 :]
        assert not heard(*rest, wanted=wanted).enough.is_set()


def test_who_is_heard_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "_SOURCES_MAX", 2)
    assert len(heard(*((ANSWER, f"192.0.2.{number}") for number in range(10, 20))).sources) == 2


def test_without_an_interface_the_problem_is_named() -> None:
    assert asyncio.run(echo.listen_around(frozenset())).problem
    lost = frozenset({LocalAddress("192.0.2.9", 9999, "gone0")})
    found = asyncio.run(echo.listen_around(lost))
    assert "gone0" in found.problem
    assert not found.own
