"""Finding the door of an invite: names looked up without holding anything up, and one lost knock is not the end."""

import asyncio
from collections.abc import Sequence

import pytest

from escalate_daemon import finding
from escalate_daemon.discovery.static_peers import Lookups
from escalate_daemon.links.address import Address
from escalate_daemon.trust.errors import InviteUsed, NoAnswer
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.joining import Joiner
from escalate_daemon.trust.membership import Membership, create_space

FLOOR = create_space("Floor", "ana")
JOINER = Joiner(b"i" * 16, Identity.generate(), "ben", "desk7")


class Doors:
    """What each knock in turn is answered, and where it came."""

    def __init__(self, *answers: Membership | Exception) -> None:
        self.knocked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int, joiner: Joiner) -> Membership:
        self.knocked.append((host, port))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """One host name has two addresses here, and no other any."""

    async def addresses(_: Lookups, host: str, port: int) -> Sequence[str]:
        return ("fd00::7", "10.0.0.7") if host == "desk4" else ()

    monkeypatch.setattr(Lookups, "addresses", addresses)


def knock(monkeypatch: pytest.MonkeyPatch, doors: Doors, host: str) -> str:
    monkeypatch.setattr(finding, "fetch_membership", doors)
    membership, place = asyncio.run(finding.knock_at(Address(host, 4711), JOINER))
    assert membership is FLOOR
    return place


def test_one_knock_that_strangers_crowded_out_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(NoAnswer("crowded"), FLOOR)
    assert knock(monkeypatch, doors, "127.0.0.1") == "127.0.0.1:4711"
    assert doors.knocked == [("127.0.0.1", 4711)] * 2


def test_a_name_is_knocked_at_by_each_of_its_addresses_and_the_one_that_opened_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doors = Doors(NoAnswer("no route"), FLOOR)
    assert knock(monkeypatch, doors, "desk4") == "10.0.0.7:4711"
    assert doors.knocked == [("fd00::7", 4711), ("10.0.0.7", 4711)]


def test_what_a_door_says_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(InviteUsed("used"), FLOOR)
    with pytest.raises(InviteUsed):
        knock(monkeypatch, doors, "127.0.0.1")


def test_nobody_answering_is_said_after_the_second_knock(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAnswer, match="second"):
        knock(monkeypatch, Doors(NoAnswer("first"), NoAnswer("second")), "127.0.0.1")


def test_an_unknown_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAnswer, match="desk5"):
        knock(monkeypatch, Doors(), "desk5")
