"""What a desk can do, as its person and `doctor` want to know it. Pure."""

from dataclasses import dataclass

from escalate_daemon.notify.base import Probe, Server
from escalate_daemon.notify.choose import Candidate, Found
from escalate_daemon.notify.sound import LastSound


@dataclass(frozen=True, slots=True)
class Condition:
    """`notifier` takes pop-ups now, for the reason `why`; "" where only the log does."""

    notifier: str
    why: str
    hears: str  # sound, popup, terminal or none
    candidates: tuple[Candidate, ...]  # in the order in which they are tried
    bus: str  # the session bus's address; "" without one
    server: Server | None
    player: Probe
    last_sound: LastSound | None

    def differs(self, other: "Condition") -> bool:
        """Whether a person would care: other times and words of the same state are none."""
        return (self.notifier, self.hears, self.player.usable) != (other.notifier, other.hears, other.player.usable)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one real pop-up and one real ring. `shown`: popup, terminal or ""; `sounded`: the player or ""."""

    shown: str
    not_shown: str
    sounded: str
    not_sounded: str


def condition_of(found: Found, player: Probe, last_sound: LastSound | None) -> Condition:
    """Put together what notifiers and player found."""
    on_bus = next((each.probe for each in found.candidates if each.probe.bus), None)
    return Condition(
        notifier=found.taken,
        why=found.why,
        hears="sound" if player.usable and found.hears != "none" else found.hears,
        candidates=found.candidates,
        bus=on_bus.bus if on_bus is not None else "",
        server=on_bus.server if on_bus is not None else None,
        player=player,
        last_sound=last_sound,
    )
