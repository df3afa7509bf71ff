"""Keeping: a disk that refuses costs no raise, is said once, and gets everything later, newest values only."""

from collections.abc import Sequence

from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.myself import ALIVE
from escalate_daemon.core.own import INCARNATION
from escalate_daemon.keeping import BACKLOG, FEW, RETRY_EVERY, SECURE_WITHIN, Keeping, is_mine_alone
from escalate_daemon.store import StoreError

ME, BEN = MemberId(b"m" * 16), MemberId(b"b" * 16)


class Disk:
    def __init__(self) -> None:
        self.full = False
        self.tries = 0
        self.kept: list[list[Store]] = []
        self.firm: list[bool] = []
        self.secured = 0

    def commit(self, items: Sequence[Store], *, firm: bool) -> None:
        self.tries += 1
        if self.full:
            raise StoreError("no space left on device")
        self.kept.append(list(items))
        self.firm.append(firm)

    def secure(self) -> None:
        if self.full:
            raise StoreError("no space left on device")
        self.secured += 1


def slot(key: bytes, value: bytes, age: int = 0) -> Store:
    return Store(Bucket.SLOTS, key, value, age)


def keeping() -> tuple[Keeping, Disk, list[str | None]]:
    disk, told = Disk(), list[str | None]()
    return Keeping(disk, told.append), disk, told


def test_a_step_is_one_transaction_and_an_empty_one_is_none() -> None:
    kept, disk, told = keeping()
    step = [slot(b"a", b"1"), slot(b"b", b"2")]
    kept.commit(step, 0, ME)
    kept.commit([], 1, ME)
    assert (disk.kept, told) == ([step], [])


def test_what_a_full_disk_refused_is_written_later_in_order_and_aged() -> None:
    kept, disk, told = keeping()
    disk.full = True
    kept.commit([slot(b"a", b"1", age=7)], 100, ME)
    kept.commit([slot(b"b", b"2")], 200, ME)
    kept.commit([slot(b"a", b"3", age=5)], 300, ME)
    disk.full = False
    kept.commit([], 300 + RETRY_EVERY, ME)
    assert disk.kept == [[slot(b"b", b"2", age=RETRY_EVERY + 100), slot(b"a", b"3", age=RETRY_EVERY + 5)]]
    assert told == ["no space left on device", None]
    assert kept.behind == 0


def test_a_refusing_disk_warns_once_and_the_first_step_after_it_mends_is_kept() -> None:
    kept, disk, told = keeping()
    disk.full = True
    for now in range(10):
        kept.commit([slot(b"a", b"%d" % now)], now, ME)
    disk.full = False
    kept.commit([slot(b"b", b"2")], 10, ME)
    assert disk.kept == [[slot(b"a", b"9", age=1), slot(b"b", b"2")]]
    assert told == ["no space left on device", None]


def test_a_long_backlog_is_not_tried_at_every_step() -> None:
    kept, disk, _ = keeping()
    disk.full = True
    for now in range(3 * RETRY_EVERY):
        kept.commit([slot(now.to_bytes(4, "big"), b"1")], now, ME)
    assert disk.tries <= FEW + 5


def test_the_backlog_is_bounded() -> None:
    kept, disk, _ = keeping()
    disk.full = True
    for number in range(BACKLOG + 10):
        kept.commit([slot(number.to_bytes(4, "big"), b"1")], 0, ME)
    assert kept.behind == BACKLOG


def test_what_nobody_else_could_give_back_is_told_from_the_rest() -> None:
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
    assert [each for each in waits + waits_not if is_mine_alone(each, ME)] == waits


def test_what_i_alone_said_is_secured_at_the_end_of_its_step() -> None:
    kept, disk, _ = keeping()
    kept.commit([Store(Bucket.SLOTS, ME + b"/state", b"1")], 100, ME)
    assert (disk.firm, disk.secured) == ([False], 0), "nobody waits for the disk before the others are told"
    kept.secure(100)
    assert (disk.secured, kept.secure_by) == (1, None)


def test_what_others_said_is_secured_within_a_second_and_that_together() -> None:
    kept, disk, _ = keeping()
    for now in range(0, SECURE_WITHIN, 10):
        kept.commit([Store(Bucket.SLOTS, BEN + b"/state", b"1")], now, ME)
        kept.secure(now)
    assert disk.secured == 0
    assert kept.secure_by == SECURE_WITHIN
    kept.secure(SECURE_WITHIN)
    assert disk.secured == 1


def test_number_that_must_not_be_given_twice_waits_for_the_disk_at_once() -> None:
    kept, disk, _ = keeping()
    kept.commit([Store(Bucket.META, INCARNATION, b"7")], 0, ME)
    assert disk.firm == [True]


def test_disk_that_cannot_secure_stops_nothing() -> None:
    kept, disk, _ = keeping()
    kept.commit([slot(b"a", b"1")], 0, ME)
    disk.full = True
    kept.secure(SECURE_WITHIN)
    assert kept.secure_by is None
