"""Whom WHO means, where the daemon's requests resolve it."""

from dataclasses import replace

import pytest

from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.views import EscalationState, EscalationView, MemberView, Reach
from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.requests.naming import hand_meant, members_meant, members_or_refuse, only_hand


def member(name: str, host: str = "desk", label: str = "", number: int = 0, groups: tuple[str, ...] = ()) -> MemberView:
    return MemberView(
        id=MemberId(bytes([number]) * 16),
        name=name,
        host=host,
        label=label or name,
        presence="available",
        room="",
        groups=groups,
        location="",
        phone="",
        url="",
        me=number == 0,
        online=True,
        hears="popup",
        version="",
        new_key=False,
    )


ANA = member("Ana")
BEN = member("ben", "desk", "ben@desk", 1, ("team",))
BEN2 = member("ben", "lab", "ben@lab", 2)
EVERYBODY = [ANA, BEN, BEN2]


def hand(owner: MemberView, identifier: str, state: EscalationState = EscalationState.ACTIVE) -> EscalationView:
    return EscalationView(
        id=HandId(identifier),
        owner=owner,
        level="red",
        message="",
        named=(),
        state=state,
        age=1,
        max_age=1,
        lost_for=None,
        ended_ago=None,
        end_reason=None,
        note="",
        reach=Reach(),
        receipts=(),
        named_me=False,
        mine=owner.me,
    )


@pytest.mark.parametrize(
    ("who", "meant"),
    [
        ("ana", [ANA]),
        ("@ANA", [ANA]),
        ("ben", [BEN, BEN2]),
        ("ben@lab", [BEN2]),
        ("01" * 16, [BEN]),
        ("020202", [BEN2]),
        ("@team", [BEN]),
        ("nobody", []),
    ],
)
def test_a_member_is_meant_by_label_name_host_id_or_group(who: str, meant: list[MemberView]) -> None:
    assert members_meant(EVERYBODY, who) == meant


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestFailed) as caught:
        members_or_refuse(EVERYBODY, "anna")
    assert (caught.value.failure.code, caught.value.failure.exit) == ("unknown-name", 4)
    assert "Ana" in (caught.value.failure.hint or "")


def test_a_hand_is_meant_by_its_owner_or_its_id_also_after_its_end() -> None:
    over = hand(BEN, "aaaaaaaaaaaaaaaa", EscalationState.ENDED)
    now = hand(BEN, "bbbbbbbbbbbbbbbb")
    assert hand_meant([over, now], EVERYBODY, "ben") is now
    assert hand_meant([over, now], EVERYBODY, "aaaaaa") is over
    assert hand_meant([over], EVERYBODY, "ben@desk") is over


def test_where_none_of_an_owner_is_up_the_last_one_is_meant() -> None:
    old, new = (
        replace(hand(BEN, each * 16, EscalationState.ENDED), ended_ago=ago) for each, ago in (("a", 9), ("b", 1))
    )
    put_away = hand(BEN, "c" * 16, EscalationState.PUT_AWAY)
    assert hand_meant([old, new], EVERYBODY, "ben") is new
    assert hand_meant([old, new, put_away], EVERYBODY, "ben") is put_away


def test_who_means_two_owners_is_asked_back() -> None:
    with pytest.raises(RequestFailed) as caught:
        hand_meant([hand(BEN, "aaaaaaaaaaaaaaaa"), hand(BEN2, "bbbbbbbbbbbbbbbb")], EVERYBODY, "ben")
    assert caught.value.failure.exit == 2
    assert "ben@lab" in (caught.value.failure.hint or "")


def test_who_has_no_hand_is_said_with_those_who_have() -> None:
    with pytest.raises(RequestFailed) as caught:
        hand_meant([hand(BEN, "aaaaaaaaaaaaaaaa")], EVERYBODY, "ana")
    assert caught.value.failure.exit == 4
    assert "ben@desk" in (caught.value.failure.hint or "")


def test_without_who_it_is_mine_or_the_only_one_or_a_choice() -> None:
    mine, one, other = hand(ANA, "a" * 16), hand(BEN, "b" * 16), hand(BEN2, "c" * 16)
    assert only_hand([]) is None
    assert only_hand([one]) is one
    assert only_hand([mine, one, other]) is mine
    assert only_hand([replace(one, state=EscalationState.PUT_AWAY), other]) is other
    with pytest.raises(RequestFailed) as caught:
        only_hand([one, other])
    assert caught.value.failure.exit == 2
