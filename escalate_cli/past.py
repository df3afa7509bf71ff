"""Past escalations: as a table, as CSV, and in figures. Prints nothing."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from escalate_cli import durations, escape, words
from escalate_cli.table import Row
from escalate_daemon.ipc.protocol import Escalation

HEADERS: Final = ("raised", "who", "level", "message", "lasted", "shown after", "claimed after", "by", "ended")
_CSV_HEADERS: Final = (
    "id",
    "owner",
    "host",
    "level",
    "message",
    "named",
    "started_at",
    "first_shown_at",
    "first_claimed_at",
    "claimed_by",
    "ended_at",
    "end_reason",
    "note",
)


class Delay(msgspec.Struct, frozen=True):
    """How long something took, s; null where it never happened. `never`: how often it did not."""

    median_s: float | None
    worst_s: float | None
    never: int


class Stats(msgspec.Struct, frozen=True):
    """How many there were by level; how long until the reds were shown to somebody, and all claimed by somebody."""

    yellow: int
    red: int
    shown: Delay
    claimed: Delay


def stats(hands: Sequence[Escalation]) -> Stats:
    """The figures of these. A yellow one is for nobody, so nobody reports that it was shown."""
    reds = [hand for hand in hands if hand.level == "red"]
    return Stats(
        yellow=len(hands) - len(reds),
        red=len(reds),
        shown=_delay([_after(hand, first_shown(hand)) for hand in reds]),
        claimed=_delay([_after(hand, first_claimed(hand)[0]) for hand in hands]),
    )


def stats_lines(figures: Stats) -> list[str]:
    """The figures in words."""
    return words.aligned(
        [
            ("raised", f"{figures.red} red, {figures.yellow} yellow"),
            ("shown", _said(figures.shown)),
            ("claimed", _said(figures.claimed)),
        ]
    )


def row(hand: Escalation) -> Row:
    """One line of `history`."""
    claimed_at, by = first_claimed(hand)
    ended = words.end_reason(hand) if hand.state == "ended" else hand.state
    return Row(
        (
            words.when(hand.started_at),
            f"{hand.owner.label} (me)" if hand.owner.me else hand.owner.label,
            hand.level,
            hand.message or "",
            durations.say(_after(hand, hand.ended_at) or hand.age_s),
            _spent(_after(hand, first_shown(hand))),
            _spent(_after(hand, claimed_at)),
            by or "",
            f"{ended} ({hand.note})" if hand.note else ended,
        )
    )


def csv_lines(hands: Iterable[Escalation]) -> list[str]:
    """Header and rows of RFC 4180, lines ended by the caller; a cell is one line, whatever somebody wrote in it."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(_CSV_HEADERS)
    for hand in hands:
        claimed_at, by = first_claimed(hand)
        cells = (
            hand.id,
            hand.owner.label,
            hand.owner.host,
            hand.level,
            hand.message,
            " ".join(hand.named),
            hand.started_at,
            first_shown(hand),
            claimed_at,
            by,
            hand.ended_at,
            hand.end_reason,
            hand.note,
        )
        rows.writerow(escape.printable(cell or "") for cell in cells)
    return written.getvalue().splitlines()


def first_shown(hand: Escalation) -> str | None:
    """When somebody it was for was shown it first."""
    return min((receipt.shown_at for receipt in hand.receipts if receipt.shown_at), default=None, key=_moment)


def first_claimed(hand: Escalation) -> tuple[str | None, str | None]:
    """When somebody said first that they were coming, and who."""
    first = min(hand.claims, key=lambda claim: _moment(claim.at), default=None)
    return (None, None) if first is None else (first.at, first.member.label)


def _moment(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("inf")


def _after(hand: Escalation, at: str | None) -> float | None:
    """Seconds from its raising to a moment."""
    if at is None:
        return None
    spent = _moment(at) - _moment(hand.started_at)
    return max(0.0, round(spent, 3)) if abs(spent) < float("inf") else None


def _delay(spent: Sequence[float | None]) -> Delay:
    import statistics  # costs more than all the rest of this command

    known = [each for each in spent if each is not None]
    return Delay(
        median_s=round(statistics.median(known), 3) if known else None,
        worst_s=max(known, default=None),
        never=len(spent) - len(known),
    )


def _said(delay: Delay) -> str:
    never = f"{delay.never} never"
    if delay.median_s is None or delay.worst_s is None:
        return never
    return f"after {_spent(delay.median_s)} (median), {_spent(delay.worst_s)} at worst; {never}"


def _spent(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f}s" if seconds < 10 else durations.say(seconds)
