"""Ana's ledger of rings for tests of the core's, with the disk that it writes to."""

from dataclasses import dataclass, field

from escalate_daemon.core import slots
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Show, ShowKind, Store, Stored, Urgency
from escalate_daemon.core.facts import EscalationRang
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.slots import Hand, Receipt
from escalate_daemon.core.views import EscalationState, EscalationView
from support.core_cast import cast_of
from support.hands import hand as view_of

CAST = cast_of("ana", "ben", "cem")
BEN, CEM = CAST.id("ben"), CAST.id("cem")
START = 1_000_000
NAMED, QUIETLY = Verdict(named=True), Verdict(named=False)
ONE = HandId("00000000000000a1")


def known(hand: HandId = ONE, owner: MemberId = BEN, raised_at: int = START) -> Known:
    return Known(hand, owner, Hand(hand, slots.RED), raised_at, raised_at, EscalationState.ACTIVE)


@dataclass
class Ledger:
    """Ana's ledger of rings, with the disk that it writes to."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    disk: dict[bytes, Stored] = field(default_factory=dict)
    changes: int = 0
    claimed: set[HandId] = field(default_factory=set)
    rang: list[HandId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rings = Rings(self.ctx, self._view, lambda hand: hand.id in self.claimed, self._changed)
        self.rings.load(self.disk)

    def _view(self, hand: Known) -> EscalationView:
        return view_of(int(hand.id, 16))

    def _changed(self) -> None:
        self.changes += 1

    def done(self) -> list[tuple[ShowKind, Urgency, str | None]]:
        """Commit what is to be stored; gives what was to be shown. A Store comes before its Show."""
        shows = []
        for effect in self.ctx.drain():
            if isinstance(effect, EscalationRang):
                self.rang.append(effect.hand)
                continue
            assert isinstance(effect, Store | Show)
            if isinstance(effect, Show):
                shows.append((effect.kind, effect.urgency, effect.handle))
                if effect.kind is ShowKind.SHOW:
                    assert effect.hand.encode() in self.disk, "recorded before it is shown"
            elif effect.value is None:
                del self.disk[effect.key]
            else:
                assert effect.bucket is Bucket.RINGS
                self.disk[effect.key] = Stored(effect.value, 0)
        return shows

    def restarted(self) -> "Ledger":
        """The next run, after a crash."""
        return Ledger(disk=self.disk)

    def receipt(self, hand: HandId = ONE) -> Receipt:
        found = self.rings.receipt(hand)
        assert found is not None
        return found


def show(urgency: Urgency, handle: str | None = None) -> tuple[ShowKind, Urgency, str | None]:
    return (ShowKind.SHOW, urgency, handle)
