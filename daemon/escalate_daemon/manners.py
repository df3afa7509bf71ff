"""From the settings to the core's policy, and the quiet hours that come and go by the wall clock."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from escalate_daemon.config import Config
from escalate_daemon.core import tuning
from escalate_daemon.core.policy import Policy
from escalate_daemon.quiet import QuietHours
from escalate_daemon.requests.naming import unaliased

LOOK_EVERY_S: Final = 30.0  # at least: somebody may set the clock


def policy_of(config: Config, *, quiet: bool) -> Policy:
    """The core's policy. `quiet`: it is a quiet hour."""
    escalation = config.escalation
    return Policy(
        repeat=config.notify.repeat_s * tuning.SECOND,
        quiet=quiet,
        muted=unaliased(config.aliases, config.quiet.muted),
        allowed=unaliased(config.aliases, config.quiet.allow),
        end_on_room=escalation.end_on_room,
        end_on_away=escalation.end_on_away,
        end_on_leave=escalation.end_on_leave,
        warn_after=escalation.warn_after_s * tuning.SECOND,
        put_away_after=escalation.put_away_after_s * tuning.SECOND,
    )


def quiet_now(config: Config) -> bool:
    """Whether it is a quiet hour."""
    return QuietHours(config.quiet.hours).holds(_local())


async def keep_hours(config: Config, tell: Callable[[Policy], None]) -> None:
    """Tell the policy whenever a quiet hour begins or ends; returns where there are none."""
    if not config.quiet.hours:
        return
    hours = QuietHours(config.quiet.hours)
    while True:
        now = _local()
        tell(policy_of(config, quiet=hours.holds(now)))
        left = (hours.next_change(now) - now).total_seconds()
        await asyncio.sleep(max(0.1, min(left, LOOK_EVERY_S)))


def _local() -> datetime:
    """The wall clock as the person reads it."""
    return datetime.now().astimezone().replace(tzinfo=None)
