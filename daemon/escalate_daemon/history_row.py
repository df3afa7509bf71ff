"""What the history keeps of one escalation: its newest view, and what earlier views knew that this one lacks.

Views forget: receipts leave their slot when the hand is over, a claim can be withdrawn, of a thread the newest lines
are kept, and after a restart all begins anew. The history is what a reader asks afterwards, so it only grows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from escalate_daemon.ipc.protocol import ChatLine, Claim, Escalation, Reach, Receipt

THREAD_MAX: Final = 400  # lines kept of one escalation, the newest; a view has at most 20 of each member
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")


def merged(row: Escalation, new: Escalation) -> Escalation:
    """`new` after `row`, both of one escalation. What has ended stays ended, as it ended.

    Claims that were withdrawn stay, and count no more.
    """
    over = row.state == "ended"
    basis = row if over else new
    receipts = _receipts(row.receipts, new.receipts)
    return replace(
        basis,
        claims=_claims(row.claims, new.claims, since=basis.started_at, over=over),
        receipts=receipts,
        reach=_reach(basis.reach, receipts),
        thread=_thread(row.thread, new.thread),
    )


def gone(row: Escalation) -> Escalation:
    """The row of one that is not up any more, and whose end nobody here heard of: hidden, not ended."""
    if row.state == "ended":
        return row
    return replace(row, state="put-away", claims=[replace(claim, counts=False) for claim in row.claims])


def started(row: Escalation) -> int:
    """When it was raised, ms since 1970."""
    return round((datetime.fromisoformat(row.started_at) - _EPOCH) / timedelta(milliseconds=1))


def encode(row: Escalation) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(row)


def decode(value: bytes) -> Escalation | None:
    """What was kept; None for what is none of ours (a later version's words)."""
    try:
        return msgspec.json.decode(value, type=Escalation)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _receipts(row: Sequence[Receipt], new: Sequence[Receipt]) -> list[Receipt]:
    """The newest word of each member; the earlier one's where that is silent."""
    earlier = {receipt.member.id: receipt for receipt in row}
    kept = [_receipt(earlier.pop(receipt.member.id, receipt), receipt) for receipt in new]
    return [*kept, *earlier.values()]


def _receipt(row: Receipt, new: Receipt) -> Receipt:
    return replace(
        new,
        delivered_at=new.delivered_at or row.delivered_at,
        shown_at=new.shown_at or row.shown_at,
        sounded_at=new.sounded_at or row.sounded_at,
        seen_at=new.seen_at or row.seen_at,
        why=new.why or row.why,
    )


def _reach(reach: Reach, receipts: Sequence[Receipt]) -> Reach:
    """Counted anew; who was online is only known to the view."""
    return Reach(
        named=max(reach.named, len(receipts)),
        online=reach.online,
        delivered=max(reach.delivered, sum(receipt.delivered_at is not None for receipt in receipts)),
        shown=max(reach.shown, sum(receipt.shown_at is not None for receipt in receipts)),
        sounded=max(reach.sounded, sum(receipt.sounded_at is not None for receipt in receipts)),
        seen=max(reach.seen, sum(receipt.seen_at is not None for receipt in receipts)),
    )


def _claims(row: Sequence[Claim], new: Sequence[Claim], *, since: str, over: bool) -> list[Claim]:
    """Everybody who ever claimed it, each since the first time; one older than `since` was told by a wrong clock."""
    earlier = {claim.member.id: claim for claim in row}
    kept = []
    for claim in new:
        before = earlier.pop(claim.member.id, claim)
        at = before.at if before.at >= since else claim.at
        kept.append(replace(before if over else claim, at=at))
    kept += [claim if over else replace(claim, counts=False) for claim in earlier.values()]
    return sorted(kept, key=lambda claim: claim.at)


def _thread(row: Sequence[ChatLine], new: Sequence[ChatLine]) -> list[ChatLine]:
    """Both, what overlaps once. Every member's lines only grow, and the oldest fall off."""
    lines: list[ChatLine] = []
    for member in dict.fromkeys(line.member.id for line in (*row, *new)):
        mine = [[line for line in each if line.member.id == member] for each in (row, new)]
        lines += _overlapped(mine[0], mine[1])
    return sorted(lines, key=lambda line: line.at)[-THREAD_MAX:]


def _overlapped(row: list[ChatLine], new: list[ChatLine]) -> list[ChatLine]:
    old, young = [line.text for line in row], [line.text for line in new]
    for begin in range(len(old) - len(young) + 1):
        if old[begin : begin + len(young)] == young:
            return row
    for common in range(min(len(old), len(young)), -1, -1):
        if old[len(old) - common :] == young[:common]:
            return row[: len(row) - common] + new
    return row + new
