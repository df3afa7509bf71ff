"""Quiet hours: over midnight, on certain days, through a change of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_daemon.quiet import AHEAD, BadHours, QuietHours

MONDAY = datetime(2026, 11, 23)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def test_without_hours_it_is_never_quiet_and_the_next_look_is_a_day_ahead() -> None:
    quiet = QuietHours()
    assert not quiet
    assert not quiet.holds(MONDAY)
    assert quiet.next_change(MONDAY) == MONDAY + AHEAD


@pytest.mark.parametrize(
    ("spec", "moment", "holds"),
    [
        ("22:00-07:00", at(0, 21, 59), False),
        ("22:00-07:00", at(0, 22), True),
        ("22:00-07:00", at(1, 6, 59), True),
        ("22:00-07:00", at(1, 7), False),
        ("9:00-12:30", at(2, 12, 29), True),
        ("mon-fri 22:00-07:00", at(4, 23), True),
        ("mon-fri 22:00-07:00", at(5, 6), True),  # Friday's goes on into Saturday
        ("mon-fri 22:00-07:00", at(5, 22), False),
        ("mon-fri 22:00-07:00", at(7, 6), False),  # Sunday's night is nobody's
        ("Sun 22:00-07:00", at(7, 6), True),  # over the week's end
        ("sat-mon 00:00-24:00", at(6, 23, 59), True),
        ("sat-mon 00:00-24:00", at(8, 0), False),
        ("wednesday sat 08:00-09:00", at(2, 8), True),
        ("wednesday sat 08:00-09:00", at(3, 8), False),
    ],
)
def test_a_span_holds_on_its_days_from_its_first_minute_to_before_its_last(
    spec: str, moment: datetime, holds: bool
) -> None:
    assert QuietHours([spec]).holds(moment) is holds


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "22:00-07:00"),
        ("22-7", "22:00-07:00"),
        ("25:00-07:00", "no 25:00"),
        ("22:60-07:00", "no 22:60"),
        ("24:01-07:00", "no 24:01"),
        ("24:00-07:00", "00:00"),
        ("22:00-22:00", "00:00-24:00"),
        ("mo 22:00-07:00", "mon, tue"),
        ("mon- 22:00x-07:00", "22:00-07:00"),
        ("mon-x 22:00-07:00", "'x' is no day"),
        ("\uff12\uff12:00-07:00", "22:00-07:00"),
    ],
)
def test_what_is_no_span_is_refused_in_words_that_mend_it(spec: str, says: str) -> None:
    with pytest.raises(BadHours, match=says):
        QuietHours([spec])


def test_next_change_is_the_end_of_what_holds_or_the_begin_of_what_does_not() -> None:
    quiet = QuietHours(["mon-fri 22:00-07:00"])
    assert quiet.next_change(at(0, 12)) == at(0, 22)
    assert quiet.next_change(at(0, 22)) == at(1, 7)
    assert quiet.next_change(at(5, 7)) == at(6, 7)  # nothing within a day: look again then


def test_spans_that_touch_are_one() -> None:
    quiet = QuietHours(["22:00-24:00", "00:00-07:00"])
    assert quiet.next_change(at(0, 23)) == at(1, 7)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("night", [datetime(2026, 3, 28, 20, tzinfo=BERLIN), datetime(2026, 10, 24, 20, tzinfo=BERLIN)])
def test_a_clock_put_forward_or_back_hangs_nothing_and_misses_no_change(night: datetime) -> None:
    quiet = QuietHours(["01:30-02:30"])
    real, seen, looks = night.astimezone(UTC), [], 0
    while real < night.astimezone(UTC) + timedelta(hours=14):
        local = real.astimezone(BERLIN)
        seen.append(quiet.holds(local))
        wait = quiet.next_change(local) - local  # as a wall clock counts
        assert wait > timedelta(0)
        real += min(wait, timedelta(minutes=10))
        looks += 1
    assert {True, False} == set(seen)
    assert looks < 200


spans = st.builds(
    lambda days, start, length: " ".join(
        [*days, f"{start // 60:02}:{start % 60:02}-{(start + length) % 1440 // 60:02}:{(start + length) % 60:02}"]
    ),
    st.lists(st.sampled_from(DAYS), max_size=3, unique=True),
    st.integers(0, 1439),
    st.integers(1, 1439),
)
moments = st.integers(0, 7 * 1440 - 1).map(lambda minutes: MONDAY + timedelta(minutes=minutes, seconds=minutes % 60))


@given(st.lists(spans, max_size=4), moments)
def test_nothing_changes_before_the_next_change_and_it_is_a_change(specs: list[str], local: datetime) -> None:
    quiet = QuietHours(specs)
    turn = quiet.next_change(local)
    assert local < turn <= local + AHEAD
    minute = local.replace(second=0) + timedelta(minutes=1)
    while minute < turn:
        assert quiet.holds(minute) == quiet.holds(local)
        minute += timedelta(minutes=1)
    assert quiet.holds(turn) != quiet.holds(local) or turn == local + AHEAD


@given(st.text(max_size=40))
def test_no_text_does_more_than_be_refused(spec: str) -> None:
    try:
        QuietHours([spec])
    except BadHours as error:
        assert str(error)
