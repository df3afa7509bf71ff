"""Whoever does not belong to the space changes nothing and is told nothing, and holds nobody up."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, InviteReply, Member, SpaceReply, WhoReply
from support import stranger
from support.machine import LOG_ONLY, Machine, Machines
from support.room import CALLER, SPACE, Room
from support.waiting import Figures, Stopwatch, until

pytestmark = pytest.mark.lan

SECRETS = (SPACE.encode(), CALLER.encode(), b"ana@", b"ben@")


@pytest.fixture
def outsider(together: Room) -> Iterator[Machine]:
    """A machine on the LAN that belongs to no space."""
    with Machines() as machines:
        yield machines.add("eve", together.lan.ports["eve"].prefix, env=LOG_ONLY)


def who(room: Room) -> list[Member]:
    """The members as ana sees them."""
    return sorted(room.ana.machine.ask(WhoReply, "who").members, key=lambda member: member.id)


def door(room: Room) -> tuple[str, str]:
    """Where ana's daemon listens."""
    port = room.ana.machine.run("daemon", "status", "--json").must().read(DaemonReply).port
    assert port is not None
    return room.lan.ports["ana"].address, str(port)


def strangers_argv(room: Room, what: str, *more: str) -> list[str]:
    """The command that tries something from eve's host."""
    return [*room.lan.ports["eve"].prefix, sys.executable, stranger.__file__, what, *door(room), *more]


@pytest.mark.parametrize("what", ["plain", "bare-tls", "other-space"])
def test_a_stranger_changes_nothing_and_is_told_nothing(together: Room, what: str) -> None:
    together.settle()
    hand = together.start(together.ana, "-m", CALLER)
    together.ben.until_sees(hand)
    before = who(together)
    tried = subprocess.run(strangers_argv(together, what), capture_output=True, text=True, check=True, timeout=60)
    told = stranger.Told(**json.loads(tried.stdout))
    if what == "plain":
        # A TLS alert (15 03 ...) names no application data.
        assert told.data == "" or (told.data.startswith("1503") and len(told.data) <= 14)
    else:
        assert told.data == ""
        certificate = bytes.fromhex(told.certificate)
        assert not any(word in certificate for word in SECRETS)
    assert who(together) == before
    assert together.ana.machine.sees(hand)


@contextmanager
def flooding(room: Room, count: int) -> Iterator[subprocess.Popen[str]]:
    """Keep so many strangers' connections open against ana for the while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    argv = strangers_argv(room, "flood", str(count))
    flood = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert flood.stdin is not None
    assert flood.stdout is not None
    try:
        assert flood.stdout.readline() == "ready\n"
        yield flood
    finally:
        flood.stdin.close()
        tried, told = flood.stdout.read().split()
        flood.stdout.close()
        flood.wait(20)
    assert int(tried) >= count
    assert told == "0", "strangers were told bytes"


def test_a_thousand_strangers_hold_nobody_up(together: Room, figures: Figures) -> None:
    together.settle()
    before = {member.id for member in who(together)}
    together.lan.more_addresses("eve", 20)
    with flooding(together, 1000):
        watch = Stopwatch()
        together.start(together.ana, "-m", CALLER, "--notify", "@team")
        rung = watch.until_event(together.ben.until_rung().time)
        figures.note("start to the ring under 1,000 strangers", rung, 2)
        together.ben.machine.run("daemon", "restart").must(0)
        back = Stopwatch()
        together.until_together()
        figures.note("a member's restart to all links, under 1,000 strangers", back.seconds())
        assert {member.id for member in who(together)} == before
        # The kernel hands over up to 128 at a time, each to be closed within the same turn of the loop.
        assert together.ana.machine.daemon_files() < 300
    assert rung < 2
    together.ana.machine.run("end").must(0)
    together.ben.until_no_popup()


def test_a_used_invite_learns_that_it_is_used_and_no_more(together: Room, outsider: Machine) -> None:
    together.settle()
    code = together.ana.machine.ask(InviteReply, "invite").code
    with Machines() as machines:
        guest = machines.add("gus", together.lan.ports["eve"].prefix, env=LOG_ONLY)
        guest.ask(SpaceReply, "join", code)
        guest.run("leave", "--forget").must(0)
    before = who(together)
    refused = outsider.run("join", code, "--json").must(8)
    assert '"invite-used"' in refused.err
    assert who(together) == before
    assert_learnt_nothing(outsider)


def test_an_expired_invite_learns_that_it_is_expired_and_no_more(together: Room, outsider: Machine) -> None:
    together.settle()
    invite = together.ana.machine.ask(InviteReply, "invite", "--for", "1s")
    before = who(together)
    until(lambda: datetime.now(UTC) > datetime.fromisoformat(invite.expires_at), "the invite has expired")
    refused = outsider.run("join", invite.code, "--json").must(8)
    assert '"invite-expired"' in refused.err
    assert who(together) == before
    assert_learnt_nothing(outsider)


def assert_learnt_nothing(machine: Machine) -> None:
    """The machine is in no space, and knows nothing of this one."""
    assert machine.ask(WhoReply, "who").space is None
    assert_keeps_nothing_of_this(machine)


def assert_keeps_nothing_of_this(machine: Machine) -> None:
    """Nothing of the space lies in the machine's files."""
    for path in Path(machine.home).rglob("*"):
        if path.is_file():
            kept = path.read_bytes()
            assert not any(word in kept for word in SECRETS), path


def test_where_multicast_is_silent_an_invite_works_with_its_host(together: Room, outsider: Machine) -> None:
    together.settle()
    together.lan.silence_multicast()
    code = together.ana.machine.ask(InviteReply, "invite").code
    refused = outsider.run("join", code, "--json").must(1)
    assert '"no-answer"' in refused.err
    outsider.ask(SpaceReply, "join", code, together.lan.ports["ana"].address + ":" + door(together)[1])
    until(lambda: outsider.online() == {"ana", "ben", "cyd", "eve"}, "eve sees everybody")
    hand = together.start(together.ben, "-m", CALLER)
    until(lambda: outsider.sees(hand), "eve sees ben's hand")
    outsider.run("leave", "--forget").must(0)


def test_a_member_of_another_space_sees_nothing_of_this_one(together: Room, outsider: Machine) -> None:
    together.settle()
    outsider.ask(SpaceReply, "up", "Elsewhere", "--new")
    hand = together.start(together.ana, "-m", CALLER, "--notify", "@everyone")
    together.ben.until_sees(hand)
    until(lambda: outsider.ask(WhoReply, "who").other_spaces >= 1, "it notices that others are near")
    assert outsider.escalations() == []
    assert {member.name for member in outsider.members()} == {"eve"}
    assert_keeps_nothing_of_this(outsider)
