"""Views as JSON objects: ages become times, "" becomes null, words unknown here become the nearest known."""

from dataclasses import replace

import msgspec

from escalate_daemon import present
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.views import EndReason, EscalationState, EscalationView, MemberView, Reach, ReceiptView, Why

NOW = 1_700_000_000.0
BEN = MemberView(
    id=MemberId(bytes(range(16))),
    name="ben",
    host="",
    label="ben",
    presence="available",
    room="",
    groups=("team",),
    location="",
    phone="",
    url="",
    me=False,
    online=True,
    hears="popup",
    version="",
    new_key=False,
)
HAND = EscalationView(
    id=HandId("00112233445566aa"),
    owner=BEN,
    level="red",
    message="",
    named=("@team",),
    state=EscalationState.ACTIVE,
    age=61_500,
    max_age=1,
    lost_for=None,
    ended_ago=None,
    end_reason=None,
    note="",
    reach=Reach(named=2, online=1),
    receipts=(ReceiptView(BEN, 60_000, None, None, None, Why.BUSY),),
    named_me=False,
    mine=False,
)


def test_ages_become_times_and_seconds() -> None:
    one = present.escalation(HAND, NOW)
    assert (one.started_at, one.age_s) == ("2023-11-14T22:12:18.500Z", 61.5)
    assert one.receipts[0].delivered_at == "2023-11-14T22:12:20.000Z"
    assert (one.receipts[0].shown_at, one.receipts[0].why) == (None, "busy")


def test_empty_is_null_or_an_empty_list_and_never_an_empty_text() -> None:
    written = msgspec.json.encode(present.escalation(HAND, NOW))
    assert b'""' not in written
    assert present.escalation(HAND, NOW).message is None


def test_an_end_bears_its_time_and_reason() -> None:
    ended = replace(HAND, state=EscalationState.ENDED, ended_ago=1_000, end_reason=EndReason.ROOM, note="met")
    one = present.escalation(ended, NOW)
    assert (one.state, one.ended_at, one.end_reason, one.note) == ("ended", "2023-11-14T22:13:19.000Z", "room", "met")


def test_when_an_ended_one_began_stays_as_it_was() -> None:
    ago = 3_600_000
    ended = replace(HAND, state=EscalationState.ENDED, ended_ago=ago, end_reason=EndReason.OWNER)
    assert present.escalation(ended, NOW).started_at == present.escalation(HAND, NOW - ago / 1000).started_at


def test_words_of_a_later_version_become_known_ones() -> None:
    one = present.member(replace(BEN, presence="levitating", hears="telepathy"))
    assert (one.presence, one.hears) == ("available", "none")


def test_groups_are_those_that_members_who_have_not_left_wear() -> None:
    gone = replace(BEN, label="cyd", presence="left", groups=("team", "old"))
    twin = replace(BEN, label="ana")
    (only,) = present.groups([BEN, gone, twin])
    assert (only.name, only.members) == ("team", ["ana", "ben"])
