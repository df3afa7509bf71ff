"""Durations, as typed and as said."""

import pytest

from escalate_cli import durations


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("7d", 604800), (" 1s ", 1)])
def test_a_number_and_its_unit_is_a_duration(text: str, seconds: int) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "-5m", "1.5h", "5M", "5 m", "5m5s", "٣m", "9" * 40 + "d"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3660, "1h01m"), (90_000, "1d01h")],
)
def test_an_age_is_rounded_down_to_what_one_reads_at_a_glance(seconds: float, said: str) -> None:
    assert durations.say(seconds) == said
