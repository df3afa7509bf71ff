"""Recent messages as the daemon keeps them."""

from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import RequestFailed
from escalate_daemon.recents import Recents
from escalate_daemon.store import Store


@pytest.fixture
def warnings() -> list[str | None]:
    return []


def test_recents_survive_a_restart_newest_first(tmp_path: Path, warnings: list[str | None]) -> None:
    store, _ = Store.open(tmp_path / "state.db")
    recents = Recents(store, warnings.append)
    for message in ("one", "two", "one"):
        recents.remember(message)
    store.close()
    again, _ = Store.open(tmp_path / "state.db")
    assert Recents(again, warnings.append).all() == ("one", "two")
    again.close()
    assert set(warnings) == {None}


def test_recents_that_cannot_be_kept_are_remembered_and_said(warnings: list[str | None]) -> None:
    store = Store.in_memory()
    recents = Recents(store, warnings.append)
    store.close()
    recents.remember("one")
    assert recents.all() == ("one",)
    assert warnings[-1] is not None
    assert "until the daemon ends only" in warnings[-1]


@pytest.mark.parametrize("blob", [b"no json", b'{"a": 1}', b"[1]", b"\xff"])
def test_recents_of_nobody_knows_what_are_none(blob: bytes, warnings: list[str | None]) -> None:
    store = Store.in_memory()
    store.put_blob("recents", blob)
    assert Recents(store, warnings.append).all() == ()


def test_what_could_not_be_sent_is_left_out_when_they_are_read(warnings: list[str | None]) -> None:
    store = Store.in_memory()
    store.put_blob("recents", b'["fine", "bell \\u0007", "", "fine", "old"]')
    assert Recents(store, warnings.append).all() == ("fine", "old")


def test_the_nth_is_counted_from_one_and_a_missing_one_is_wrong_usage(warnings: list[str | None]) -> None:
    recents = Recents(Store.in_memory(), warnings.append)
    with pytest.raises(RequestFailed, match="no recent messages yet"):
        recents.nth(1)
    recents.remember("old")
    recents.remember("new")
    assert (recents.nth(1), recents.nth(2)) == ("new", "old")
    for number in (0, -1, 3):
        with pytest.raises(RequestFailed, match="you have 2 recent messages") as refused:
            recents.nth(number)
        assert refused.value.failure.exit == 2
