"""Keeping: a disk that refuses costs no raise, is said once, and gets everything later, newest values only."""

from collections.abc import Sequence

from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.myself import ALIVE
from escalate_daemon.core.own import INCARNATION
from escalate_daemon.keeping import BACKLOG, FEW, RETRY_EVERY, Keeping, outlives_power
from escalate_daemon.store import StoreError

ME, BEN = MemberId(b"m" * 16), MemberId(b"b" * 16)


class Disk:
    def __init__(self) -> None:
        self.full = False
        self.tries = 0
        self.kept: list[list[Store]] = []

    def commit(self, items: Sequence[Store], *, firm: bool) -> None:
        self.tries += 1
        if self.full:
            raise StoreError("no space left on device")
        self.kept.append(list(items))


def slot(key: bytes, value: bytes, age: int = 0) -> Store:
    return Store(Bucket.SLOTS, key, value, age)


def keeping() -> tuple[Keeping, Disk, list[str | None]]:
    disk, told = Disk(), list[str | None]()
    return Keeping(disk, told.append), disk, told


def test_a_step_is_one_transaction_and_an_empty_one_is_none() -> None:
    kept, disk, told = keeping()
    step = [slot(b"a", b"1"), slot(b"b", b"2")]
    kept.commit(step, 0)
    kept.commit([], 1)
    assert (disk.kept, told) == ([step], [])


def test_what_a_full_disk_refused_is_written_later_in_order_and_aged() -> None:
    kept, disk, told = keeping()
    disk.full = True
    kept.commit([slot(b"a", b"1", age=7)], 100)
    kept.commit([slot(b"b", b"2")], 200)
    kept.commit([slot(b"a", b"3", age=5)], 300)
    disk.full = False
    kept.commit([], 300 + RETRY_EVERY)
    assert disk.kept == [[slot(b"b", b"2", age=RETRY_EVERY + 100), slot(b"a", b"3", age=RETRY_EVERY + 5)]]
    assert told == ["no space left on device", None]
    assert kept.behind == 0


def test_a_refusing_disk_warns_once_and_the_first_step_after_it_mends_is_kept() -> None:
    kept, disk, told = keeping()
    disk.full = True
    for now in range(10):
        kept.commit([slot(b"a", b"%d" % now)], now)
    disk.full = False
    kept.commit([slot(b"b", b"2")], 10)
    assert disk.kept == [[slot(b"a", b"9", age=1), slot(b"b", b"2")]]
    assert told == ["no space left on device", None]


def test_a_long_backlog_is_not_tried_at_every_step() -> None:
    kept, disk, _ = keeping()
    disk.full = True
    for now in range(3 * RETRY_EVERY):
        kept.commit([slot(now.to_bytes(4, "big"), b"1")], now)
    assert disk.tries <= FEW + 5


def test_the_backlog_is_bounded() -> None:
    kept, disk, _ = keeping()
    disk.full = True
    for number in range(BACKLOG + 10):
        kept.commit([slot(number.to_bytes(4, "big"), b"1")], 0)
    assert kept.behind == BACKLOG


def test_only_what_nobody_else_could_give_back_waits_for_the_disk() -> None:
    waits = [
        Store(Bucket.SLOTS, ME + b"/state", b"1"),
        Store(Bucket.SLOTS, ME + b"/answers", b"1"),
        Store(Bucket.META, INCARNATION, b"7"),
        Store(Bucket.PINS, b"ben", b"1"),
    ]
    waits_not = [
        Store(Bucket.SLOTS, BEN + b"/state", b"1"),
        Store(Bucket.SLOTS, ME + b"/receipts", b"1"),
        Store(Bucket.RINGS, b"hand", b"1"),
        Store(Bucket.RECEIPTS, b"hand" + BEN, b"1"),
        Store(Bucket.INTROS, BEN, b"1"),
        Store(Bucket.META, ALIVE, b"1"),
    ]
    assert [each for each in waits + waits_not if outlives_power(each, ME)] == waits
