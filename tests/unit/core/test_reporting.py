from dataclasses import dataclass, field

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import Start
from escalate_daemon.core.ids import HandId
from support.core_seat import Seat
from support.core_wire import Wire


@dataclass
class Crowd:
    """A room of which everybody is named by Ana's red; and when each one's receipts were written first."""

    others: int
    written: dict[str, int] = field(default_factory=dict)

    def raises(self) -> tuple[Wire, HandId]:
        """Ana raises, and two and a half seconds pass."""
        names = [f"m{n}" for n in range(self.others)]
        wire = Wire("ana", *names)
        wire.run(10_000)
        hand = wire["ana"].say(Start("help", ("@everyone",)))
        assert hand is not None
        began = wire.now
        while wire.now < began + tuning.RECEIPT_SPREAD + 500:
            wire.run(20)
            for name in names:
                if receipts_of(wire[name]):
                    self.written.setdefault(name, wire.now - began)
        return wire, hand


def receipts_of(seat: Seat) -> tuple[slots.Receipt, ...]:
    return seat.live._replica.receipts(seat.me)


def test_few_write_their_receipts_at_once() -> None:
    crowd = Crowd(tuning.RECEIPT_CROWD)
    crowd.raises()
    assert len(crowd.written) == tuning.RECEIPT_CROWD
    assert max(crowd.written.values()) <= 500


def test_receipts_of_a_crowd_are_spread_over_two_seconds_and_all_come() -> None:
    crowd = Crowd(tuning.RECEIPT_CROWD + 4)
    wire, hand = crowd.raises()
    times = sorted(crowd.written.values())
    assert len(times) == tuning.RECEIPT_CROWD + 4
    assert times[-1] - times[0] >= tuning.RECEIPT_SPREAD // 2, "36 draws out of 2 s"
    wire.run(2_000)
    reach = wire["ana"].hands()[hand].reach
    assert (reach.shown, reach.sounded) == (tuning.RECEIPT_CROWD + 4,) * 2
