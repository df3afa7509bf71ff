import asyncio
import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.core import tuning
from escalate_daemon.trust import doorwords
from escalate_daemon.trust.book import LIFETIME_MS, InviteBook
from escalate_daemon.trust.contexts import MEMBER_SNI, sni_for_invite
from escalate_daemon.trust.door import Joined, OpenGrant
from escalate_daemon.trust.doorwords import DoorError, Knock, Sorry, Welcome
from escalate_daemon.trust.identity import Identity
from escalate_daemon.trust.membership import create_space, open_space
from support.inviting import KNOCK, ONE_USE, REUSABLE, inviter
from support.linked import joined

ANA, BEN = Identity.generate().key, Identity.generate().key


def test_joiner_is_given_the_space_and_its_own_introduction() -> None:
    ana = inviter()
    welcome = ana.knock(BEN)
    assert isinstance(welcome, Welcome)
    assert (welcome.space, welcome.secret, welcome.epoch) == (ana.membership.space, ana.membership.secret, 0)
    assert welcome.space_name == "Floor 3"
    assert (welcome.chain[-1].key, welcome.chain[-1].name) == (BEN, "Ben")
    assert welcome.chain[:-1] == ana.membership.chain


def test_use_is_kept_before_it_is_answered() -> None:
    ana = inviter()
    ana.knock(BEN)
    kept, told = ana.house.happened
    assert isinstance(kept, bytes)
    book = InviteBook.from_bytes(kept, ana.house.moment())
    assert book.usable(ana.house.moment()) == []
    assert isinstance(told, Joined)
    assert (told.key, told.name, told.host, told.again) == (BEN, "Ben", "ws-12", False)


def test_use_that_cannot_be_kept_lets_nobody_in_until_it_can() -> None:
    ana = inviter()
    ana.house.disk_full = True
    assert ana.knock(BEN) is None
    ana.house.disk_full = False
    assert ana.knock(ANA) == Sorry("used")
    assert isinstance(ana.knock(BEN), Welcome)
    assert sum(isinstance(one, bytes) for one in ana.house.happened) == 2


def test_same_key_fetches_again_and_another_hears_used() -> None:
    ana = inviter()
    first = ana.knock(BEN)
    assert ana.knock(BEN) == first
    assert ana.knock(ANA) == Sorry("used")
    assert [one.again for one in ana.house.happened if isinstance(one, Joined)] == [False, True]


def test_expired_invite_says_so_and_no_more() -> None:
    ana = inviter()
    ana.house.now = LIFETIME_MS
    assert ana.knock(BEN) == Sorry("expired")
    assert ana.house.happened == []


def test_full_space_spends_no_invite() -> None:
    ana = inviter()
    ana.house.is_full = True
    assert ana.knock(BEN) == ana.knock(BEN, REUSABLE) == Sorry("full")
    ana.house.is_full = False
    assert isinstance(ana.knock(BEN), Welcome)


def test_reusable_invite_lets_all_in_until_it_is_over() -> None:
    ana = inviter()
    assert isinstance(ana.knock(ANA, REUSABLE), Welcome)
    assert isinstance(ana.knock(BEN, REUSABLE), Welcome)
    ana.house.granted = [OpenGrant("g1", REUSABLE, over=True)]
    assert ana.knock(BEN, REUSABLE) == Sorry("expired")


def test_reusable_invite_gone_between_door_and_knock_is_answered_with_silence() -> None:
    ana = inviter()
    door = ana.doors.door(sni_for_invite(REUSABLE))
    ana.house.granted = []
    assert door is not None
    assert asyncio.run(door.answer(KNOCK, BEN, "192.0.2.2")) is None


@pytest.mark.parametrize("name", ["", MEMBER_SNI, sni_for_invite(b"x" * 16), "example.org"])
def test_strangers_find_no_door(name: str) -> None:
    assert inviter().doors.door(name) is None


def test_open_space_has_no_doors() -> None:
    assert inviter(open_space("Demo", "Ana")).doors.door(sni_for_invite(ONE_USE)) is None


def test_last_of_a_longest_chain_opens_no_door() -> None:
    member = create_space("Floor 3", "Ana")
    while len(member.chain) < tuning.CHAIN_MAX:
        assert inviter(member).doors.door(sni_for_invite(ONE_USE)) is not None
        member = joined(member, "Ben")
    assert inviter(member).doors.door(sni_for_invite(ONE_USE)) is None


def test_door_keeps_its_context() -> None:
    doors = inviter().doors
    first, second = doors.door(sni_for_invite(ONE_USE)), doors.door(sni_for_invite(ONE_USE))
    assert first is not None
    assert second is not None
    assert first.context is second.context


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"junk",
        b"x" * 2000,
        doorwords.encode(Knock("", "ws-12")),
        doorwords.encode(Knock("n" * 65, "ws-12")),
        doorwords.encode(Knock("Ben", "h" * 254)),
        doorwords.encode(Sorry("used")),
    ],
)
def test_what_is_no_knock_is_answered_with_silence(request_: bytes) -> None:
    ana = inviter()
    assert ana.knock(BEN, request=request_) is None
    assert ana.house.happened == []


@given(st.binary(max_size=200))
def test_hostile_bytes_at_a_door_give_only_door_errors(data: bytes) -> None:
    for decode in (doorwords.decode_knock, doorwords.decode_answer):
        with pytest.raises(DoorError):
            decode(b"\xc1" + data)
        with contextlib.suppress(DoorError):
            decode(data)


def test_answer_of_an_absurd_space_name_is_refused() -> None:
    welcome = inviter().knock(BEN)
    assert isinstance(welcome, Welcome)
    with pytest.raises(DoorError):
        doorwords.decode_answer(doorwords.encode(msgspec.structs.replace(welcome, space_name="n" * 65)))
