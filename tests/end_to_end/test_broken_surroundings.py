"""Files, folders, ports and disks not as they should be: said, mended or worked around; nothing lost."""

import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, EscalationReply, ListReply, StatusReply
from support.machine import LOG_ONLY, Done, Machine, Machines
from support.mounts import SmallDisk, why_unavailable
from support.need import need
from support.waiting import until

pytestmark = pytest.mark.end_to_end


def said(done: Done) -> str:
    """All that a command said."""
    return (done.err + done.out).lower()


def stop(machine: Machine) -> None:
    """Stop the daemon and wait until it is gone."""
    machine.run("daemon", "stop").must(0)
    until(lambda: not machine.processes(), "the daemon is gone")


def database(machine: Machine) -> Path:
    """The daemon's one database."""
    (found,) = [path for path in machine.home.rglob("*") if path.is_file() and _is_sqlite(path)]
    return found


def _is_sqlite(path: Path) -> bool:
    return path.read_bytes().startswith(b"SQLite format 3\0")


# --- Config and database ---------------------------------------------------------------------------
def test_a_corrupt_config_does_not_stop_a_raise_and_is_said_loudly(alone: Machine) -> None:
    path = Path(alone.run("config", "path").must(0).out.strip().splitlines()[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xfe[me\nname = = 3\n")
    alone.run("daemon", "restart").must(0)
    raised = alone.run("start", "-m", "help").must(5)
    assert str(path) in raised.err
    (listed,) = alone.ask(ListReply, "list").escalations
    assert listed.message == "help"
    refused = alone.run("config", "set", "me.name", "Ana").must(1, 2)
    assert str(path) in refused.err
    assert path.read_bytes().startswith(b"\xff\xfe")


@pytest.mark.parametrize("damage", ["rubbish", "truncated", "empty"])
def test_a_corrupt_database_is_set_aside_and_said_and_the_space_is_kept(alone: Machine, damage: str) -> None:
    before = alone.ask(StatusReply, "status")
    path = database(alone)
    stop(alone)
    for beside in path.parent.glob(path.name + "-*"):
        beside.unlink()
    whole = path.read_bytes()
    spoilt = {"rubbish": os.urandom(len(whole)), "truncated": whole[: len(whole) // 3], "empty": b""}[damage]
    path.write_bytes(spoilt)
    after = alone.ask(StatusReply, "status")
    assert after.space == before.space
    assert before.me is not None
    assert after.me is not None
    assert after.me.id == before.me.id
    if damage != "empty":
        aside = [each for each in path.parent.iterdir() if each != path and each.read_bytes()[:999] == spoilt[:999]]
        assert aside, "the spoilt database is kept aside"
        assert aside[0].name in alone.run("daemon", "logs").must(0).out
    alone.run("end").must(0)


def test_a_corrupt_membership_is_said_with_its_mend_and_nothing_is_overwritten(alone: Machine) -> None:
    path = next(path for path in alone.home.rglob("membership*") if path.is_file())
    stop(alone)
    path.write_bytes(b"rubbish")
    refused = alone.run("start", "-m", "help")
    assert refused.exit in {1, 3, 8}
    assert "Traceback" not in refused.err
    assert path.name in refused.err
    up = alone.run("up", "Elsewhere", "--new")
    assert path.name in up.err
    kept = [each.read_bytes() for each in path.parent.iterdir() if each.is_file()]
    assert b"rubbish" in kept, "the spoilt file is not overwritten"


# --- The socket ------------------------------------------------------------------------------------
def test_a_home_too_deep_for_a_socket_works_all_the_same(machines: Machines) -> None:
    deep = machines.folder / ("deep" * 30) / ("deeper" * 20)
    machine = machines.add("ana", home=deep, env=LOG_ONLY)
    machine.run("up", "Floor", "--new").must(0)
    door = machine.ask(DaemonReply, "daemon", "status").socket
    assert len(door.encode()) <= 107
    machine.run("list").must(0)
    until(lambda: len(machine.processes()) == 1, "one daemon runs")


def test_without_a_runtime_folder_the_daemon_is_found_all_the_same(machines: Machines) -> None:
    machine = machines.add("ana", env=LOG_ONLY)
    del machine.env["XDG_RUNTIME_DIR"], machine.env["ESCALATE_HOME"]
    machine.mark = f"HOME={machine.folder / 'home'}"
    done = machine.run("up", "Floor", "--new").must(0)
    assert "warning" not in done.err.lower()
    status = machine.ask(DaemonReply, "daemon", "status")
    assert Path(status.socket).parent.stat().st_mode & 0o077 == 0
    machine.run("list").must(0)


def test_a_socket_taken_away_under_a_daemon_comes_back(alone: Machine) -> None:
    status = alone.ask(DaemonReply, "daemon", "status")
    Path(status.socket).unlink()
    until(lambda: alone.run("list", "--json").exit == 0, "the daemon is reached again")
    assert alone.daemon_pid() == status.pid
    until(lambda: len(alone.processes()) == 1, "one daemon runs")


def test_a_socket_left_by_a_dead_daemon_is_replaced(alone: Machine) -> None:
    alone.end_all()
    alone.run("list").must(0)
    until(lambda: len(alone.processes()) == 1, "one daemon runs")


# --- The network -----------------------------------------------------------------------------------
def test_a_taken_port_is_said_and_another_is_used(fresh: Machine) -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        fresh.run("config", "set", "daemon.port", str(taken)).must(0)
        fresh.run("up", "Floor", "--new").must(0)
        port = fresh.ask(DaemonReply, "daemon", "status").port
        assert port not in {None, 0, taken}
        assert str(taken) in fresh.run("daemon", "logs").must(0).out


def test_a_fixed_port_is_used(fresh: Machine) -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        free = holder.getsockname()[1]
    fresh.run("config", "set", "daemon.port", str(free)).must(0)
    fresh.run("up", "Floor", "--new").must(0)
    assert fresh.ask(DaemonReply, "daemon", "status").port == free


# --- Disks -----------------------------------------------------------------------------------------
@pytest.fixture
def on_small_disk(machines: Machines) -> Iterator[tuple[Machine, SmallDisk]]:
    """A machine whose home lies on a small disk."""
    need(why_unavailable())
    folder = machines.folder / "disk"
    with SmallDisk(folder) as disk:
        machine = machines.add("ana", disk.prefix, folder / "e", env=LOG_ONLY)
        yield machine, disk
        machine.end_all()


def test_a_full_disk_is_said_and_nothing_is_lost(on_small_disk: tuple[Machine, SmallDisk]) -> None:
    machine, disk = on_small_disk
    machine.run("up", "Floor", "--new").must(0)
    first = machine.ask(EscalationReply, "start", "-m", "first", exits=(5,)).escalation
    assert first is not None
    disk.fill()
    full = machine.run("start", "-n", "@team", "-m", "second", "--replace")
    assert "Traceback" not in full.err
    assert full.exit in {1, 5}
    assert any(word in said(full) for word in ("disk", "space left", "full"))
    machine.run("list").must(0)
    disk.free()
    machine.run("end").must(0)
    machine.run("start", "-m", "third").must(5)
    machine.signal_daemon(signal.SIGKILL)
    (kept,) = machine.ask(ListReply, "list").escalations
    assert kept.message == "third"


def test_a_disk_full_from_the_start_is_said(on_small_disk: tuple[Machine, SmallDisk]) -> None:
    machine, disk = on_small_disk
    disk.fill()
    said_so = machine.run("up", "Floor", "--new")
    assert said_so.exit in {0, 1, 3}
    assert "Traceback" not in said_so.err
    assert "space left" in said(said_so) or "full" in said(said_so)
    disk.free()
    machine.run("up", "Floor").must(0)
    machine.run("start", "-m", "help").must(5)


def test_a_read_only_home_is_said(on_small_disk: tuple[Machine, SmallDisk]) -> None:
    machine, disk = on_small_disk
    disk.read_only()
    said_so = machine.run("up", "Floor", "--new")
    assert said_so.exit in {0, 1, 3}
    assert "Traceback" not in said_so.err
    assert "read-only" in said(said_so)
    assert str(machine.home) in said(said_so)


def test_a_home_that_became_read_only_is_said_and_keeps_what_it_holds(
    on_small_disk: tuple[Machine, SmallDisk],
) -> None:
    machine, disk = on_small_disk
    machine.run("up", "Floor", "--new").must(0)
    machine.run("start", "-m", "first").must(5)
    stop(machine)
    disk.read_only()
    listed = machine.run("list").must(0)
    assert "first" in listed.out
    replaced = machine.run("start", "-m", "second", "-n", "@team", "--replace").must(5)
    assert "read-only" in said(replaced)
    assert "second" in machine.run("list").must(0).out
    machine.signal_daemon(signal.SIGKILL)
    disk.writable()
    assert machine.ask(StatusReply, "status").space is not None
    machine.run("end").must(0)
    assert machine.ask(ListReply, "list").escalations == []


def test_a_full_temporary_folder_stops_nothing(machines: Machines) -> None:
    need(why_unavailable())
    with SmallDisk(machines.folder / "tmp") as disk:
        disk.fill()
        machine = machines.add("ana", disk.prefix, env={**LOG_ONLY, "TMPDIR": str(disk.folder)})
        machine.run("up", "Floor", "--new").must(0)
        machine.run("start", "-m", "help").must(5)
        machine.end_all()


def test_a_database_that_is_none_of_ours_is_not_touched(alone: Machine) -> None:
    path = database(alone)
    stop(alone)
    path.unlink()
    other = sqlite3.connect(path)
    try:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("PRAGMA user_version = 12345")
        other.commit()
    finally:
        other.close()
    alone.run("list").must(0)
    kept = [each for each in path.parent.iterdir() if each.is_file() and b"theirs" in each.read_bytes()]
    assert kept
