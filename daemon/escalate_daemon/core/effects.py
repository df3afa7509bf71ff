"""What a node asks of the world, in order. The shell commits a step's Stores before anything else of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from escalate_daemon.core.ids import DialId, HandId, LinkId

if TYPE_CHECKING:
    from escalate_daemon.core.views import EscalationView


class Bucket(StrEnum):
    """The tables of the store that the core fills."""

    SLOTS = "slots"  # own slots and the replica: key is member id, "/", slot name
    RINGS = "rings"  # hand id -> ring record
    RECEIPTS = "receipts"  # receipts seen for my own hands
    INTROS = "intros"  # member id -> introduction
    PINS = "pins"  # folded name -> trusted member ids
    META = "meta"  # incarnation, last seen alive, left


@dataclass(frozen=True, slots=True)
class Store:
    """Keep `value` under (bucket, key), or forget it where `value` is None. `age` (ms) grows with the wall."""

    bucket: Bucket
    key: bytes
    value: bytes | None
    age: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """One kept value as loaded at start: `age` is the stored age plus the wall's difference, never less.

    `sure` is the age when it was stored, in which no wall clock had a part.
    """

    value: bytes
    age: int
    sure: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """Put a frame on a link; urgent frames overtake the others."""

    link: LinkId
    data: bytes
    urgent: bool


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a link to HOST:PORT. Answered by `link_up` with this dial id, or by `dial_failed`."""

    dial: DialId
    address: str
    probe: bool


@dataclass(frozen=True, slots=True)
class Close:
    """Close a link; no `link_down` follows. `reason` is for the log."""

    link: LinkId
    reason: str


class Urgency(StrEnum):
    """How a pop-up comes: RING is critical with sound, URGENT critical without, QUIET normal without."""

    RING = "ring"
    URGENT = "urgent"
    QUIET = "quiet"


class ShowKind(StrEnum):
    """What to do on the screen."""

    SHOW = "show"  # a new pop-up (or the one that `handle` names, taken over)
    UPDATE = "update"  # change it in place, silently
    CLOSE = "close"  # take it from the screen


@dataclass(frozen=True, slots=True)
class Show:
    """Bring one escalation's pop-up to `kind`. A SHOW is answered by the command ReportShown or ReportNotShown,
    and, where the urgency is RING, by ReportSounded or ReportNotSounded too; a CLOSE by ReportClosed.
    A SHOW that its CLOSE overtakes is answered by nothing; ReportShown may come again with a newer handle.
    """

    kind: ShowKind
    hand: HandId
    urgency: Urgency
    view: "EscalationView | None"  # None only for the CLOSE of a hand that nobody remembers
    handle: str | None = None  # the notification server's own id from an earlier run, to take over
    hush: bool = False  # somebody is coming, or it was seen: a tone that plays or waits stops


Effect = Store | Send | Dial | Close | Show
