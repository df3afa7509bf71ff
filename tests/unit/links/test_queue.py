from escalate_daemon.links.queue import SendQueue


def test_urgent_frames_overtake_and_each_kind_keeps_its_order() -> None:
    queue = SendQueue()
    for number, urgent in enumerate([False, True, False, True]):
        queue.put(bytes([number]), urgent=urgent)
    assert [queue.take() for _ in range(5)] == [b"\x01", b"\x03", b"\x00", b"\x02", None]


def test_overflow_forgets_what_is_not_urgent_and_is_told_once() -> None:
    queue = SendQueue(limit=100)
    assert not queue.put(b"u" * 40, urgent=True)
    assert not queue.put(b"b" * 60, urgent=False)
    assert queue.put(b"b" * 60, urgent=False)
    assert queue.size == 40
    assert not queue.put(b"b" * 61, urgent=False)
    assert queue.size == 40
    assert queue.take() == b"u" * 40
    assert queue.take() is None
    assert queue.size == 0
    assert queue.put(b"b" * 101, urgent=False)


def test_too_many_urgent_frames_are_forgotten_too() -> None:
    queue = SendQueue(limit=100)
    queue.put(b"b", urgent=False)
    queue.put(b"u" * 60, urgent=True)
    assert queue.put(b"u" * 60, urgent=True)
    assert (len(queue), queue.size) == (0, 0)
