"""The clocks: one that counts sleep, one that people read."""

import pytest

from escalate_daemon import clock


def test_now_never_goes_back() -> None:
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("unix_s", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_446_123.4567, "2026-11-23T15:02:03.457Z"),
        (1e30, "9999-12-31T23:59:59.999Z"),
        (-1e30, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_rfc_3339_in_utc_whatever_the_number(unix_s: float, text: str) -> None:
    assert clock.text(unix_s) == text
