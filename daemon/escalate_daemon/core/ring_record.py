"""What is remembered of one hand's pop-up here, and of how often one owner rang."""

from dataclasses import dataclass, field

from escalate_daemon.core import tuning
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.slots import Body


class RingRecord(Body, frozen=True):
    """What the store keeps of one hand's pop-up here. Times are the hand's age in ms, -1: not so."""

    owner: MemberId
    urgency: str
    done: bool = False
    attempts: int = 1
    handle: str | None = None
    named: bool = False
    delivered: int = -1
    shown: int = -1
    sounded: int = -1
    seen: int = -1
    why: str = ""
    put_away: bool = False
    gave_up: bool = False  # two runs died in showing it: it comes quietly now
    dismissed: bool = False  # its person took its pop-up from the screen
    closed: bool = False  # its pop-up was taken from the screen, as far as the notifier knows
    told: int = 0  # of my own hand: what its pop-up told me already (core.owner)
    shown_quietly: int = -1  # named, and before its ring began: what was shown is not unsaid


@dataclass(slots=True)
class Throttle:
    """When one owner's rings sounded here, for rule 14."""

    times: list[int] = field(default_factory=list)

    def allows(self, now: int) -> bool:
        """Six a minute; the first after twenty seconds of quiet always."""
        self.times = [at for at in self.times if now - at < tuning.MINUTE]
        return not self.times or now - self.times[-1] >= tuning.RING_QUIET or len(self.times) < tuning.RINGS_PER_MINUTE
