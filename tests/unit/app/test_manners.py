"""From settings to the core's policy, and the quiet hours that come and go by the wall clock."""

import asyncio
from datetime import datetime

import pytest

from escalate_daemon import config, manners
from escalate_daemon.config import Config
from escalate_daemon.core import tuning
from escalate_daemon.core.policy import Policy
from escalate_daemon.manners import keep_hours, policy_of, quiet_now
from support.waiting import soon

NIGHT = Config(quiet=config.Quiet(hours=("22:00-07:00",)))


def test_default_settings_are_the_default_policy() -> None:
    assert policy_of(Config(), quiet=False) == Policy()


def test_every_setting_is_in_the_policy_and_in_its_unit() -> None:
    settings = Config(
        escalation=config.Escalation(
            end_on_room=False, end_on_away=False, end_on_leave=False, warn_after_s=5, put_away_after_s=7
        ),
        notify=config.Notify(repeat_s=30),
        quiet=config.Quiet(muted=("ben",), allow=("@leads",)),
    )
    assert policy_of(settings, quiet=True) == Policy(
        repeat=30 * tuning.SECOND,
        quiet=True,
        muted=("ben",),
        allowed=("@leads",),
        end_on_room=False,
        end_on_away=False,
        end_on_leave=False,
        warn_after=5 * tuning.SECOND,
        put_away_after=7 * tuning.SECOND,
    )


def test_aliases_of_the_settings_stand_for_whom_they_mean() -> None:
    settings = Config(quiet=config.Quiet(muted=("Desk",), allow=("desk", "ana")), aliases={"desk": ("ben", "@team")})
    policy = policy_of(settings, quiet=False)
    assert (policy.muted, policy.allowed) == (("ben", "@team"), ("ben", "@team", "ana"))


@pytest.mark.parametrize(("hour", "quiet"), [(21, False), (23, True), (6, True), (8, False)])
def test_it_is_quiet_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch, hour: int, *, quiet: bool) -> None:
    monkeypatch.setattr(manners, "_local", lambda: datetime(2026, 11, 23, hour, 30))
    assert quiet_now(NIGHT) is quiet


def test_begin_and_end_of_a_quiet_hour_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [datetime(2026, 11, 23, 21, 59, 59, 950_000)]
    told: list[bool] = []

    def tell(policy: Policy) -> None:
        told.append(policy.quiet)
        wall[0] = wall[0].replace(hour=22, minute=0, second=0, microsecond=0)

    monkeypatch.setattr(manners, "_local", lambda: wall[0])
    monkeypatch.setattr(manners, "LOOK_EVERY_S", 0.1)

    async def scenario() -> None:
        keeping = asyncio.create_task(keep_hours(NIGHT, tell))
        await soon(lambda: True in told, "the quiet hour is told")
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(scenario())
    assert told[0] is False


def test_without_quiet_hours_nothing_is_watched() -> None:
    asyncio.run(keep_hours(Config(), lambda policy: pytest.fail("there is nothing to tell")))
