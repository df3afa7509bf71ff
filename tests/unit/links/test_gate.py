import random

from escalate_daemon.links.gate import Gate
from escalate_daemon.links.limits import UNFINISHED_MAX


def gate() -> Gate[int]:
    return Gate(random.Random(1))


def test_newcomer_displaces_one_when_all_places_are_taken() -> None:
    here = gate()
    for number in range(UNFINISHED_MAX):
        assert here.enter(number, f"10.0.0.{number}") is None
    displaced = here.enter(99, "10.0.0.99")
    assert displaced in range(UNFINISHED_MAX)
    assert len(here) == UNFINISHED_MAX


def test_any_of_the_unfinished_may_be_displaced_but_the_newcomer() -> None:
    here = gate()
    for number in range(200):
        assert here.enter(number, "127.0.0.1") != number
    left = [here.enter(number, "127.0.0.1") for number in range(200, 260)]
    assert min(one for one in left if one is not None) < 200


def test_third_from_one_address_displaces_one_of_its_own() -> None:
    here = gate()
    here.enter(1, "10.0.0.1")
    assert here.enter(2, "10.0.0.2") is None
    assert here.enter(3, "10.0.0.2") is None
    assert here.enter(4, "10.0.0.2") in (2, 3)
    assert len(here) == 3


def test_loopback_is_exempt_from_the_share() -> None:
    here = gate()
    for number in range(UNFINISHED_MAX):
        assert here.enter(number, "::1" if number % 2 else "127.0.0.1") is None


def test_who_left_makes_room() -> None:
    here = gate()
    for number in range(UNFINISHED_MAX):
        here.enter(number, "127.0.0.1")
    here.leave(3)
    here.leave(3)
    assert here.enter(99, "127.0.0.1") is None


def test_unreadable_address_gets_its_share_and_no_more() -> None:
    here = gate()
    assert [here.enter(number, "?") is None for number in range(3)] == [True, True, False]
